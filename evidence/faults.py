"""Where in a request a value breaks the rules of A1 or of its kind: every fault with its JSON pointer, so that a batch is mended in one go.

Faults of shape, which are met before a value can be judged, are found by `evidence.api.payloads`; a batch that has both is told both.
"""
from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from evidence.capture import DepositItem, Depositor
from evidence.claim_words import claim_sentence
from evidence.drafts import file_value, provenance_value, subject_value
from evidence.errors import InvalidRecord, InvalidRecords
from evidence.kinds.schemas import kind_faults
from evidence.kinds.words import SELF_CHECK, SELF_CHECKS
from evidence.related import related_faults
from tlog.canonical import IllegalValue
from tlog.claims import encode_claim

LISTED = 100


def check_items(depositor: Depositor, items: Sequence[DepositItem], *, batch: bool, now: datetime) -> None:
    """Raise InvalidRecord, or InvalidRecords for a batch, naming each faulty claim and each empty file (the first 100)."""
    related = related_faults(depositor, items, now=now)
    found: list[tuple[str, str]] = []
    records = set()
    for number, item in enumerate(items):
        base = f"/records/{number}" if batch else ""
        for pointer, reason in [*item_faults(item), *related[number]]:
            found.append((base + pointer, reason))
            records.add(number)
    if found and batch:
        raise InvalidRecords(faults=found[:LISTED], count=len(records))
    if found:
        raise InvalidRecord(pointer=found[0][0], faults=found[:LISTED], reason=found[0][1])


def item_faults(item: DepositItem) -> list[tuple[str, str]]:
    """(JSON pointer within the record, reason) of each claim that cannot be made, and of everything that the kind does not allow."""
    faults = kind_faults(item.kind, item.metadata, by_service=item.by_service)[:LISTED]
    # What is said of the subject twice helps nobody: the rules of every claim are asked of metadata that fit their kind.
    claims = [] if faults else [("/subject", "subject", subject_value(item))]
    claims.append(("/provenance", "provenance", provenance_value(item)))
    claims += [(f"/files/{n}", f"files/{n + 1}", file_value(file)) for n, file in enumerate(item.files)]
    faults += [(f"/files/{n}", _("这是空文件（0 字节），没有可以存证的内容。")) for n, file in enumerate(item.files) if file.is_empty]
    if item.self_check is not None and item.self_check not in SELF_CHECKS:
        faults.append((f"/provenance/environment/{SELF_CHECK}", _("环境自检的结果应为 {options} 之一；不知道就不写。").format(
            options=", ".join(SELF_CHECKS))))
    if item.ends_before_it_began:
        faults.append(("/provenance/captured_until", _("采集的结束时间早于开始时间。")))
    for pointer, name, value in claims:
        try:
            encode_claim(name, value)
        except IllegalValue as fault:
            faults.append((pointer, claim_sentence(fault)))
    return faults
