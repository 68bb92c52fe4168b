"""误存: a record that was deposited by mistake is superseded by another that says so, and stays for ever.

The correction is a deposit like any other, in the same case: its claims name the record and the reason, so whoever gets the record's
package gets the reason with it, and the log shows that both were there. Nothing is deleted and no state is stored: a record is
superseded when such a row names it.
"""
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from common.idempotency import IdempotentRequest, fingerprint
from common.tenancy import opened
from evidence.capture import Correction, DepositItem, Depositor, FileItem
from evidence.errors import AlreadySuperseded, InvalidRecord
from evidence.intake import deposit_upload
from evidence.kinds import CORRECTION
from evidence.models import Evidence, Relation, Supersession
from evidence.multipart import Originals
from evidence.related import BY_ITS_OWN
from evidence.selectors import claims_of
from tlog.canonical import Json
from tlog.claims import parse_claim
from tlog.times import CHINA

FILE_NAME = "误存说明.txt"
LONGEST_REASON = 1000
REPLACING_TOLD = 20
"""Any number of records may say that they replace one; so many go out with its package."""


def supersede(
    depositor: Depositor, record: Evidence, *, reason: str, replaced_by: Evidence | None, now: datetime, key: str
) -> str:
    """Deposit the correction of `record` in its case; the correction's number. `replaced_by` is a record of the same case, or None.

    Raises AlreadySuperseded, InvalidRecord, and what a deposit raises; nothing was written then. With an earlier `key`, its answer again.
    """
    if replaced_by is not None and (replaced_by.case_id != record.case_id or replaced_by.pk == record.pk):
        raise InvalidRecord(pointer="/replaced_by", reason=_("替代的存证须是同一案件的另一份存证。"))
    upload = Originals(record.organisation.ref)
    number = None if replaced_by is None else replaced_by.record
    retry = IdempotentRequest(key, fingerprint("supersede", f"{record.record}\n{number}\n{reason}".encode(), []))

    def read() -> tuple[DepositItem, IdempotentRequest]:
        text = _paper(record, reason, number, now)
        upload.take_file(iter([text]))
        [stored] = upload.stored
        file = FileItem(FILE_NAME, "text/plain", stored.size_bytes, stored.sha256.hex(), stored.sm3.hex(), stored)
        return DepositItem(
            record.case.ref if depositor.entrusted else record.case.client_reference, CORRECTION, f"误存更正：{record.record}", (file,),
            {"replaces": record.record, "replaced_by": number, "reason": reason},
            corrects=Correction(record.pk, None if replaced_by is None else replaced_by.pk), by_service=True), retry

    try:
        return deposit_upload(depositor, upload, read).records[0]
    except IntegrityError:
        # Somebody else was first, before this or in the same moment.
        if Supersession.objects.filter(superseded=record).exists():
            upload.discard()
            raise AlreadySuperseded from None
        raise


def _paper(record: Evidence, reason: str, replaced_by: str | None, now: datetime) -> bytes:
    """What a reader of the package opens: plain words, the same as the claims."""
    instead = f"应以存证 {replaced_by} 为准。" if replaced_by else "没有替代的存证。"
    moment = now.astimezone(CHINA).isoformat(sep=" ", timespec="seconds")
    return f"存证 {record.record} 系误存。\n原因：{reason}\n{instead}\n更正时间：{moment}\n原存证未删除，其证明仍可核验。\n".encode()


def supersession_of(record: Evidence) -> Supersession | None:
    """What superseded the record; None when it stands."""
    return _with_records(Supersession.objects.filter(superseded=record).first())


def declared_by(correction: Evidence) -> Supersession | None:
    """What this record says of another; None for a record that is no correction."""
    return _with_records(Supersession.objects.filter(correction=correction).first())


def _with_records(found: Supersession | None) -> Supersession | None:
    """Whoever sees one of the records learns of the others, by whatever root he sees the first."""
    if found is None:
        return None
    ids = (found.superseded_id, found.correction_id, found.replaced_by_id)
    with opened(records=",".join(str(id_) for id_ in ids if id_ is not None)):
        whole: Supersession = Supersession.objects.select_related("superseded", "correction", "replaced_by").get(pk=found.pk)
    return whole


def superseded_among(records: Sequence[Evidence]) -> frozenset[int]:
    """The ids of those that were superseded: one query for a list."""
    return frozenset(Supersession.objects.filter(superseded__in=records).values_list("superseded_id", flat=True))


def corrections_among(records: Sequence[Evidence]) -> list[tuple[int, str, str | None]]:
    """Of those that were superseded the id, the number of the record that says so, and of the one that stands for it (None)."""
    found = Supersession.objects.filter(superseded__in=records)
    return list(found.values_list("superseded_id", "correction__record", "replaced_by__record"))


def superseded_words(record: Evidence, beside: Sequence[Evidence]) -> str:
    """What the catalogue of a package says of the record; "" when it stands. Of those that replace it: which are `beside` it there."""
    found = supersession_of(record)
    said = [] if found is None else [f"误存，见 {found.correction.record}"]
    rows = Relation.objects.filter(BY_ITS_OWN, target=record, source__in=beside).order_by("source")
    # More than one may say that the same record replaces it.
    replaced = list(dict.fromkeys(rows.values_list("source__record", flat=True)))
    return "；".join([*said, *([f"被替代，见 {'、'.join(replaced)}"] if replaced else [])])


def with_corrections(records: Sequence[Evidence], visible: QuerySet[Evidence]) -> list[Evidence]:
    """The records and the corrections of those that were superseded, and the newest that replace them, as far as they are among `visible`.

    Each once. What replaces one of these in turn, its trail says.
    """
    told = {record.pk for record in records}
    replaced = Relation.objects.filter(BY_ITS_OWN, target__in=records).values("source")
    newest = visible.filter(pk__in=replaced).exclude(pk__in=told).order_by("-pk").values_list("pk", flat=True)[:REPLACING_TOLD]
    more = visible.filter(Q(corrects__superseded__in=records) | Q(pk__in=list(newest))).exclude(pk__in=told)
    return [*records, *more.order_by("case_id", "case_sequence")]


def reason_of(correction: Evidence) -> str:
    """The reason that the correction's claims give. Raises ClaimsErased."""
    return str(_told(correction)["reason"])


def replaced_by_claims(correction: Evidence) -> tuple[Json, Json]:
    """The numbers in the claims: of the record deposited by mistake, and of the one that stands for it (None). Raises ClaimsErased."""
    told = _told(correction)
    return told.get("replaces"), told.get("replaced_by")


def _told(correction: Evidence) -> dict[str, Json]:
    [subject] = [claim for claim in claims_of(correction) if claim.name == "subject"]
    value = parse_claim(subject.name, subject.data)
    assert isinstance(value, dict)
    told = value["metadata"]
    assert isinstance(told, dict)
    return told
