"""`custody.json`: who did what with a record, told by the service, each row chained to the one before by its digest.

    [{"actor": "system", "at": "2026-11-23T08:00:00.123Z", "digest": "<hex>", "event": "evidence:ingested",
      "organisation": "org_1", "previous": null, "purpose": null, "sequence": 1}, …]

What it is for: rows cannot be dropped, changed or reordered unnoticed by someone who saw the last digest.

A package may hold a statement of kind `custody` beside its records. Each of its claims, `head_01` to `head_64`, tells of one trail
`{"digest": "<hex>", "record": "CZ-…", "sequence": 4}`, and its entry is in the log: the trail's rows up to that one can be changed no
more, and none of them can be left away. A trail that has another row there, or ends before it, is refused.

What it does not do: prove that the rows are true, or that none is missing at the end. Rows after the one in the log, and all of
them where there is none, are the service's own account, and the report says so.

Source: formats of this project, A5 and A6.

>>> digest = row_digest({"sequence": 1, "at": "2026-11-23T08:00:00.123Z", "event": "evidence:ingested", "actor": "system",
...                      "organisation": "org_1", "purpose": None, "previous": None})
>>> digest[:16]
'10214b68358db3df'
"""

import re
from collections.abc import Mapping

from tlog.canonical import Json, canonical_json, parse_canonical
from tlog.digests import sha256
from tlog.errors import VerificationError
from tlog.times import parse_time

ACCOUNT = "the service's own account, not in the log"

HEAD = re.compile("head_[0-9]{2}")
"""Names of the claims that tell of trails; a statement of kind `custody` may have others."""

_FIELDS = frozenset({"sequence", "at", "event", "actor", "organisation", "purpose", "previous", "digest"})
_OPAQUE_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_EVENT = re.compile(r"[a-z0-9_.-]+:[a-z0-9_.-]+")


def row_digest(row: Mapping[str, object]) -> str:
    """Return the digest of a row, 64 hex digits: SHA-256 of its canonical JSON without the field `digest`.

    Raises:
        ValueError: a value that canonical JSON cannot hold.
    """
    return sha256(canonical_json({name: value for name, value in row.items() if name != "digest"})).hex()


def verify_custody(data: bytes) -> tuple[str, ...]:
    """Check a custody chain; returns the digests of its rows, hex, of which there is at least one.

    Raises:
        VerificationError: not canonical JSON, no row, a malformed row, or a broken chain.
    """
    rows = parse_canonical(data)
    # SPEC: never empty: ingestion is the first row.
    if not isinstance(rows, list) or not rows:
        raise VerificationError("not a list of at least one row")
    digests: list[str] = []
    for number, row in enumerate(rows, 1):
        digests.append(_verify_row(number, row, digests[-1] if digests else None))
    return tuple(digests)


def verify_head(claim: Json, trails: Mapping[str, tuple[str, ...]]) -> tuple[str, int]:
    """Check a claim of a custody statement against the trails of the package, digests by record; returns the record and the row's number.

    Raises:
        VerificationError: other fields, a record that is not here, or a trail that has another row in that place, or none.
    """
    if not isinstance(claim, dict) or claim.keys() != {"record", "sequence", "digest"}:
        raise VerificationError("not the fields of a trail's head")
    record, sequence, digest = claim["record"], claim["sequence"], claim["digest"]
    if not isinstance(record, str) or type(sequence) is not int or sequence < 1 or not isinstance(digest, str):
        raise VerificationError("a field of a trail's head is not as it should be")
    trail = trails.get(record)
    if trail is None:
        raise VerificationError(f"it tells of {record[:40]!r}, of which there is no sound trail here")
    if sequence > len(trail):
        raise VerificationError(f"{record}: the trail ends at row {len(trail)}, and row {sequence} of it is in the log")
    if trail[sequence - 1] != digest:
        raise VerificationError(f"{record}: row {sequence} is not the one that is in the log")
    return record, sequence


def tell_trail(rows: int, logged: tuple[int, str] | None) -> str:
    """Return what the report says of a sound trail; `logged` is the number of its last row in the log and the statement that shows it."""
    if logged is None:
        return f"{rows} rows; {ACCOUNT}"
    until, statement = logged
    rest = "" if until == rows else f"; the rest is {ACCOUNT}"
    return f"{rows} rows; rows 1 to {until} are in the log by {statement}{rest}"


def _verify_row(number: int, row: Json, previous: str | None) -> str:
    """Check row `number` (from 1) after one with the digest `previous`; returns its own digest."""
    if not isinstance(row, dict) or row.keys() != _FIELDS:
        raise VerificationError(f"row {number}: not the fields of a custody row")
    if type(row["sequence"]) is not int or row["sequence"] != number:
        raise VerificationError(f"row {number}: its sequence is another number")
    parse_time(_matching(row["at"], re.compile(".*"), f"row {number}: at"))
    _matching(row["event"], _EVENT, f"row {number}: event is not subject:action")
    _matching(row["actor"], _OPAQUE_ID, f"row {number}: actor")
    _matching(row["organisation"], _OPAQUE_ID, f"row {number}: organisation")
    if row["purpose"] is not None and not isinstance(row["purpose"], str):
        raise VerificationError(f"row {number}: purpose is neither a text nor null")
    # SPEC: previous is the digest of row n-1, null for the first.
    if row["previous"] != previous:
        raise VerificationError(f"row {number}: previous is not the digest of the row before")
    digest = row_digest(row)
    if row["digest"] != digest:
        raise VerificationError(f"row {number}: the digest is not that of the row")
    return digest


def _matching(value: Json, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise VerificationError(what)
    return value
