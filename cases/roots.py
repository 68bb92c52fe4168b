"""The five roots of access to a case, a closed list: by which of them a viewer may see it, for what purpose, until when, how much of it.

`own` ends with the organisation. The lender may end `assigned` (退案) and `granted` (revocation) at once; `accepted` ends when the
institution closed the matter and its file period is over, `ordered` with the order's period. Which root covers a record is decided twice,
in SQL for lists (`evidence.selectors`) and here for one record; a test holds the two against each other.
Source: issue "People and institutions" 2; 个人信息保护法（2021年）第二十一条、第二十三条.
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from accounts.permissions import Act, Kind, kinds_that_may
from accounts.viewer import Viewer
from cases.models import Assignment, Case, GrantedCase, OrderedCase, SubmittedCase
from cases.models.access import RECEIVERS


class Root(StrEnum):
    OWN = "own"
    ASSIGNED = "assigned"
    GRANTED = "granted"
    ACCEPTED = "accepted"
    ORDERED = "ordered"


R = TypeVar("R", bound=Model)
Rows = QuerySet[Assignment] | QuerySet[GrantedCase] | QuerySet[SubmittedCase] | QuerySet[OrderedCase]
ACCEPTING = kinds_that_may(Act.ACCEPT)


@dataclass(frozen=True, slots=True)
class Access:
    """One root of one viewer to one case. `purpose` is None for one's own; `until` None for no fixed end.

    What of the case's records it covers: those up to `up_to` (None: all), of these `kinds` (empty: every kind), and with `only_of` only
    those that this organisation deposited. `as_of`: the moment that `up_to` was fixed at. What of the case's file: `cases.sight`.
    `paper_id`: the assignment, grant, matter or order that the root rests on; None of one's own.
    """

    case_id: int
    root: Root
    purpose: str | None = None
    until: datetime | None = None
    up_to: int | None = None
    kinds: frozenset[str] = frozenset()
    only_of: int | None = None
    as_of: datetime | None = None
    paper_id: int | None = None

    @property
    def whole(self) -> bool:
        """Whether it covers every record of the case."""
        return self.up_to is None and not self.kinds and self.only_of is None

    def covers(self, *, sequence: int, kind: str, deposited_by: int | None) -> bool:
        """Whether a record at this place of the case, of this kind, deposited by this organisation (None: the case's own) is within it."""
        return (
            (self.up_to is None or sequence <= self.up_to)
            and (not self.kinds or kind in self.kinds)
            and (self.only_of is None or deposited_by == self.only_of)
        )


def assigned_now(viewer: Viewer, now: datetime) -> QuerySet[Assignment]:
    """Assignments that work at this moment: to the viewer's agency, and distributed to himself when he does not distribute."""
    held = _unless_on_trial(viewer, Assignment.objects.filter(live_assignment(now), entrustment__agency=viewer.organisation))
    if viewer.person is not None and not viewer.may(Act.DISTRIBUTE):
        held = held.filter(distributions__agent=viewer.person, distributions__until=None)
    return held


def live_assignment(now: datetime) -> Q:
    """Assignments that were not withdrawn, under an entrustment that runs.

    That the case is the lender's is judged where it is assigned, by both gates, and neither ever changes: asked here again, it joined every
    case that there is to each question of an agency (measured: 23 of its 36 ms among 100,000 cases).
    """
    return Q(withdrawn_at=None, entrustment__ended_at=None, entrustment__starts_at__lte=now, entrustment__ends_at__gt=now)


def granted_now(viewer: Viewer, now: datetime) -> QuerySet[GrantedCase]:
    """Cases of grants that work at this moment: within their period, not revoked, approved where that is needed."""
    return _unless_on_trial(viewer, GrantedCase.objects.filter(live_grant(now, "grant__"), grant__receiver=viewer.organisation))


def live_grant(now: datetime, prefix: str = "") -> Q:
    """Grants that work, as a condition on the grant itself or behind `prefix`."""
    working = Q(**{f"{prefix}revoked_at": None, f"{prefix}starts_at__lte": now, f"{prefix}ends_at__gt": now})
    return working & (Q(**{f"{prefix}needs_second": False}) | Q(**{f"{prefix}approved_at__isnull": False}))


def accepted_now(viewer: Viewer, now: datetime) -> QuerySet[SubmittedCase]:
    """Cases of matters that the viewer's institution accepted and that are open, or in its files still."""
    return _unless_on_trial(viewer, SubmittedCase.objects.filter(live_submission(now), matter__institution=viewer.organisation))


def live_submission(now: datetime) -> Q:
    """Cases of matters that were accepted and are open, or in the institution's files still."""
    return Q(matter__accepted_at__isnull=False) & (Q(matter__closed_at=None) | Q(matter__open_until__gt=now))


def ordered_now(viewer: Viewer, now: datetime) -> QuerySet[OrderedCase]:
    """Cases of the viewer's court's orders that two people opened and whose period runs."""
    return _unless_on_trial(viewer, OrderedCase.objects.filter(live_order(now), order__court=viewer.organisation))


def live_order(now: datetime) -> Q:
    """Cases of orders that two people opened and whose period runs."""
    return Q(order__opened_at__isnull=False, order__ended_at=None, order__starts_at__lte=now, order__ends_at__gt=now)


def _unless_on_trial(viewer: Viewer, rows: QuerySet[R]) -> QuerySet[R]:
    """Nothing of others to an organisation on trial, whatever was opened to it before it was."""
    return rows.none() if viewer.organisation.on_trial else rows


def foreign_case_ids(viewer: Viewer, now: datetime) -> list[Rows]:
    """The rows by which this kind of organisation may see others' cases now; each has `case_id`."""
    rows: list[Rows] = []
    if viewer.kind == Kind.COLLECTION_AGENCY:
        rows.append(assigned_now(viewer, now))
    if viewer.kind in RECEIVERS:
        rows.append(granted_now(viewer, now))
    if viewer.kind in ACCEPTING:
        rows.append(accepted_now(viewer, now))
    if viewer.kind == Kind.COURT:
        rows.append(ordered_now(viewer, now))
    return rows


def whole_file_case_ids(viewer: Viewer, now: datetime) -> list[Rows]:
    """Of `foreign_case_ids` those by which the case's file is open, and not only who is concerned (`cases.sight`)."""
    rows = foreign_case_ids(viewer, now)
    return [*rows[:-1], ordered_now(viewer, now).filter(order__kinds=None)] if viewer.kind == Kind.COURT else rows


def accesses(viewer: Viewer, cases: Sequence[Case], now: datetime) -> dict[int, list[Access]]:
    """Every root that this viewer has to each of these cases, by the case's id, in the order of `Root`; five queries at most."""
    found: dict[int, list[Access]] = {case.pk: [] for case in cases}
    for case in cases:
        if case.organisation_id == viewer.organisation.pk:
            found[case.pk].append(Access(case.pk, Root.OWN))
    ids = list(found)
    for access in _foreign(viewer, ids, now):
        found[access.case_id].append(access)
    return found


def _foreign(viewer: Viewer, ids: list[int], now: datetime) -> Iterator[Access]:
    if viewer.kind == Kind.COLLECTION_AGENCY:
        for held in assigned_now(viewer, now).filter(case__in=ids).select_related("entrustment"):
            contract = held.entrustment
            only_of = None if held.includes_all else viewer.organisation.pk
            yield Access(held.case_id, Root.ASSIGNED, contract.scope, contract.ends_at, only_of=only_of, paper_id=held.pk)
    if viewer.kind in RECEIVERS:
        for granted in granted_now(viewer, now).filter(case__in=ids).select_related("grant"):
            yield Access(granted.case_id, Root.GRANTED, granted.grant.purpose, granted.grant.ends_at, paper_id=granted.grant_id)
    if viewer.kind in ACCEPTING:
        for submitted in accepted_now(viewer, now).filter(case__in=ids).select_related("matter"):
            matter = submitted.matter
            yield Access(
                submitted.case_id, Root.ACCEPTED, matter.purpose, matter.open_until, submitted.up_to, as_of=submitted.as_of,
                paper_id=matter.pk)
    if viewer.kind == Kind.COURT:
        for ordered in ordered_now(viewer, now).filter(case__in=ids).select_related("order").prefetch_related("order__kinds"):
            order = ordered.order
            kinds = frozenset(row.kind for row in order.kinds.all())
            told = f"{order.number} {order.scope}"
            yield Access(ordered.case_id, Root.ORDERED, told, order.ends_at, kinds=kinds, paper_id=order.pk)
