"""The statement (证据声明): what a record says to everyone who has its number.

What it is for: canonical JSON that names the record, the moment of receipt and, for each claim, two salted digests:

    {"type": "cunzheng/deposit/v1", "record": "CZ-20261123-4K7QM-X2R9D-0", "received_at": "2026-11-23T08:00:00.123Z",
     "claims": [{"name": "case", "sha256": "<hex>", "sm3": "<hex>"}, …]}

(written without white space and with sorted names, as RFC 8785 asks). It holds nothing that can be guessed, so it may be
shared, and it stays when claims are erased. The log entry (`tlog.entry`) commits to its bytes.

What it does not do: check claims (`tlog.claims.verify_claim`) or the entry (`tlog.entry.verify_entry`).

Source: formats of this project, A1 and A4.

>>> digests = [ClaimDigest(name, "00" * 32, "11" * 32) for name in ("subject", "case", "depositor", "provenance", "files/1")]
>>> data = format_statement(
...     kind="deposit", record="CZ-20261123-4K7QM-X2R9D-0", received_at="2026-11-23T08:00:00.123Z", claims=digests)
>>> statement = parse_statement(data, record="CZ-20261123-4K7QM-X2R9D-0")
>>> statement.kind, [claim.name for claim in statement.claims]
('deposit', ['case', 'depositor', 'files/1', 'provenance', 'subject'])
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from tlog.canonical import Json, parse_canonical
from tlog.claims import CLAIM_NAME, MAX_FILES, Claim, ClaimDigest, claim_order
from tlog.entry import KINDS
from tlog.errors import VerificationError
from tlog.record_number import verify_record_number
from tlog.times import date_in_china, parse_time

_TYPE = re.compile(r"cunzheng/([a-z]+)/v1")
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that keeps every rule of A1: its kind, record number, moment of receipt (aware, UTC), and claims in order."""

    kind: str
    record: str
    received_at: datetime
    claims: tuple[ClaimDigest, ...]


# Few: a thousand such tuples would be tens of megabytes, at the wish of whoever sends statements.
@lru_cache(maxsize=16)
def deposit_claim_names(files: int) -> tuple[str, ...]:
    """Return the names of a deposit's claims in the order of its statement, for 1 ≤ files ≤ `MAX_FILES`.

    Raises:
        ValueError: a number of files outside that range.
    """
    if not 1 <= files <= MAX_FILES:
        raise ValueError(f"a deposit has 1 to {MAX_FILES} files")
    return ("case", "depositor", *(f"files/{n}" for n in range(1, files + 1)), "provenance", "subject")


def format_statement(*, kind: str, record: str, received_at: str, claims: Sequence[Claim | ClaimDigest]) -> bytes:
    """Return the bytes of a statement; `claims` may come in any order, `received_at` as `tlog.times.format_time` writes it.

    Raises:
        ValueError: a kind, record number, time, name or digest that `parse_statement` would refuse.
    """
    in_order = sorted(claims, key=lambda claim: _known_order(claim.name))
    ordered = [claim.digests() if isinstance(claim, Claim) else claim for claim in in_order]
    try:
        _check(kind, record, received_at, tuple([claim.name for claim in ordered]))
        _check_digests([claim for claim in claims if isinstance(claim, ClaimDigest)])
    except VerificationError as fault:
        raise ValueError(f"format_statement: {fault}") from None
    # Every part is checked against an alphabet that needs no escape, so the canonical form can be written down directly.
    rows = ",".join([f'{{"name":"{claim.name}","sha256":"{claim.sha256}","sm3":"{claim.sm3}"}}' for claim in ordered])
    text = f'{{"claims":[{rows}],"received_at":"{received_at}","record":"{record}","type":"cunzheng/{kind}/v1"}}'
    return text.encode("ascii")


# The caller's own names, few and short; a stranger's names do not come here.
_known_order = lru_cache(maxsize=64)(claim_order)


def parse_statement(data: bytes, record: str | None = None) -> Statement:
    """Return the statement that `data` is; `record` is the number that it must have, None when any will do.

    Raises:
        VerificationError: not canonical JSON, other fields, an unknown type, another record, a date in the number that is
            not that of `received_at` in China, or claims that are missing, unordered, twice there or not A1's.
    """
    value = _fields(parse_canonical(data), "claims", "received_at", "record", "type")
    if not (match := _TYPE.fullmatch(_text(value["type"]))):
        raise VerificationError("the statement's type is not cunzheng/<kind>/v1")
    claims = value["claims"]
    if not isinstance(claims, list):
        raise VerificationError("the statement's claims are not a list")
    rows = [_fields(claim, "name", "sha256", "sm3") for claim in claims]
    digests = [ClaimDigest(_text(row["name"]), _text(row["sha256"]), _text(row["sm3"])) for row in rows]
    number = _text(value["record"])
    if record is not None and number != record:
        raise VerificationError("the statement is of another record")
    received_at = _check(match[1], number, _text(value["received_at"]), tuple([claim.name for claim in digests]))
    _check_digests(digests)
    return Statement(match[1], number, received_at, tuple(digests))


def _fields(value: Json, *names: str) -> dict[str, Json]:
    if not isinstance(value, dict) or value.keys() != set(names):
        raise VerificationError(f"not an object with the fields {', '.join(names)}")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise VerificationError("a text is missing in the statement")
    return value


def _check(kind: str, record: str, received_at: str, names: tuple[str, ...]) -> datetime:
    """Check all that reader and writer have to check, and return the moment of receipt."""
    if kind not in KINDS:
        raise VerificationError(f"no kind of record: {kind[:24]!r}")
    verify_record_number(record)
    moment, day = _moment_and_day(received_at)
    # SPEC: A4, the number's date is that of received_at in Asia/Shanghai. Otherwise one number could be put to two days.
    if record[3:11] != day:
        raise VerificationError("the record number's date is not that of received_at in China")
    _check_names(kind, names)
    return moment


def _check_digests(claims: Sequence[ClaimDigest]) -> None:
    for claim in claims:
        if not _HEX_DIGEST.fullmatch(claim.sha256) or not _HEX_DIGEST.fullmatch(claim.sm3):
            raise VerificationError(f"claim {claim.name}: a digest is not 64 lower-case hex digits")


# All records of a batch were received at one moment. Failures are not kept, so nothing but times fills the cache.
@lru_cache(maxsize=16)
def _moment_and_day(received_at: str) -> tuple[datetime, str]:
    moment = parse_time(received_at)
    try:
        return moment, date_in_china(moment)
    except ValueError:
        raise VerificationError("received_at is beyond the calendar in China") from None


def _check_names(kind: str, names: tuple[str, ...]) -> None:
    if kind == "deposit":
        # SPEC: exactly these claims, files numbered without a gap, in this order, none twice: one comparison says it all.
        files = len(names) - 4
        if not 1 <= files <= MAX_FILES or names != deposit_claim_names(files):
            raise VerificationError(f"a deposit's claims are case, depositor, files/1 to files/n (n ≤ {MAX_FILES}), provenance and subject")
        return
    if not names or not all(map(CLAIM_NAME.fullmatch, names)):
        raise VerificationError("a statement without claims, or with a name that no claim can have")
    order = [claim_order(name) for name in names]
    if order != sorted(set(order)):
        raise VerificationError("the statement's claims are not sorted by name, or one is there twice")
