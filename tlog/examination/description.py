"""`package.json`: what a package says it holds, and in which order.

    {"made_at": "2026-11-23T08:00:00.123Z", "records": ["CZ-20261123-4K7QM-X2R9D-0"], "scope": "record",
     "type": "cunzheng/package/v1"}

What it is for: the list of records makes a removed record visible, the scope says what the package promises: one record,
a selection, or a whole case (`case`).

What it does not do: judge the records themselves.

Source: formats of this project, A5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tlog.canonical import parse_canonical
from tlog.errors import VerificationError
from tlog.examination.case import Link
from tlog.record_number import verify_record_number
from tlog.times import parse_time

Scope = Literal["record", "case", "selection"]
_SCOPES: Mapping[object, Scope] = {"record": "record", "case": "case", "selection": "selection"}


@dataclass(frozen=True, slots=True)
class Description:
    """The contents of `package.json`; `records` are record numbers in the package's order, `made_at` is aware, UTC."""

    scope: Scope
    records: tuple[str, ...]
    made_at: datetime


def parse_description(data: bytes) -> Description:
    """Return what `package.json` says.

    Raises:
        VerificationError: not canonical JSON, other fields, another type or scope, a number that is none or is there twice.
    """
    value = parse_canonical(data)
    if not isinstance(value, dict) or value.keys() != {"type", "scope", "records", "made_at"} or value["type"] != "cunzheng/package/v1":
        raise VerificationError("not a cunzheng/package/v1")
    scope, listed, made_at = value["scope"], value["records"], value["made_at"]
    if not isinstance(scope, str) or scope not in _SCOPES or not isinstance(made_at, str):
        raise VerificationError("the scope is not record, case or selection, or made_at is no time")
    if not isinstance(listed, list) or not listed:
        raise VerificationError("a package without records")
    records = tuple(verify_record_number(number) for number in listed if isinstance(number, str))
    if len(records) != len(listed) or len(set(records)) != len(records):
        raise VerificationError("a record is listed twice, or is no record number")
    # SPEC: scope record is one record.
    if scope == "record" and len(records) != 1:
        raise VerificationError(f"scope record with {len(records)} records")
    return Description(_SCOPES[scope], records, parse_time(made_at))


def verify_records(description: Description, present: Sequence[str], links: Mapping[str, Link]) -> Sequence[str]:
    """Check that the records listed are those that are here, in order; returns them.

    `present` are the records of the folders, sorted; `links` the case claims that are disclosed, by record.

    Raises:
        VerificationError: a record is missing or was added, or the order is neither that of the numbers nor of one case.
    """
    listed = description.records
    if sorted(listed) != sorted(present):
        raise VerificationError(f"package.json and the folders differ: {sorted(set(listed) ^ set(present))[:3]}")
    # SPEC: "records in order": of their numbers, or of their places in one case.
    places = [links[record].sequence for record in listed if record in links]
    if list(listed) != sorted(listed) and (len({link.ref for link in links.values()}) != 1 or places != sorted(places)):
        raise VerificationError("the records are not in order")
    return listed
