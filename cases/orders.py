"""调取令与调查令: a court names cases, scope and period on an order that it deposited; a second person of the court opens it.

An order that a machine wrote down has no first person yet: whoever opens it first confirms it, and another person opens it then.
The lenders are told in the same transaction, and cannot block it. LAW: 民事诉讼法（2023年修正）第七十条.
"""
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.permissions import Act, Kind
from accounts.selectors import REF
from accounts.viewer import Viewer
from cases.case_refs import CaseRef
from cases.conditions import MOST_CASES, check_period, check_person, own_paper, plain
from cases.errors import (
    CaseNotFound,
    CasesMissing,
    KindUnknown,
    NumberTaken,
    OrderedCasesUnknown,
    SecondPersonNeeded,
    StateUnsuitable,
    TextUnsuitable,
)
from cases.evidence_kinds import ORDERABLE
from cases.models import Case, Order, OrderedCase, OrderedKind
from common.tenancy import opened
from notifications.kinds import CASES_ORDERED, ORDER_WAITING
from notifications.noticing import leave_notices

LONGEST_NUMBER, LONGEST_SCOPE, MOST_KINDS, LONGEST_KIND = 64, 500, 50, 64


@dataclass(frozen=True, slots=True)
class Paper:
    """An order as it is uploaded: the record number of its document, the cases' refs, the kinds of evidence it asks for (none: all)."""

    number: str
    document: str
    scope: str
    starts_at: datetime
    ends_at: datetime
    cases: Sequence[str]
    kinds: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Judged:
    """An order that may be written down, but for its document."""

    number: str
    scope: str
    kinds: frozenset[str]
    cases: Sequence[Case]


def check_order(viewer: Viewer, paper: Paper, *, now: datetime) -> Judged:
    """Everything that an order needs but its document, so that one is deposited only for an order that can be written down.

    Raises Forbidden, TextUnsuitable, KindUnknown, PeriodUnsuitable, CasesMissing, CaseNotFound, NumberTaken.
    """
    viewer.must(Act.PREPARE)
    if viewer.kind != Kind.COURT:
        raise CaseNotFound
    number, scope = plain(paper.number, LONGEST_NUMBER, pointer="/number"), plain(paper.scope, LONGEST_SCOPE, pointer="/scope")
    check_period(paper.starts_at, paper.ends_at, now=now)
    if len(paper.kinds) > MOST_KINDS:
        raise TextUnsuitable(pointer="/kinds")
    kinds = frozenset(plain(kind, LONGEST_KIND, pointer="/kinds") for kind in paper.kinds)
    if unknown := sorted(kinds - ORDERABLE.keys()):
        raise KindUnknown(kind=unknown[0], pointer="/kinds")
    cases = _cases(paper.cases)
    if Order.objects.filter(court=viewer.organisation, number=number).exists():
        raise NumberTaken(pointer="/number")
    return Judged(number, scope, kinds, cases)


def upload_order(viewer: Viewer, paper: Paper, *, now: datetime) -> Order:
    """Write down an order of the viewer's court; it opens nothing yet. Raises DocumentMissing, and what `check_order` raises."""
    judged = check_order(viewer, paper, now=now)
    document = own_paper(viewer.organisation, paper.document)
    first = {"first_at": now, "first_by": viewer.actor} if viewer.person is not None else {}
    try:
        with transaction.atomic():
            order = Order.objects.create(
                ref=secrets.token_hex(16), court=viewer.organisation, court_kind=viewer.kind, number=judged.number, document=document,
                scope=judged.scope, starts_at=paper.starts_at, ends_at=paper.ends_at, uploaded_at=now, uploaded_by=viewer.actor, **first)
            OrderedCase.objects.bulk_create(OrderedCase(order=order, case=case) for case in judged.cases)
            OrderedKind.objects.bulk_create(OrderedKind(order=order, kind=kind) for kind in sorted(judged.kinds))
            leave_notices([viewer.organisation.pk], kind=ORDER_WAITING, subject=order.ref, count=len(judged.cases), now=now)
            _note(Event.ORDER_WRITTEN_DOWN, viewer, order, f"cases:{len(judged.cases)}", now)
    except IntegrityError:
        # Somebody else was in the same moment.
        raise NumberTaken(pointer="/number") from None
    return order


def _cases(refs: Sequence[str]) -> list[Case]:
    """Any organisation's cases: whoever names one knows its 128 random bits. Raises CasesMissing, OrderedCasesUnknown."""
    if not 0 < len(refs) <= MOST_CASES:
        raise CasesMissing(limit=MOST_CASES, pointer="/cases")
    wanted = set(refs)
    well_formed = [ref for ref in wanted if REF.fullmatch(ref)]
    with opened(cases=",".join(well_formed)):
        found = list(Case.objects.filter(ref__in=well_formed).order_by("id"))
    known = {case.ref for case in found}
    if unknown := [(number, ref) for number, ref in enumerate(refs, 1) if ref not in known]:
        raise OrderedCasesUnknown(unknown)
    return found


def open_order(viewer: Viewer, order: Order, *, seen: str | None = None, now: datetime) -> None:
    """A second person of the court lets the order work, and each lender finds a notice; a first one confirms what a machine uploaded.

    `seen`: who was the first when the viewer looked, "" for nobody, so that who meant to confirm does not open; None for whichever step is
    the next. Raises Forbidden, SecondPersonNeeded, StateUnsuitable.
    """
    viewer.must(Act.ORDER)
    check_person(viewer)
    waiting = Order.objects.filter(pk=order.pk, court=viewer.organisation, opened_at=None, ended_at=None, ends_at__gt=now)
    with transaction.atomic():
        if not seen and waiting.filter(first_at=None).update(first_at=now, first_by=viewer.actor) == 1:
            leave_notices([viewer.organisation.pk], kind=ORDER_WAITING, subject=order.ref, now=now)
            _note(Event.ORDER_CONFIRMED, viewer, order, "", now)
            return
        if waiting.filter(first_by=viewer.actor).exists():
            raise SecondPersonNeeded
        others = waiting.exclude(first_at=None).exclude(first_by=viewer.actor)
        if (others if seen is None else others.filter(first_by=seen)).update(opened_at=now, opened_by=viewer.actor) != 1:
            raise StateUnsuitable
        leave_notices(sorted(_lenders(order)), kind=CASES_ORDERED, subject=order.ref, now=now)
        _note(Event.ORDER_OPENED, viewer, order, "", now)


def _lenders(order: Order) -> set[int]:
    """Whose cases the order names, also when its period has not begun and the cases are closed to the court still."""
    refs = list(OrderedCase.objects.filter(order=order).annotate(case_ref=CaseRef()).values_list("case_ref", flat=True))
    with opened(cases=",".join(refs)):
        return set(Case.objects.filter(ref__in=refs).values_list("organisation_id", flat=True))


def end_order(viewer: Viewer, order: Order, *, now: datetime) -> None:
    """The court needs no more: the order ends now. A second call changes nothing. Raises Forbidden."""
    viewer.must(Act.ORDER)
    with transaction.atomic():
        if Order.objects.filter(pk=order.pk, court=viewer.organisation, ended_at=None).update(ended_at=now, ended_by=viewer.actor):
            _note(Event.ORDER_ENDED, viewer, order, "", now)


def _note(event: Event, viewer: Viewer, order: Order, detail: str, now: datetime) -> None:
    note(event, viewer.organisation, at=now, subject=f"order:{order.ref}", detail=detail, actor=viewer.actor)
