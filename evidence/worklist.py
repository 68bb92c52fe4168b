"""The work list of whoever deposits by hand: the cases open to him, first those in which he has deposited nothing today.

A day is a day in China. Reads only, and only what the viewer may read.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from accounts.viewer import Viewer
from cases.models import Case
from cases.selectors import cases_to_deposit_in
from evidence.figures import day_begin
from evidence.models import Evidence
from evidence.selectors import records_for

PAGE = 50
DONE_SHOWN = 50


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A case with today's deposits in it: by anybody whose records the viewer may read, and by himself."""

    case: Case
    today: int
    mine: int


@dataclass(frozen=True, slots=True)
class WorkList:
    """`missing`: cases without a deposit of the viewer's today, `after` (a case's ref) leads to more of them, None at the end.

    `done`: the cases of his latest deposits of today, at most DONE_SHOWN. `deposited`: how many records he made today.
    """

    missing: Sequence[WorkRow]
    after: str | None
    done: Sequence[WorkRow]
    deposited: int


def deposits_today(viewer: Viewer, *, now: datetime) -> QuerySet[Evidence]:
    """What this person deposited today, in cases that are still open to him."""
    assert viewer.person is not None
    return records_for(viewer, now=now).filter(person=viewer.person, received_at__gte=day_begin(now))


def work_list(viewer: Viewer, *, now: datetime, after: Case | None = None) -> WorkList:
    """The viewer's work list, from the case `after` on (None: from the newest)."""
    mine = deposits_today(viewer, now=now)
    waiting = cases_to_deposit_in(viewer, now=now).exclude(pk__in=mine.order_by().values("case_id")).order_by("-pk")
    if after is not None:
        waiting = waiting.filter(pk__lt=after.pk)
    page = list(waiting[: PAGE + 1])
    done = [] if after is not None else list(dict.fromkeys(row.case for row in mine[: 4 * DONE_SHOWN]))[:DONE_SHOWN]
    rows = _rows(viewer, [*page[:PAGE], *done], now)
    return WorkList(
        missing=rows[: len(page[:PAGE])], after=page[PAGE - 1].ref if len(page) > PAGE else None, done=rows[len(page[:PAGE]):],
        deposited=mine.count(),
    )


def _rows(viewer: Viewer, cases: Sequence[Case], now: datetime) -> list[WorkRow]:
    """A row for each case: two queries for all of them."""
    today = records_for(viewer, now=now).filter(case__in=cases, received_at__gte=day_begin(now)).order_by()
    counted = _by_case(today)
    own = _by_case(today.filter(person=viewer.person))
    return [WorkRow(case, counted.get(case.pk, 0), own.get(case.pk, 0)) for case in cases]


def _by_case(records: QuerySet[Evidence]) -> dict[int, int]:
    return dict(records.values_list("case_id").annotate(Count("pk")))
