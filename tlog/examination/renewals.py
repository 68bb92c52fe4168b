"""Renewals: new timestamps over old signatures, made before the old certificates or algorithms grow weak.

    renewal-<k>.txt    sha256sum list of `checkpoint`, every .tst, .crl, .ocsp and all parts of earlier renewals
    renewal-<k>.json   canonical {"hashes": [hex, …], "index": i, "size": n}: path of the leaf hash of that text
    renewal-<k>.tst    token over the 32 bytes of the root

What it is for: one token renews all checkpoints of the service at once; each package carries the path from its own list to
the root that was stamped.

What it does not do: decide when a renewal is due.

Source: formats of this project, A7; RFC 4998 section 5.2 (the idea), RFC 6962 section 2.1 (the tree).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tlog import checks
from tlog.canonical import parse_canonical
from tlog.digests import sha256
from tlog.errors import VerificationError
from tlog.examination.findings import Findings
from tlog.examination.manifest import parse_sums
from tlog.examination.stamps import StampJudge
from tlog.merkle import leaf_hash, root_of_path

_PART = re.compile(r"renewal-([0-9]+)\.(txt|tst|json)")
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")

ReadPart = Callable[[str], bytes]
"""Reads a file of the folder by its name."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The newest verified signatures over a folder: when they were made, and when the last certificate behind them ends."""

    at: datetime
    until: datetime


def examine_renewals(
    findings: Findings, folder: str, digests: Mapping[str, bytes], read: ReadPart, stamps: StampJudge, layer: Layer | None
) -> None:
    """Judge every renewal of a log folder, in order, and whether the newest signatures still hold.

    `digests` are the SHA-256 of the folder's files by name, `layer` its own verified tokens, None without one.
    """
    for number in sorted({int(match[1]) for match in map(_PART.fullmatch, digests) if match}):
        subject = f"renewal {number} of {folder}"
        when = _examine_renewal(findings, subject, number, digests, read, stamps)
        if when is not None and layer is not None:
            _examine_order(findings, subject, when, layer)
        layer = Layer(when, stamps.lasts_until(read(f"renewal-{number}.tst"))) if when is not None else None
    if layer is not None:
        _examine_end(findings, folder, layer, stamps)


def _examine_end(findings: Findings, folder: str, layer: Layer, stamps: StampJudge) -> None:
    """Note that the newest signatures have lapsed: a key whose certificate has ended is watched by nobody.

    Whoever finds such a key later could make tokens of any earlier time, so a package has to hold what renewed them until it
    was made. What ended since then is no fault of the package, and it verifies for ever; a newer one carries the renewal.
    """
    ended = f"the certificates behind its newest timestamp ended on {layer.until:%Y-%m-%d}"
    if layer.until < stamps.made_at:
        findings.skipped(checks.RENEWALS, folder, f"{ended}, before this package was made, and nothing renewed it")
    elif stamps.now is not None and layer.until < stamps.now:
        findings.skipped(checks.RENEWALS, folder, f"{ended}, after this package was made: a new package carries a renewal", required=False)


def _examine_order(findings: Findings, subject: str, when: datetime, older: Layer) -> None:
    if when < older.at:
        findings.failed(checks.RENEWALS, subject, "it is older than what it renews")
    elif when > older.until:
        findings.skipped(
            checks.RENEWALS, subject, f"it came after the certificates behind what it renews had ended, on {older.until:%Y-%m-%d}")


def _examine_renewal(
    findings: Findings, subject: str, number: int, digests: Mapping[str, bytes], read: ReadPart, stamps: StampJudge
) -> datetime | None:
    root = findings.attempt(checks.RENEWALS, f"{subject}: list and path", lambda: verify_list(number, digests, read))
    if root is None:
        return None
    return stamps.examine(checks.RENEWALS, f"{subject}: token", read(f"renewal-{number}.tst"), sha256(root))


def verify_list(number: int, digests: Mapping[str, bytes], read: ReadPart) -> bytes:
    """Check what renewal `number` lists, and follow its path; returns the root (32 bytes) that its token has to stamp.

    Raises:
        VerificationError: a part of this or an earlier renewal is missing, the list is not exactly what is older, a digest
            differs, or the path is malformed.
    """
    parts = {f"renewal-{k}.{end}" for k in range(1, number + 1) for end in ("txt", "tst", "json")} if number <= len(digests) else None
    if parts is None or not parts <= digests.keys():
        raise VerificationError("a renewal or a part of it is missing")
    text = read(f"renewal-{number}.txt")
    listed = parse_sums(text)
    # SPEC: the list is of `checkpoint`, every .tst, .crl, .ocsp and earlier renewal in that folder.
    older = {name for name in digests if name != "checkpoint.txt" and _renewal_of(name) < number}
    if listed.keys() != older:
        raise VerificationError(f"it does not list exactly what is older: {sorted(listed.keys() ^ older)[:3]}")
    if changed := [name for name, digest in listed.items() if digests[name] != digest]:
        raise VerificationError(f"the digest differs: {sorted(changed)[:3]}")
    index, size, hashes = _parse_path(read(f"renewal-{number}.json"))
    return root_of_path(index, size, leaf_hash(text), hashes)


def _renewal_of(name: str) -> int:
    """Return the number of the renewal that a file is part of, 0 for none."""
    match = _PART.fullmatch(name)
    return int(match[1]) if match else 0


def _parse_path(data: bytes) -> tuple[int, int, list[bytes]]:
    path = parse_canonical(data)
    if not isinstance(path, dict) or path.keys() != {"index", "size", "hashes"}:
        raise VerificationError("the path has not the fields index, size and hashes")
    index, size, hashes = path["index"], path["size"], path["hashes"]
    if type(index) is not int or type(size) is not int or not isinstance(hashes, list):
        raise VerificationError("the path's index or size is no number, or its hashes are no list")
    if not all(isinstance(text, str) and _HEX_DIGEST.fullmatch(text) for text in hashes):
        raise VerificationError("a hash of the path is not 64 hex digits")
    return index, size, [bytes.fromhex(text) for text in hashes if isinstance(text, str)]
