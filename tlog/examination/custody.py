"""`custody.json`: who did what with a record, told by the service, each row chained to the one before by its digest.

    [{"actor": "system", "at": "2026-11-23T08:00:00.123Z", "digest": "<hex>", "event": "evidence:ingested",
      "organisation": "org_1", "previous": null, "purpose": null, "sequence": 1}, …]

What it is for: rows cannot be dropped, changed or reordered unnoticed by someone who saw the last digest.

What it does not do: prove that the rows are true or that none is missing at the end. Until its head stands in the log as a
`custody` entry, the chain is the service's own account, and the report says so.

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

_FIELDS = frozenset({"sequence", "at", "event", "actor", "organisation", "purpose", "previous", "digest"})
_OPAQUE_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_EVENT = re.compile(r"[a-z0-9_.-]+:[a-z0-9_.-]+")


def row_digest(row: Mapping[str, object]) -> str:
    """Return the digest of a row, 64 hex digits: SHA-256 of its canonical JSON without the field `digest`.

    Raises:
        ValueError: a value that canonical JSON cannot hold.
    """
    return sha256(canonical_json({name: value for name, value in row.items() if name != "digest"})).hex()


def verify_custody(data: bytes) -> int:
    """Check a custody chain; returns the number of its rows.

    Raises:
        VerificationError: not canonical JSON, no row, a malformed row, or a broken chain.
    """
    rows = parse_canonical(data)
    # SPEC: never empty: ingestion is the first row.
    if not isinstance(rows, list) or not rows:
        raise VerificationError("not a list of at least one row")
    previous: str | None = None
    for number, row in enumerate(rows, 1):
        previous = _verify_row(number, row, previous)
    return len(rows)


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
