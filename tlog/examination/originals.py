"""The original files: each is the one that its record's claim describes, and each one that is here belongs to a claim.

What it is for: the claim `files/n` states size, SHA-256 and SM3 of a file. A file is found by what it is, not by its name,
because names in a package are made safe for file systems. What is absent needs its row in exceptions.csv, and stays an
open question unless it is given separately (`--file`) or was withheld or erased.

What it does not do: read files; their digests were made in one pass over the archive.

Source: formats of this project, A1 (`files/n`), A5, A6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tlog import checks
from tlog.canonical import Json
from tlog.errors import VerificationError
from tlog.examination.exceptions import Exemption
from tlog.examination.findings import Findings
from tlog.examination.manifest import Digest

SETTLED = ("withheld", "erased")
"""Reasons that make an absent original no open question: it was decided not to show it, or lawfully destroyed."""


@dataclass(frozen=True, slots=True)
class FileClaim:
    """What a disclosed claim `files/n` says of its file; `sm3` is None where the depositor did not state it."""

    name: str
    size_bytes: int
    sha256: bytes
    sm3: bytes | None


def file_claim_from(value: Json) -> FileClaim:
    """Return what a verified claim `files/n` says."""
    assert isinstance(value, dict)
    name, size, sha256, sm3 = value["name"], value["size_bytes"], value["sha256"], value["sm3"]
    assert isinstance(name, str)
    assert type(size) is int
    assert isinstance(sha256, str)
    assert sm3 is None or isinstance(sm3, str)
    return FileClaim(name, size, bytes.fromhex(sha256), None if sm3 is None else bytes.fromhex(sm3))


@dataclass(frozen=True, slots=True)
class Held:
    """Equal files: their names, their SM3 digests (one, unless SHA-256 is broken), and whether one is in the package."""

    names: tuple[str, ...]
    sm3: frozenset[bytes | None]
    inside: bool


class Holdings:
    """The files at hand by digest and size: those inside the package, and those given separately."""

    def __init__(self, inside: Mapping[str, Digest], given: Mapping[str, Digest]) -> None:
        found: dict[tuple[bytes, int], list[tuple[str, Digest]]] = {}
        for name, digest in (*inside.items(), *given.items()):
            found.setdefault((digest.sha256, digest.size_bytes), []).append((name, digest))
        self._held = {key: _held(files, inside) for key, files in found.items()}
        self._claimed: set[tuple[bytes, int]] = set()

    def find(self, claim: FileClaim) -> Held | None:
        """Return the files that a claim describes, which thereby belong to a statement; None when there is none."""
        key = (claim.sha256, claim.size_bytes)
        self._claimed.add(key)
        return self._held.get(key)

    @property
    def count(self) -> int:
        """How many files are at hand."""
        return sum(len(held.names) for held in self._held.values())

    def unclaimed(self) -> list[str]:
        """Return the files that no claim described."""
        return sorted(name for key, held in self._held.items() if key not in self._claimed for name in held.names)


def _held(files: Sequence[tuple[str, Digest]], inside: Mapping[str, Digest]) -> Held:
    names = tuple(name for name, _ in files)
    return Held(names, frozenset(digest.sm3 for _, digest in files), any(name in inside for name in names))


def examine_originals(
    findings: Findings, record: str, claims: Sequence[FileClaim], hidden: int, rows: Sequence[Exemption], holdings: Holdings
) -> None:
    """Judge the originals of one record.

    `rows` are those of exceptions.csv about originals of this record; `hidden` is how many file claims are not disclosed:
    only so many rows may speak of files that no disclosed claim names.
    """
    left = list(rows)
    for claim in claims:
        subject = f"{record}: {claim.name}"
        held = holdings.find(claim)
        if held is not None and claim.sm3 is not None and held.sm3 != {claim.sm3}:
            findings.failed(checks.ORIGINALS, subject, "SM3 differs from the claim's, though SHA-256 does not")
        elif held is not None and held.inside:
            findings.passed(checks.ORIGINALS, subject, f"{claim.size_bytes} bytes, as deposited")
        elif not left:
            findings.failed(checks.ORIGINALS, subject, "missing, and exceptions.csv has no row for it")
        else:
            row = next((row for row in left if row.item.rpartition("/")[2] == claim.name), left[0])
            left.remove(row)
            _note_absence(findings, subject, row, given=held is not None)
    if len(left) > hidden:
        findings.failed(checks.ORIGINALS, record, f"exceptions.csv excuses {left[0].item[:80]!r}, and nothing of that kind is missing")


def _note_absence(findings: Findings, subject: str, row: Exemption, *, given: bool) -> None:
    if given:
        findings.passed(checks.ORIGINALS, subject, f"not in the package ({row.reason}), given separately, as deposited")
    else:
        # SPEC: an absent original is "not checked", required, unless its row says withheld or erased.
        findings.skipped(checks.ORIGINALS, subject, f"not in the package: {row.reason}", required=row.reason not in SETTLED)


def verify_none_foreign(holdings: Holdings) -> int:
    """Check that every file at hand belongs to a claim; returns how many belong to one.

    Raises:
        VerificationError: a file in `evidence/`, or one given, that no disclosed claim describes.
    """
    if foreign := holdings.unclaimed():
        raise VerificationError(f"no statement here names {', '.join(repr(name[:80]) for name in foreign[:3])}")
    return holdings.count
