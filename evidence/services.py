"""Writes of `evidence`: the deposit.

Order of durable writes (design.md §3): the originals are durable in the vault before this is called; one transaction
holds everything else; the receipt is signed after commit. A crash before the commit leaves orphans that the sweeper
takes; after it, the retry with the same Idempotency-Key returns the same receipt.
"""
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Model

from accounts.models import Organisation
from cases.services import CaseHead, HeadMovedError, lock_assigned_heads, lock_case_heads, move_case_heads
from common import idempotency
from common.bulk import Insert, insert_all, reserve
from common.errors import OrganisationOnTrial
from common.failpoints import reached
from common.idempotency import IdempotentRequest, key_row
from common.tenancy import opened
from evidence.batches import taken_row
from evidence.capture import DepositItem, Depositor
from evidence.drafts import Draft, SealedRecord, draft_records, seal_record
from evidence.errors import DepositBusy
from evidence.first_rows import first_rows, note_superseded
from evidence.models import CustodyEvent, Evidence, EvidenceFile, Relation, Supersession
from evidence.record_keys import wrapped_keys
from evidence.related import with_related
from evidence.scanning import scan_jobs
from evidence.stamps import stamp_jobs
from evidence.trail import COLUMNS
from ledger.models import LogQueue, Receipt
from ledger.receipts import signed_receipt
from ledger.services import promise, queue_rows, receipt_row
from tlog.times import format_time
from vault.models import StoredObject
from vault.search import blind_digests
from vault.services import stored_file_rows

logger = logging.getLogger(__name__)
T = TypeVar("T")

TRIES = 4
# A try that took longer has waited for a lock as long as the database allows; another would keep the client as long again.
TRIES_WITHIN_S = 10.0
# deadlock detected, serialisation failure, lock not available: the transaction was rolled back whole and may be tried again.
RETRIED_SQLSTATES = ("40P01", "40001", "55P03")
EVIDENCE_COLUMNS = (
    "id", "record", "organisation_id", "deposited_by_id", "case_id", "case_sequence", "kind", "received_at", "credential_id", "person_id",
    "receipt_id",
    "ticket", "statement", "wrapped_key", "sealed_claims",
)
FILE_COLUMNS = ("evidence_id", "position", "size_bytes", "sha256_hmac", "stored_object_id", "content_key")


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What the depositor gets: record numbers and tickets in request order, and the signed receipt (a note's text).

    `repeated`: an earlier request had made these records, and nothing was written now.
    """

    records: tuple[str, ...]
    tickets: tuple[int, ...]
    receipt: str
    repeated: bool


def deposit(
    depositor: Depositor, items: Sequence[DepositItem], *, now: datetime, request: IdempotentRequest | None = None, batch: bool = False
) -> Acknowledgement:
    """Make one record of each item, all or none; durable on return. `batch`: a machine's, of which a row is kept (`evidence.batches`).

    Raises:
        tlog.canonical.IllegalValue: a value breaks the rules of A1 or of its kind, or a relation is to no record of the case that the
            depositor may name; nothing was written.
        cases.errors.CaseNotFound: an agency named a case that is not assigned to it now, or an agent of it one that is not
            distributed to him; nothing was written.
        common.idempotency.IdempotencyKeyReused: the key stands for another request.
        OrganisationOnTrial: who deposits has not been let in for that yet.
        DepositBusy: a try and three retries met a conflict, or one waited too long for a lock; nothing was written.
    """
    if request is not None and (earlier := acknowledged_before(depositor, request)) is not None:
        return earlier
    if depositor.organisation.on_trial:
        raise OrganisationOnTrial
    received_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    try:
        drafts = draft_records(depositor, with_related(depositor, items, now=received_at), received_at=received_at)
        receipt, sealed = _with_retries(lambda: _write(depositor, drafts, received_at, request, batch))
    except IntegrityError:
        # The constraint on the key made us wait for a concurrent twin, and the twin has committed.
        if request is None or (earlier := acknowledged_before(depositor, request)) is None:
            raise
        return earlier
    reached("evidence.deposit-committed")
    answer = _acknowledge(receipt, [(record.draft.record, ticket) for record, ticket in sealed], repeated=False)
    reached("evidence.receipt-signed")
    return answer


def acknowledged_before(depositor: Depositor, request: IdempotentRequest) -> Acknowledgement | None:
    """The first answer to this very request; None when there was none. Raises IdempotencyKeyReused."""
    receipt_id = idempotency.earlier_answer(depositor.organisation.pk, request)
    if receipt_id is None:
        return None
    # The receipt is the depositor's for good, also when the cases are not open to him any more.
    with opened(receipt=str(receipt_id)):
        rows = list(Evidence.objects.filter(receipt_id=receipt_id).order_by("ticket").values_list("record", "ticket"))
    return _acknowledge(Receipt.objects.get(pk=receipt_id), rows, repeated=True)


def _acknowledge(receipt: Receipt, rows: Sequence[tuple[str, int]], *, repeated: bool) -> Acknowledgement:
    return Acknowledgement(tuple(record for record, _ in rows), tuple(ticket for _, ticket in rows), signed_receipt(receipt), repeated)


def _with_retries(write: Callable[[], T]) -> T:
    until = time.monotonic() + TRIES_WITHIN_S
    for attempt in range(1, TRIES + 1):
        try:
            return write()
        except (HeadMovedError, OperationalError) as conflict:
            if not _may_be_retried(conflict):
                raise
            logger.info("deposit met a conflict, try %s of %s", attempt, TRIES)
            if time.monotonic() > until:
                break
            time.sleep(random.uniform(0, 0.05) * attempt)  # noqa: S311 - spreads retries, guards nothing
    raise DepositBusy(retry_after_s=2)


def _may_be_retried(conflict: Exception) -> bool:
    if isinstance(conflict, HeadMovedError):
        return True
    return getattr(conflict.__cause__, "pgcode", None) in RETRIED_SQLSTATES or "database is locked" in str(conflict)


def _write(
    depositor: Depositor, drafts: Sequence[Draft], received_at: datetime, request: IdempotentRequest | None, batch: bool
) -> tuple[Receipt, list[tuple[SealedRecord, int]]]:
    """The deposit's one transaction: case chain, key, queue, receipt, records, files, custody."""
    with transaction.atomic():
        heads = _lock_heads(depositor, [draft.item.case for draft in drafts], received_at)
        reached("evidence.heads-locked")
        moment = format_time(received_at)
        sealed = [seal_record(draft, heads[draft.item.case], received_at=moment) for draft in drafts]
        # Ids are taken after the case locks, the tickets among them: log order follows case order.
        stored = sum(file.stored is not None for draft in drafts for file in draft.item.files)
        ids = reserve({Receipt: 1, LogQueue: len(sealed), Evidence: len(sealed), StoredObject: stored})
        [receipt_id] = ids[Receipt]
        receipt = promise(receipt_id, [(record.draft.record, record.leaf_hash) for record in sealed], received_at=received_at)
        insert_all([
            # The key comes first: a concurrent twin waits on its constraint, and none of the twin's rows is written.
            *([] if request is None else [key_row(depositor.organisation.pk, request, receipt_id, now=received_at)]),
            queue_rows(ids[LogQueue], [(record.entry, record.leaf_hash) for record in sealed], queued_at=received_at),
            receipt_row(receipt),
            *([taken_row(depositor, receipt_id, len(sealed), request_key=request.key if request else "", at=received_at)] if batch else []),
            *record_rows(depositor, sealed, ids, receipt_id, received_at),
            stamp_jobs(_with_own_timestamp(ids[Evidence], sealed), now=received_at),
            scan_jobs(list(zip(ids[Evidence], sealed, strict=True)), now=received_at),
        ])
        note_superseded(depositor, sealed, at=received_at)
        reached("evidence.records-inserted")
        move_case_heads(list(heads.values()))
        reached("evidence.deposit-before-commit")
    return receipt, list(zip(sealed, ids[LogQueue], strict=True))


def _lock_heads(depositor: Depositor, cases: Sequence[str], now: datetime) -> dict[str, CaseHead]:
    if depositor.entrusted:
        # What whoever deposits saw when he opened the form may be another's by now: asked again here, where it counts.
        agent_id = depositor.person_id if depositor.only_distributed else None
        return lock_assigned_heads(depositor.organisation, cases, agent_id=agent_id, now=now)
    return lock_case_heads(depositor.organisation.pk, cases, now=now)


def _with_own_timestamp(evidence_ids: Sequence[int], sealed: Sequence[SealedRecord]) -> list[int]:
    return [id_ for id_, record in zip(evidence_ids, sealed, strict=True) if record.draft.item.own_timestamp]


def record_rows(
    depositor: Depositor, sealed: Sequence[SealedRecord], ids: Mapping[type[Model], Sequence[int]], receipt_id: int, received_at: datetime
) -> list[Insert]:
    """Rows of the records, their originals, files and custody trails, under reserved ids."""
    organisation = depositor.organisation
    by = organisation.pk if depositor.entrusted else None
    records = [
        (id_, record.draft.record, (record.owner or organisation).pk, by, record.case_id, record.case_sequence, record.draft.item.kind,
         received_at, depositor.credential_id, depositor.person_id, receipt_id, ticket, record.statement, key, record.sealed_claims)
        for id_, record, ticket, key in zip(ids[Evidence], sealed, ids[LogQueue], wrapped_keys(organisation, sealed), strict=True)
    ]
    return [
        Insert(Evidence, EVIDENCE_COLUMNS, records),
        *_files_of_owners(organisation, list(zip(ids[Evidence], sealed, strict=True)), ids[StoredObject], received_at),
        Insert(CustodyEvent, COLUMNS, first_rows(depositor, list(zip(ids[Evidence], sealed, strict=True)), at=received_at)),
        _corrections(ids[Evidence], sealed),
        _relations(ids[Evidence], sealed),
    ]


def _corrections(evidence_ids: Sequence[int], sealed: Sequence[SealedRecord]) -> Insert:
    """What these records say of others; a record is superseded once, and the constraint refuses whoever comes second."""
    told = [(id_, record.draft.item.corrects) for id_, record in zip(evidence_ids, sealed, strict=True)]
    rows = [(each.superseded_id, id_, each.replaced_by_id) for id_, each in told if each is not None]
    return Insert(Supersession, ("superseded_id", "correction_id", "replaced_by_id"), rows)


def _relations(evidence_ids: Sequence[int], sealed: Sequence[SealedRecord]) -> Insert:
    """What these records say of how records belong together."""
    told = [(id_, each) for id_, record in zip(evidence_ids, sealed, strict=True) for each in record.draft.item.related]
    rows = [(id_, each.source_id or id_, each.relation, each.target_id) for id_, each in told]
    return Insert(Relation, ("said_by_id", "source_id", "relation", "target_id"), rows)


def _files_of_owners(
    depositor: Organisation, records: Sequence[tuple[int, SealedRecord]], stored_ids: Sequence[int], received_at: datetime
) -> list[Insert]:
    """`_file_rows` under each owner's own index; a batch of an agency may be for several lenders, every other has one owner."""
    by_owner: dict[int, tuple[Organisation, list[tuple[int, SealedRecord]]]] = {}
    for id_, record in records:
        owner = record.owner or depositor
        by_owner.setdefault(owner.pk, (owner, []))[1].append((id_, record))
    waiting, inserts = iter(stored_ids), list[Insert]()
    for owner, theirs in by_owner.values():
        count = sum(file.stored is not None for _, record in theirs for file in record.draft.item.files)
        inserts += _file_rows(owner, theirs, list(islice(waiting, count)), received_at)
    return inserts


def _file_rows(
    organisation: Organisation, records: Sequence[tuple[int, SealedRecord]], stored_ids: Sequence[int], received_at: datetime
) -> list[Insert]:
    files = [
        (id_, position, file, key) for id_, record in records
        for position, (file, key) in enumerate(zip(record.draft.item.files, record.draft.file_keys, strict=True), 1)]
    stored = [file.stored for _, _, file, _ in files if file.stored is not None]
    waiting = iter(stored_ids)
    index = blind_digests(organisation.ref, [bytes.fromhex(file.sha256) for _, _, file, _ in files])
    rows = [
        (id_, position, file.size_bytes, blind, None if file.stored is None else next(waiting), key)
        for (id_, position, file, key), blind in zip(files, index, strict=True)
    ]
    return [stored_file_rows(organisation, stored_ids, stored, now=received_at), Insert(EvidenceFile, FILE_COLUMNS, rows)]
