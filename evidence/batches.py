"""Batches that machines hand in: a row for each that was taken, in the deposit's own transaction, and one for each that was refused.

Whoever comes to work in the morning sees whether last night's batch went through, though nobody stood beside the machine that read the
answer. A retry of a batch that was taken leaves no second row. Refusals for too many requests leave none: whoever floods would write
as many rows as he likes. What this does not do: keep what was handed in.
"""
import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import get_language

from accounts.viewer import Viewer
from common.bulk import Insert
from common.errors import DomainError
from common.failures import DATABASE_FAILURES, let_go
from common.problems import NotFound
from common.tenancy import opened
from evidence.batch_rows import DepositBatch
from evidence.capture import Depositor
from evidence.errors import RateLimited
from evidence.facts import QUEUED, states_of
from evidence.faults import LISTED
from evidence.models import Evidence
from vault.personal import open_bytes, seal_bytes

logger = logging.getLogger(__name__)

LET_FAULTS_GO = "evidence.let-faults-of-batches-go"
FAULTS_KEPT_FOR = timedelta(days=30)
REF = re.compile(r"[0-9a-f]{32}", re.ASCII)
ITEM = re.compile(r"/records/([0-9]{1,9})(?:/|$)", re.ASCII)
# A pointer ends in a key that the client made up: so much of it tells where to look.
LONGEST_POINTER, LONGEST_DETAIL = 200, 500
COLUMNS = ("ref", "organisation_id", "credential_id", "request_key", "at", "items", "receipt_id", "refused_code", "faulty")


@dataclass(frozen=True, slots=True)
class Fault:
    """`pointer`: into the request's JSON, as it was answered, cut where it is long; `detail`: in this language, that of the answer."""

    pointer: str
    detail: str
    language: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Of a stretch of time: batches that were taken, with their records, and batches that were refused."""

    taken: int
    records: int
    refused: int


def taken_row(depositor: Depositor, receipt_id: int, items: int, *, request_key: str, at: datetime) -> Insert:
    """The row of a batch that is being taken, to be written in the deposit's transaction after its receipt."""
    assert depositor.credential_id is not None
    row = (secrets.token_hex(16), depositor.organisation.pk, depositor.credential_id, request_key, at, items, receipt_id, "", 0)
    return Insert(DepositBatch, COLUMNS, [row])


def note_refused(depositor: Depositor, refusal: DomainError, items: int | None, *, request_key: str, at: datetime) -> None:
    """Keep that a batch was refused, and why. What the database does not take is logged: the refusal itself is the answer all the same."""
    if isinstance(refusal, RateLimited):
        return
    assert depositor.credential_id is not None
    pointed = refusal.faults or ([] if refusal.pointer is None else [(refusal.pointer, refusal.sentence())])
    numbers = {found[1] for pointer, _ in pointed if (found := ITEM.match(pointer))}
    faulty = refusal.data.get("count", len(numbers)) if numbers else 0
    ref = secrets.token_hex(16)
    language = get_language() or "zh-hans"
    faults = [Fault(pointer[:LONGEST_POINTER], str(detail)[:LONGEST_DETAIL], language) for pointer, detail in pointed[:LISTED]]
    sealed = seal_bytes(msgspec.json.encode(faults), _place(ref)) if faults else None
    try:
        DepositBatch.objects.create(
            ref=ref, organisation=depositor.organisation, credential_id=depositor.credential_id, request_key=request_key, at=at,
            items=items, refused_code=refusal.code, faulty=int(faulty), sealed_faults=sealed)
    except DATABASE_FAILURES as failure:
        logger.warning("a refused batch was not noted: %s", type(failure).__name__)
        let_go(failure)


def batches_of(viewer: Viewer) -> QuerySet[DepositBatch]:
    """The batches that the viewer's organisation handed in itself, the newest first, without what was wrong with them."""
    own = DepositBatch.objects.filter(organisation=viewer.organisation).select_related("credential", "receipt")
    return own.defer("sealed_faults").order_by("-pk")


def batch_of(viewer: Viewer, ref: str) -> DepositBatch:
    """Raises NotFound, also for another organisation's."""
    found = batches_of(viewer).filter(ref=ref).first() if REF.fullmatch(ref) else None
    if found is None:
        raise NotFound
    return found


def totals_since(viewer: Viewer, since: datetime) -> Totals:
    told: Mapping[str, int | None] = DepositBatch.objects.filter(organisation=viewer.organisation, at__gte=since).aggregate(
        taken=Count("pk", filter=Q(refused_code="")), records=Sum("items", filter=Q(refused_code="")),
        refused=Count("pk", filter=~Q(refused_code="")))
    return Totals(told["taken"] or 0, told["records"] or 0, told["refused"] or 0)


def records_of(batch: DepositBatch) -> list[tuple[str, str]]:
    """(number, stable name of the state) of each record, in the order of the request; of a refused batch there is none.

    The receipt is the depositor's for good, also where the cases are another's and not open to it any more.
    """
    if batch.receipt_id is None:
        return []
    with opened(receipt=str(batch.receipt_id)):
        rows = list(Evidence.objects.filter(receipt_id=batch.receipt_id).order_by("ticket").values_list("record", "ticket"))
        states = states_of([ticket for _, ticket in rows])
    return [(record, states.get(ticket, QUEUED)) for record, ticket in rows]


def faults_of(batch: DepositBatch) -> list[Fault]:
    """What was wrong where, the first 100; [] where nothing was pointed at, and once it was let go of."""
    if batch.sealed_faults is None:
        return []
    return msgspec.json.decode(open_bytes(bytes(batch.sealed_faults), _place(batch.ref)), type=list[Fault])


def let_faults_go(*, now: datetime) -> int:
    """Forget what was wrong with batches that were refused more than thirty days ago; of how many."""
    return DepositBatch.objects.filter(at__lt=now - FAULTS_KEPT_FOR, sealed_faults__isnull=False).update(sealed_faults=None)


def let_faults_of_the_day_go(_day: int) -> None:
    let_faults_go(now=timezone.now())


def _place(ref: str) -> str:
    return f"batch\n{ref}"
