"""The log folders `log/<n>/`: one published checkpoint each, its signatures and its timestamps.

What it is for: a record is as old as the earliest verified timestamp of a checkpoint that contains it. Each folder is
judged by the policy that was in force at that time, so that a key that was replaced later neither spoils old evidence nor
signs new checkpoints into the past.

What it does not do: connect records with checkpoints (`records`).

Source: formats of this project, A5 to A7; C2SP tlog-checkpoint, tlog-cosignature, tlog-policy.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from tlog import checks
from tlog.checkpoint import Checkpoint, parse_checkpoint
from tlog.digests import sha256
from tlog.errors import VerificationError
from tlog.examination.container import TSA
from tlog.examination.findings import Findings
from tlog.examination.renewals import Layer, examine_renewals
from tlog.examination.stamps import StampJudge, verify_not_before
from tlog.note import Note, open_note
from tlog.policy import NO_QUORUM, Policy

_TOKEN = re.compile(rf"({TSA})\.tst")
_REVOCATION = re.compile(rf"({TSA})\.(crl|ocsp)")


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """A log folder as it stands in the package: SHA-256 by file name, and a reader of its files."""

    number: int
    digests: Mapping[str, bytes]
    read: Callable[[str], bytes]

    @property
    def title(self) -> str:
        """The folder's path."""
        return f"log/{self.number}"


@dataclass(frozen=True, slots=True)
class Folder:
    """A judged folder: the checkpoint and its policy when signature and text held, and every verified time of its tokens.

    `note_sha256` and `text_sha256` are the digests of `checkpoint` and `checkpoint.txt`; `cosigned_s` is the earliest
    cosignature in POSIX seconds, None without any.
    """

    number: int
    note_sha256: bytes
    text_sha256: bytes
    policy: Policy | None
    checkpoint: Checkpoint | None
    stamped_at: tuple[datetime, ...]
    cosigned_s: int | None


class FolderIndex:
    """The judged folders, found by what records need of them."""

    def __init__(self, folders: Sequence[Folder]) -> None:
        self._by_text = {folder.text_sha256: folder for folder in reversed(folders)}
        stamped: dict[str, dict[int, int]] = {}
        for folder in folders:
            if folder.checkpoint is not None and folder.stamped_at:
                stamped.setdefault(folder.checkpoint.origin, {}).setdefault(folder.checkpoint.size, folder.number)
        self._stamped = {origin: sorted(sizes.items()) for origin, sizes in stamped.items()}

    def carrying(self, text: bytes) -> Folder | None:
        """Return the first folder whose checkpoint has this text."""
        return self._by_text.get(sha256(text))

    def first_stamped(self, origin: str, index: int) -> tuple[int, int] | None:
        """Return size and number of the smallest stamped checkpoint that covers entry `index`, None when there is none."""
        stamped = self._stamped.get(origin, [])
        at = bisect_right(stamped, index, key=lambda pair: pair[0])
        return stamped[at] if at < len(stamped) else None


def examine_folder(findings: Findings, files: FolderFiles, stamps: StampJudge, *, excused: bool) -> Folder:
    """Judge one folder that has `checkpoint` and `checkpoint.txt`; `excused` tells whether a row explains a missing token."""
    note, text = files.read("checkpoint"), files.read("checkpoint.txt")
    layers = _examine_tokens(findings, files, stamps, excused=excused)
    stamped_at = tuple(layer.at for layer in layers)
    # SPEC: the policy in force at the earliest *verified* genTime; without a verified token, policy.txt only.
    policy = stamps.trust.policy_at(min(stamped_at, default=None))
    opened = None
    if policy is None:
        findings.skipped(checks.POLICY, files.title, "no policy.txt among the trust files")
    else:
        findings.passed(checks.POLICY, files.title, f"quorum {policy.quorum}")
        opened = findings.attempt(checks.CHECKPOINT_SIGNATURE, files.title, lambda: verify_checkpoint(note, text, policy), _tell_size)
        if opened is not None:
            examine_quorum(findings, files.title, policy, opened)
    cosigned_s = min((s.timestamp for s in opened.signatures if s.timestamp is not None), default=None) if opened else None
    findings.attempt(checks.TIMESTAMPS, f"{files.title}: not before the cosignatures", lambda: verify_not_before(stamped_at, cosigned_s))
    # One token that lasts protects what stands beside it: a renewal lists them all.
    newest = Layer(max(stamped_at), max(layer.until for layer in layers)) if layers else None
    examine_renewals(findings, files.title, files.digests, files.read, stamps, newest)
    checkpoint = parse_checkpoint(opened.text) if opened else None
    return Folder(
        files.number, files.digests["checkpoint"], files.digests["checkpoint.txt"], policy, checkpoint, stamped_at, cosigned_s
    )


def verify_checkpoint(note: bytes, text: bytes, policy: Policy) -> Note:
    """Return the note opened with the policy's keys, signed by a log key of the policy, whose text is `text`.

    Raises:
        VerificationError: a known signature fails, none is the log's, the text is another one or no checkpoint.
    """
    opened = open_note(note, policy.verifiers)
    # SPEC: checkpoint.txt is the note's text: the bytes that are stamped are the bytes that are signed.
    if opened.text.encode() != text:
        raise VerificationError("the signed text is not that of checkpoint.txt")
    policy.verify_log(opened.signatures)
    parse_checkpoint(opened.text)
    return opened


def examine_quorum(findings: Findings, subject: str, policy: Policy, opened: Note) -> None:
    """Judge whether enough witnesses cosigned."""
    if policy.quorum == NO_QUORUM:
        # SPEC: quorum none: witness quorum is "not checked", not required.
        findings.skipped(checks.WITNESS_QUORUM, subject, "the policy says quorum none", required=False)
    else:
        findings.attempt(
            checks.WITNESS_QUORUM, subject, lambda: policy.verify_quorum(opened.signatures),
            lambda cosigned: f"cosigned by {', '.join(witness.name for witness in cosigned)}",
        )  # fmt: skip


def verify_ascending(numbers: Sequence[int], folders: Sequence[Folder]) -> int:
    """Check that the folders that are here have the `numbers` 1 to n, and ascend by origin and size; returns n.

    Raises:
        VerificationError: a gap in the numbers, or another order.
    """
    if list(numbers) != list(range(1, len(numbers) + 1)):
        raise VerificationError(f"log/ holds {list(numbers)[:5]}, not 1 to {len(numbers)}")
    order = [(point.origin.encode(), point.size) for point in (folder.checkpoint for folder in folders) if point is not None]
    if any(one >= two for one, two in pairwise(order)):
        raise VerificationError("the folders do not ascend by origin and size")
    return len(numbers)


def _examine_tokens(findings: Findings, files: FolderFiles, stamps: StampJudge, *, excused: bool) -> list[Layer]:
    """Judge every token with what was archived beside it; returns when the verified ones were made and how long they last."""
    tokens = sorted(match[1] for match in map(_TOKEN.fullmatch, files.digests) if match)
    found: list[Layer] = []
    for tsa in tokens:
        archived = {end: [files.read(f"{tsa}.{end}")] if f"{tsa}.{end}" in files.digests else [] for end in ("crl", "ocsp")}
        token = files.read(f"{tsa}.tst")
        when = stamps.examine(
            checks.TIMESTAMPS, f"{files.title}/{tsa}.tst", token, files.digests["checkpoint.txt"],
            crls=archived["crl"], answers=archived["ocsp"],
        )  # fmt: skip
        if when is not None:
            found.append(Layer(when, stamps.lasts_until(token)))
    for match in filter(None, map(_REVOCATION.fullmatch, sorted(files.digests))):
        if match[1] not in tokens:
            findings.failed(checks.TIMESTAMPS, f"{files.title}/{match[0]}", "it belongs to no token")
    if not tokens and excused:
        # SPEC: a stamped checkpoint is required (published but unstamped: exit 3).
        findings.skipped(checks.TIMESTAMPS, files.title, "published, but not stamped")
    elif not tokens:
        findings.failed(checks.TIMESTAMPS, files.title, f"not stamped, and exceptions.csv has no row {files.title}/<tsa>.tst")
    return found


def _tell_size(opened: Note) -> str:
    return f"size {parse_checkpoint(opened.text).size}"
