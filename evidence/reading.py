"""Reading leaves a trace: a custody row for each record and an access row for each case, written before a byte goes out.

The rows of one reading are written together, a thousand records in a few statements; two readings of one record at once meet on the trail's
unique sequence, and the later one takes the next place. What this does not do: answer; the caller reads, writes here, and sends then.
Source: threats T26; issue "People and institutions" 2.
"""
import random
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery

from accounts.viewer import Viewer
from cases.models import AccessEvent
from cases.roots import Access, Root
from cases.selectors import roots_of
from cases.watching import note_accesses
from common.bulk import Insert, insert_all
from evidence.custody import CustodyAction, CustodyRow, next_row
from evidence.errors import DepositBusy, RecordNotFound
from evidence.models import CustodyEvent, Evidence

COLUMNS = ("evidence_id", "sequence", "at", "event", "actor", "organisation_ref", "purpose", "previous", "digest", "root")
# In each round of readers that meet one gets its place: enough for all threads of a web process at one record, and some more.
TRIES = 24
PAUSE_S = 0.02
LOOKED_UP_AT_ONCE = 500


def note_reading(viewer: Viewer, records: Sequence[Evidence], action: CustodyAction, *, request_id: str, now: datetime) -> None:
    """Write that the viewer reads these records, which came with their cases (`records_for`), each by the first root that covers it.

    Raises RecordNotFound when no root covers one of them any more, DepositBusy when too many read the same record at once.
    """
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    roots = covering(viewer, records, now=now)
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                _append(viewer, records, roots, action, at)
                by_case = {record.case_id: roots[record.pk] for record in reversed(records)}
                note_accesses(viewer, by_case, AccessEvent.RECORDS, request_id=request_id, now=at)
            return
        except IntegrityError:
            time.sleep(random.uniform(0, PAUSE_S))  # noqa: S311 - spreads retries, guards nothing
    raise DepositBusy(retry_after_s=2)


def note_viewing(viewer: Viewer, record: Evidence, *, request_id: str, now: datetime) -> None:
    """Write that somebody looked at a record's facts over the API, unless it was a machine of the record's own organisation.

    That one asks for the state of what it deposited until it is stamped, and gets nothing that it did not send.
    """
    if viewer.key is None or covering(viewer, [record], now=now)[record.pk].root != Root.OWN:
        note_reading(viewer, [record], CustodyAction.VIEWED, request_id=request_id, now=now)


def covering(viewer: Viewer, records: Sequence[Evidence], *, now: datetime) -> dict[int, Access]:
    """The first root that covers each record, by the record's id. Raises RecordNotFound when there is none."""
    cases = list({record.case_id: record.case for record in records}.values())
    roots: dict[int, list[Access]] = {}
    for first in range(0, len(cases), LOOKED_UP_AT_ONCE):
        roots |= roots_of(viewer, cases[first:first + LOOKED_UP_AT_ONCE], now=now)
    return {record.pk: _covering(record, roots[record.case_id]) for record in records}


def _covering(record: Evidence, roots: Sequence[Access]) -> Access:
    for access in roots:
        if access.covers(sequence=record.case_sequence, kind=record.kind, deposited_by=record.deposited_by_id):
            return access
    raise RecordNotFound


def _append(
    viewer: Viewer, records: Sequence[Evidence], roots: Mapping[int, Access], action: CustodyAction, at: datetime
) -> None:
    last = _last_rows([record.pk for record in records])
    rows = []
    for record in sorted(records, key=lambda record: record.pk):
        access = roots[record.pk]
        row = next_row(last[record.pk], at=at, event=action, actor=viewer.actor, organisation=viewer.organisation.ref,
                       purpose=access.purpose, root=access.root)
        rows.append((
            record.pk, row.sequence, row.at, row.event, row.actor, row.organisation, row.purpose, row.previous, row.digest, row.root))
    insert_all([Insert(CustodyEvent, COLUMNS, rows)])


def _last_rows(ids: Sequence[int]) -> dict[int, CustodyRow]:
    """The end of each record's trail; every record has one, for the ingestion begins it."""
    found: dict[int, CustodyRow] = {}
    newest = CustodyEvent.objects.filter(evidence=OuterRef("pk")).order_by("-sequence").values("id")[:1]
    for first in range(0, len(ids), LOOKED_UP_AT_ONCE):
        last = Evidence.objects.filter(pk__in=ids[first:first + LOOKED_UP_AT_ONCE]).values(last=Subquery(newest))
        for row in CustodyEvent.objects.filter(pk__in=last):
            found[row.evidence_id] = CustodyRow(
                row.sequence, row.at, row.event, row.actor, row.organisation_ref, row.purpose, row.previous, row.digest, row.root)
    return found
