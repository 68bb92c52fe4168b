"""委案, 分案, 退案: a lender entrusts an agency, assigns cases under the contract, the agency's supervisor gives them to agents.

What ends access ends it at once, because every read asks for what is live at its moment: a withdrawal, the contract's end or period.
LAW: 个人信息保护法（2021年）第二十一条: by contract, for a purpose and a period, and the agency passes nothing on: only the lender assigns.
"""
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.models import Membership, Person
from accounts.permissions import Act, Kind, Role
from accounts.viewer import Viewer
from cases.case_refs import CaseRef
from cases.conditions import MOST_CASES, cases_named, check_period, organisation_among, own_contract, plain
from cases.errors import AgentUnsuitable, CaseNotFound, CasesMissing, EntrustmentEnded, NumberTaken, SelectionMoved, SelectionTooLarge
from cases.models import Assignment, Distribution, Entrustment
from cases.selectors import assignments_given, assignments_held
from cases.telling import counted, tell_agent_of_gain, tell_agents_of_loss
from notifications.kinds import CASES_ASSIGNED, CASES_WITHDRAWN, ENTRUSTMENT_ENDED
from notifications.noticing import leave_notices

LONGEST_NUMBER, LONGEST_SCOPE = 64, 500
MOST_SHOWN = 10_000
"""So many cases of a contract are withdrawn or distributed by one act at most."""


@dataclass(frozen=True, slots=True)
class Contract:
    """An entrustment contract as it is registered: the agency's ref, and the record number of the contract that the lender deposited."""

    agency: str
    number: str
    scope: str
    document: str
    starts_at: datetime
    ends_at: datetime


def entrust(viewer: Viewer, contract: Contract, *, now: datetime) -> Entrustment:
    """Register a contract of the viewer's organisation with an agency.

    Raises Forbidden, OrganisationUnsuitable, TextUnsuitable, PeriodUnsuitable, DocumentMissing, DocumentUnsuitable,
    NumberTaken.
    """
    viewer.must(Act.GRANT)
    if viewer.kind != Kind.LENDER:
        raise CaseNotFound
    agency = organisation_among((Kind.COLLECTION_AGENCY,), contract.agency, pointer="/agency")
    number, scope = plain(contract.number, LONGEST_NUMBER, pointer="/number"), plain(contract.scope, LONGEST_SCOPE, pointer="/scope")
    check_period(contract.starts_at, contract.ends_at, now=now)
    document = own_contract(viewer.organisation, contract.document)
    try:
        with transaction.atomic():
            made = Entrustment.objects.create(
                ref=secrets.token_hex(16), lender=viewer.organisation, agency=agency, agency_kind=agency.kind, number=number, scope=scope,
                document=document, starts_at=contract.starts_at, ends_at=contract.ends_at, created_at=now, created_by=viewer.actor)
            _note(Event.ENTRUSTED, viewer, made.ref, f"organisation:{agency.ref}", now)
            return made
    except IntegrityError:
        raise NumberTaken(pointer="/number") from None


def end_entrustment(viewer: Viewer, entrustment: Entrustment, *, now: datetime) -> None:
    """End a contract before its time; the agency sees none of its cases any more. Raises Forbidden.

    A second call changes nothing, nor does one after the contract's period: of its end both sides are told by `cases.lapsing`.
    """
    viewer.must(Act.GRANT)
    with transaction.atomic():
        mine = Entrustment.objects.filter(pk=entrustment.pk, lender=viewer.organisation, ended_at=None, ends_at__gt=now)
        if mine.update(ended_at=now, ended_by=viewer.actor):
            leave_notices([entrustment.agency_id], kind=ENTRUSTMENT_ENDED, subject=entrustment.ref, now=now)
            _note(Event.ENTRUSTMENT_ENDED, viewer, entrustment.ref, "", now)


def assign_cases(
    viewer: Viewer, entrustment: Entrustment, refs: Sequence[str], *, includes_all: bool, now: datetime
) -> list[Assignment]:
    """Assign cases of the viewer's own organisation under one of its contracts, all or none; those assigned under it already stay so.

    `includes_all`: the agency sees the lender's and other agencies' evidence on these cases too.
    Raises Forbidden, EntrustmentEnded, CasesMissing, CaseNotFound.
    """
    viewer.must(Act.DISTRIBUTE)
    if entrustment.lender_id != viewer.organisation.pk:
        raise CaseNotFound
    cases = cases_named(viewer.organisation, refs)
    with transaction.atomic():
        # The contract's row first, so that its end and an assignment under it take turns.
        contract = Entrustment.objects.select_for_update().get(pk=entrustment.pk)
        if contract.ended_at is not None or not contract.starts_at <= now < contract.ends_at:
            raise EntrustmentEnded(pointer="/entrustment")
        held = Assignment.objects.filter(entrustment=contract, case__in=cases, withdrawn_at=None)
        held.update(includes_all=includes_all)
        already = set(held.values_list("case_id", flat=True))
        made = Assignment.objects.bulk_create([
            Assignment(ref=secrets.token_hex(16), entrustment=contract, case=case, includes_all=includes_all, assigned_at=now,
                       assigned_by=viewer.actor)
            for case in cases if case.pk not in already])
        if made:
            leave_notices([contract.agency_id], kind=CASES_ASSIGNED, subject=contract.ref, count=len(made), now=now)
        _note(Event.CASES_ASSIGNED, viewer, contract.ref, f"cases:{len(cases)}{'+includes_all' * includes_all}", now)
        return list(held.annotate(case_ref=CaseRef()).select_related("entrustment__agency", "entrustment__lender").order_by("id"))


def withdraw_cases(viewer: Viewer, refs: Sequence[str], *, now: datetime) -> int:
    """退案: take cases back, by the assignments' refs; how many there were. Agency and agent see nothing of them from now on.

    Raises Forbidden, CasesMissing, CaseNotFound when one of them is no live assignment of this lender's.
    """
    viewer.must(Act.DISTRIBUTE)
    wanted = _refs(refs)
    with transaction.atomic():
        ids = _ids(assignments_given(viewer).select_for_update(of=("self",)).filter(ref__in=wanted))
        if len(ids) != len(wanted):
            raise CaseNotFound(pointer="/assignments")
        return _withdraw(viewer, ids, now)


def withdraw_shown(viewer: Viewer, entrustment: Entrustment, shown: Q, *, seen: int, now: datetime) -> int:
    """Take back all cases under a contract of the viewer's that a filter shows, `seen` by whoever acts.

    Raises Forbidden, CasesMissing, SelectionTooLarge, SelectionMoved.
    """
    viewer.must(Act.DISTRIBUTE)
    with transaction.atomic():
        given = assignments_given(viewer).select_for_update(of=("self",)).filter(shown, entrustment=entrustment)
        return _withdraw(viewer, _shown(given, seen), now)


def _withdraw(viewer: Viewer, ids: list[int], now: datetime) -> int:
    rows = Assignment.objects.filter(pk__in=ids, withdrawn_at=None)
    tell_agents_of_loss(ids, keeps=None, now=now)
    Distribution.objects.filter(assignment__in=ids, until=None).update(until=now)
    for agency_id, contract, count in counted(rows, "entrustment__agency_id", "entrustment__ref"):
        leave_notices([agency_id], kind=CASES_WITHDRAWN, subject=contract, count=count, now=now)
        _note(Event.CASES_WITHDRAWN, viewer, contract, f"cases:{count}", now)
    return rows.update(withdrawn_at=now, withdrawn_by=viewer.actor)


def distribute_cases(viewer: Viewer, refs: Sequence[str], agent: Person | None, *, now: datetime) -> int:
    """分案: give assigned cases to an agent of the agency, or to nobody (None); whoever had them before sees them no more.

    Raises Forbidden, CasesMissing, AgentUnsuitable, CaseNotFound when one is not assigned to this agency now.
    """
    viewer.must(Act.DISTRIBUTE)
    if agent is not None and not _is_agent(viewer, agent):
        raise AgentUnsuitable(pointer="/agent")
    wanted = _refs(refs)
    with transaction.atomic():
        ids = _ids(assignments_held(viewer, now=now).select_for_update().filter(ref__in=wanted))
        if len(ids) != len(wanted):
            raise CaseNotFound(pointer="/assignments")
        return _distribute(viewer, ids, agent, now)


def distribute_shown(viewer: Viewer, entrustment: Entrustment, shown: Q, agent: Person | None, *, seen: int, now: datetime) -> int:
    """Distribute all cases under a contract that a filter shows, `seen` by whoever acts.

    Raises Forbidden, AgentUnsuitable, CasesMissing, SelectionTooLarge, SelectionMoved.
    """
    viewer.must(Act.DISTRIBUTE)
    if agent is not None and not _is_agent(viewer, agent):
        raise AgentUnsuitable(pointer="/agent")
    with transaction.atomic():
        held = assignments_held(viewer, now=now).select_for_update().filter(shown, entrustment=entrustment)
        return _distribute(viewer, _shown(held, seen), agent, now)


def _distribute(viewer: Viewer, ids: list[int], agent: Person | None, now: datetime) -> int:
    tell_agents_of_loss(ids, keeps=agent, now=now)
    if agent is not None:
        tell_agent_of_gain(ids, agent, now=now)
    Distribution.objects.filter(assignment__in=ids, until=None).update(until=now)
    if agent is not None:
        Distribution.objects.bulk_create(Distribution(assignment_id=id_, agent=agent, since=now, made_by=viewer.actor) for id_ in ids)
    for contract, count in counted(Assignment.objects.filter(pk__in=ids), "entrustment__ref"):
        _note(Event.CASES_DISTRIBUTED, viewer, contract, f"cases:{count}{'' if agent is None else f'+person:{agent.pk}'}", now)
    return len(ids)


def agents_of(viewer: Viewer) -> list[Person]:
    """The agents at work in the viewer's agency, by name."""
    held = Membership.objects.filter(organisation=viewer.organisation, role=Role.COLLECTION_AGENT, until=None).select_related("person")
    return [each.person for each in held.order_by("person__display_name", "person_id") if each.person.is_active]


def _is_agent(viewer: Viewer, person: Person) -> bool:
    return viewer.kind == Kind.COLLECTION_AGENCY and any(each.pk == person.pk for each in agents_of(viewer))


def _note(event: Event, viewer: Viewer, contract: str, detail: str, now: datetime) -> None:
    note(event, viewer.organisation, at=now, subject=f"entrustment:{contract}", detail=detail, actor=viewer.actor)


def _ids(rows: QuerySet[Assignment]) -> list[int]:
    return list(rows.order_by("id").values_list("id", flat=True))


def _shown(rows: QuerySet[Assignment], seen: int) -> list[int]:
    """The ids of what a filter shows, if that is as many as somebody saw. Raises CasesMissing, SelectionTooLarge, SelectionMoved."""
    ids = _ids(rows)
    if len(ids) > MOST_SHOWN:
        raise SelectionTooLarge(limit=MOST_SHOWN, pointer="/whole")
    if len(ids) != seen:
        raise SelectionMoved(count=len(ids), pointer="/whole")
    if not ids:
        raise CasesMissing(limit=MOST_SHOWN, pointer="/assignments")
    return ids


def _refs(refs: Sequence[str]) -> set[str]:
    if not 0 < len(refs) <= MOST_CASES:
        raise CasesMissing(limit=MOST_CASES, pointer="/assignments")
    return set(refs)
