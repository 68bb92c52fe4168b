"""Where in a request a value breaks the rules of A1: every fault with its JSON pointer, so that a batch is mended in one go.

Faults of shape, which are met before a value can be judged, are found by `evidence.api.payloads`; a batch that has both is told both.
"""
from collections.abc import Sequence

from evidence.capture import DepositItem
from evidence.drafts import file_value, provenance_value, subject_value
from evidence.errors import InvalidRecord, InvalidRecords
from tlog.canonical import IllegalValue
from tlog.claims import encode_claim

LISTED = 100


def check_items(items: Sequence[DepositItem], *, batch: bool) -> None:
    """Raise InvalidRecord, or InvalidRecords for a batch, naming each faulty claim (the first 100)."""
    found: list[tuple[str, str]] = []
    records = set()
    for number, item in enumerate(items):
        base = f"/records/{number}" if batch else ""
        for pointer, reason in item_faults(item):
            found.append((base + pointer, reason))
            records.add(number)
    if found and batch:
        raise InvalidRecords(faults=found[:LISTED], count=len(records))
    if found:
        raise InvalidRecord(pointer=found[0][0], reason=found[0][1])


def item_faults(item: DepositItem) -> list[tuple[str, str]]:
    """(JSON pointer within the record, reason) of each claim that cannot be made."""
    claims = [("/subject", "subject", subject_value(item)), ("/provenance", "provenance", provenance_value(item))]
    claims += [(f"/files/{n}", f"files/{n + 1}", file_value(file)) for n, file in enumerate(item.files)]
    faults = []
    for pointer, name, value in claims:
        try:
            encode_claim(name, value)
        except IllegalValue as fault:
            faults.append((pointer, str(fault)))
    return faults
