"""What lists tell of others' cases and records leaves a trace where it leaves the house, or where a person was looked for (docs/adr/0023).

A list that is exported writes a custody row for each record of others' and an access row for each case of others', all before its first
byte, some hundred at a time; a search by a party an access row for each such case that it shows. What this does not do: lists on pages,
which write nothing, and lists for machines (`evidence.looking`); one's own rows, which are the audit log's.
Source: threats T26; issue "People and institutions" 2.
"""
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from django.db.models import QuerySet

from accounts.permissions import Kind
from accounts.viewer import Viewer
from cases.models import AccessEvent, Case
from cases.watching import note_told
from evidence.custody import CustodyAction
from evidence.models import Evidence
from evidence.reading import note_reading
from evidence.search import Wanted, cases_of_party

AT_ONCE = 500
Row = TypeVar("Row", Case, Evidence)


def note_search(viewer: Viewer, wanted: Wanted, cases: Sequence[Case], *, request_id: str, now: datetime) -> None:
    """Write of those of these cases, which are about to be shown, that others own and a party of which was typed. Raises CaseNotFound."""
    foreign = {case.pk: case for case in cases if case.organisation_id != viewer.organisation.pk}
    found = cases_of_party(viewer, wanted.text, foreign.values(), now=now)
    note_told(viewer, [foreign[pk] for pk in found], AccessEvent.SEARCH, request_id=request_id, now=now)


def note_cases_exported(viewer: Viewer, cases: QuerySet[Case], wanted: Wanted, *, request_id: str, now: datetime) -> frozenset[int]:
    """Write of each of these cases that others own; their ids, of which alone the file may tell. Raises CaseNotFound (one was closed)."""
    noted: set[int] = set()
    for chunk in _foreign(viewer, cases):
        note_search(viewer, wanted, chunk, request_id=request_id, now=now)
        note_told(viewer, chunk, AccessEvent.EXPORT, request_id=request_id, now=now)
        noted.update(case.pk for case in chunk)
    return frozenset(noted)


def note_records_exported(viewer: Viewer, records: QuerySet[Evidence], wanted: Wanted, *, request_id: str, now: datetime) -> frozenset[int]:
    """Write of each of these records that others own; their ids, of which alone the file may tell. Raises RecordNotFound, TrailBusy."""
    noted: set[int] = set()
    for chunk in _foreign(viewer, records):
        note_search(viewer, wanted, list({record.case_id: record.case for record in chunk}.values()), request_id=request_id, now=now)
        note_reading(viewer, chunk, CustodyAction.VIEWED, request_id=request_id, now=now)
        noted.update(record.pk for record in chunk)
    return frozenset(noted)


def _foreign(viewer: Viewer, rows: QuerySet[Row]) -> Iterator[list[Row]]:
    """Others' rows, the newest first; each piece is read to its end before anything is written, for SQLite writes beside no open read."""
    if viewer.kind == Kind.LENDER:
        # A lender reads his own alone; of 300,000 rows the database would look at each to find that out.
        return
    foreign, last = rows.exclude(organisation=viewer.organisation).order_by("-id"), None
    while chunk := list((foreign if last is None else foreign.filter(pk__lt=last))[:AT_ONCE]):
        yield chunk
        last = chunk[-1].pk
