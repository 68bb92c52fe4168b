"""委案, 分案, 退案: who works on a case sees it while he does, and what he deposited stays with the lender."""
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.models import Q

from accounts.permissions import Kind, Role
from accounts.viewer import Viewer
from cases.assigning import Contract, assign_cases, distribute_cases, end_entrustment, entrust, withdraw_cases, withdraw_shown
from cases.errors import (
    AgentUnsuitable,
    CaseNotFound,
    DocumentMissing,
    EntrustmentEnded,
    NumberTaken,
    OrganisationUnsuitable,
    PeriodUnsuitable,
    TextUnsuitable,
)
from cases.models import Assignment, Case, Distribution
from cases.roots import Root
from cases.selectors import access_to, cases_for
from common.problems import Forbidden
from evidence.fsck import examine_evidence
from evidence.models import Evidence
from evidence.selectors import records_for
from notifications.kinds import CASES_TAKEN
from notifications.models import Notice
from tests.cases.cast import DAY, Cast, all_of, numbers
from tests.evidence.test_case_chain import blocked, closing
from tests.ledger.processes import wait_until

AGENCY, RIVAL = "collection_agency", "另一催收机构"
NOTHING = Contract("", "", "", "", datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))


def sees(viewer: Viewer, case: Case, cast: Cast) -> bool:
    return cases_for(viewer, now=cast.now).filter(pk=case.pk).exists()


def test_an_agent_sees_a_case_from_its_distribution_to_the_next(cast: Cast) -> None:
    case = cast.case()
    supervisor, first, second = (
        cast.person("boss", Role.AGENCY_SUPERVISOR), cast.person("one", Role.COLLECTION_AGENT), cast.person("two", Role.COLLECTION_AGENT))
    made = cast.assigned(case)
    assert [sees(each, case, cast) for each in (supervisor, first, second)] == [True, False, False]
    distribute_cases(supervisor, [made.ref], first.person, now=cast.now)
    assert [sees(each, case, cast) for each in (supervisor, first, second)] == [True, True, False]
    distribute_cases(supervisor, [made.ref], second.person, now=cast.now)
    assert [sees(each, case, cast) for each in (supervisor, first, second)] == [True, False, True]
    assert access_to(second, case, now=cast.now).root == Root.ASSIGNED
    distribute_cases(supervisor, [made.ref], None, now=cast.now)
    assert not sees(second, case, cast)


def withdrawn(cast: Cast, made: Assignment) -> None:
    withdraw_cases(cast.officer, [made.ref], now=cast.now)


def ended(cast: Cast, made: Assignment) -> None:
    end_entrustment(cast.legal, made.entrustment, now=cast.now)


def over(cast: Cast, made: Assignment) -> None:
    cast.now += 30 * DAY


@pytest.mark.parametrize("whole", [False, True])
def test_a_withdrawal_waits_for_a_distribution_under_way_and_ends_it(cast: Cast, whole: bool) -> None:
    agent, made, officer = cast.person("one", Role.COLLECTION_AGENT).person, cast.assigned(cast.case()), cast.officer
    assert agent is not None

    def withdraw() -> int:
        if whole:
            return withdraw_shown(officer, made.entrustment, Q(), seen=1, now=cast.now)
        return withdraw_cases(officer, [made.ref], now=cast.now)

    other = connection.copy()
    with ThreadPoolExecutor(1) as pool, other.cursor() as cursor:
        cursor.execute("BEGIN" if other.vendor == "postgresql" else "BEGIN IMMEDIATE")
        if other.vendor == "postgresql":
            cursor.execute("SELECT 1 FROM cases_assignment WHERE id = %s FOR UPDATE", [made.pk])
        cursor.execute(
            "INSERT INTO cases_distribution (assignment_id, agent_id, since, made_by) VALUES (%s, %s, %s, 'x')",
            [made.pk, agent.pk, other.ops.adapt_datetimefield_value(cast.now)])
        withdrawn = pool.submit(closing, withdraw)
        if other.vendor == "postgresql":
            wait_until(lambda: blocked() == 1)
        else:
            time.sleep(0.2)
        cursor.execute("COMMIT")
        assert withdrawn.result() == 1
    other.close()
    assert Distribution.objects.get().until == cast.now
    assert [each.kind for each in Notice.objects.filter(person=agent)] == [CASES_TAKEN]


@pytest.mark.parametrize("end", [withdrawn, ended, over])
def test_whatever_ends_an_assignment_ends_agencys_and_agents_access_at_once(end: Callable[[Cast, Assignment], None], cast: Cast) -> None:
    case = cast.case()
    made = cast.assigned(case, to="agent")
    supervisor, agent = cast.person("boss", Role.AGENCY_SUPERVISOR), cast.person("agent", Role.COLLECTION_AGENT)
    machine = cast.machine(AGENCY, Kind.COLLECTION_AGENCY)
    theirs = cast.deposit(machine, case.ref)
    assert [numbers(records_for(each, now=cast.now)) for each in (supervisor, agent, machine)] == [set(theirs)] * 3
    end(cast, made)
    for viewer in (supervisor, agent, machine):
        assert not sees(viewer, case, cast)
        assert numbers(records_for(viewer, now=cast.now)) == set()
        with pytest.raises(CaseNotFound):
            access_to(viewer, case, now=cast.now)
    with pytest.raises(CaseNotFound):
        cast.deposit(machine, case.ref)
    assert set(theirs) <= numbers(records_for(cast.officer, now=cast.now))


def test_what_an_agency_deposits_is_the_lenders_and_says_who_deposited_it(cast: Cast, publish: Callable[[], None]) -> None:
    case = cast.case(records=2)
    cast.assigned(case)
    machine = cast.machine(AGENCY, Kind.COLLECTION_AGENCY)
    [number] = cast.deposit(machine, case.ref)
    record = Evidence.objects.get(record=number)
    assert (record.organisation, record.case, record.case_sequence) == (case.organisation, case, 3)
    assert record.deposited_by == machine.organisation
    first = record.custody.get()
    assert (first.organisation_ref, first.actor.partition(":")[0]) == (machine.organisation.ref, "api_key")
    publish()
    assert list(examine_evidence()) == []


def test_a_batch_of_an_agency_may_be_for_several_lenders_and_is_refused_whole(cast: Cast) -> None:
    case, machine = cast.case(), cast.machine(AGENCY, Kind.COLLECTION_AGENCY)
    cast.assigned(case)
    before = Evidence.objects.count()
    for stranger in ("0" * 32, "LN-1", cast.case("LN-2").ref):
        with pytest.raises(CaseNotFound):
            cast.deposit(machine, stranger)
    assert Evidence.objects.count() == before + 1, "the lender's own of LN-2 alone"
    assert not Case.objects.filter(organisation=machine.organisation).exists()


def test_an_agency_sees_its_own_deposits_and_others_only_where_the_lender_includes_them(cast: Cast) -> None:
    case = cast.case(records=2)
    cast.assigned(case)
    cast.assigned(case, RIVAL)
    ours, theirs = cast.machine(AGENCY, Kind.COLLECTION_AGENCY), cast.machine(RIVAL, Kind.COLLECTION_AGENCY)
    mine, foreign = cast.deposit(ours, case.ref), cast.deposit(theirs, case.ref)
    assert numbers(records_for(ours, now=cast.now)) == set(mine)
    assert numbers(records_for(theirs, now=cast.now)) == set(foreign)
    assign_cases(cast.officer, Assignment.objects.get(entrustment__agency=ours.organisation).entrustment, [case.ref],
                 includes_all=True, now=cast.now)
    assert numbers(records_for(ours, now=cast.now)) == all_of(case)
    assert numbers(records_for(theirs, now=cast.now)) == set(foreign)


def test_an_agency_passes_nothing_on(cast: Cast) -> None:
    """No re-delegation: neither by a contract, nor by an assignment of its own, nor to somebody else's people."""
    case = cast.case()
    made = cast.assigned(case)
    supervisor = cast.person("boss", Role.AGENCY_SUPERVISOR)
    rival = cast.person("rival", Role.COLLECTION_AGENT, RIVAL)
    for attempt, refusal in (
        (lambda: assign_cases(supervisor, made.entrustment, [case.ref], includes_all=False, now=cast.now), CaseNotFound),
        (lambda: distribute_cases(supervisor, [made.ref], rival.person, now=cast.now), AgentUnsuitable),
        (lambda: distribute_cases(supervisor, [made.ref], supervisor.person, now=cast.now), AgentUnsuitable),
        (lambda: withdraw_cases(supervisor, [made.ref], now=cast.now), CaseNotFound),
        (lambda: end_entrustment(supervisor, made.entrustment, now=cast.now), Forbidden),
        (lambda: distribute_cases(cast.person("rivals", Role.AGENCY_SUPERVISOR, RIVAL), [made.ref], rival.person, now=cast.now),
         CaseNotFound),
    ):
        with pytest.raises(refusal):
            attempt()
    with pytest.raises(Forbidden):
        entrust(supervisor, NOTHING, now=cast.now)


def test_a_contract_is_refused_when_anything_of_it_is_missing(cast: Cast) -> None:
    foreign = cast.paper(cast.person("court", Role.JUDGE))
    for changes, refusal in (
        ({"document": ""}, DocumentMissing), ({"document": foreign}, DocumentMissing), ({"document": "CZ-1"}, DocumentMissing),
        ({"agency": "0" * 32}, OrganisationUnsuitable), ({"agency": cast.organisation("court", Kind.COURT).ref}, OrganisationUnsuitable),
        ({"number": " "}, TextUnsuitable), ({"scope": "催收\0"}, TextUnsuitable), ({"scope": "长" * 501}, TextUnsuitable),
        ({"ends_at": cast.now}, PeriodUnsuitable), ({"starts_at": cast.now - 9 * DAY, "ends_at": cast.now - DAY}, PeriodUnsuitable),
    ):
        with pytest.raises(refusal):
            cast.entrustment(**changes)
    made = cast.entrustment()
    with pytest.raises(NumberTaken):
        cast.entrustment(number=made.number)
    with pytest.raises(Forbidden):
        entrust(cast.officer, NOTHING, now=cast.now)


def test_an_assignment_is_all_or_nothing_and_repeats_harmlessly(cast: Cast) -> None:
    case, contract = cast.case(), cast.entrustment()
    with pytest.raises(CaseNotFound) as refusal:
        assign_cases(cast.officer, contract, [case.ref, "0" * 32], includes_all=False, now=cast.now)
    assert (refusal.value.pointer, Assignment.objects.count()) == ("/cases/1", 0)
    twice = [assign_cases(cast.officer, contract, [case.ref, case.ref], includes_all=False, now=cast.now) for _ in range(2)]
    assert twice[0] == twice[1]
    assert len(twice[0]) == 1
    cast.now += 30 * DAY
    with pytest.raises(EntrustmentEnded):
        assign_cases(cast.officer, contract, [case.ref], includes_all=False, now=cast.now)
