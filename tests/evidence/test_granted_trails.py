"""Grants, assignments, matters and orders in the trails of the records that were read by them: each once, and its end, however often."""
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.permissions import Kind, Role
from accounts.viewer import Viewer
from cases.assigning import end_entrustment, withdraw_cases
from cases.granting import revoke_grant
from cases.matters import close_matter
from cases.models import Assignment, Case, Entrustment, Grant, Matter, Order
from cases.orders import end_order
from common.failpoints import InjectedFault, plan
from evidence import granted_trails
from evidence.custody import CustodyAction
from evidence.custody_batches import commit_custody
from evidence.fsck import examine_evidence
from evidence.granted_trails import note_ended, note_ends
from evidence.models import CustodyEvent, CustodyHead, Evidence, GrantedTrail
from evidence.reading import note_reading
from evidence.selectors import custody_of
from evidence.trail import to_the_millisecond
from tests.cases.cast import Cast
from tlog.times import format_time


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()


@pytest.fixture
def granted(cast: Cast) -> Case:
    case = cast.case(records=2)
    cast.granted(case, "law_firm", Kind.LAW_FIRM, purpose="代理诉讼")
    return case


def read(cast: Cast, case: Case) -> Evidence:
    record = Evidence.objects.filter(case=case).order_by("case_sequence")[0]
    note_reading(cast.person("lawyer", Role.LAWYER, "law_firm"), [record], CustodyAction.VIEWED, request_id="r", now=timezone.now())
    return record


def test_the_first_reading_by_a_grant_says_which_grant_that_is_and_no_other_does(cast: Cast, granted: Case) -> None:
    read(cast, granted)
    record = read(cast, granted)
    rows = custody_of(record)
    assert [row.event for row in rows] == ["record:ingested", "access:granted", "record:viewed", "record:viewed"]
    grant = Grant.objects.get()
    told = str(rows[1].purpose)
    assert told.startswith(f"grant {grant.ref} to {grant.receiver.ref}, ")
    assert f" by {grant.granted_by}, until " in told
    assert told.endswith(": 代理诉讼")
    assert (rows[1].actor, rows[1].circumstances and rows[1].circumstances.on_behalf_of) == ("system", grant.lender.ref)
    assert CustodyEvent.objects.filter(event="access:granted").count() == 1, "nothing in the trail of what nobody read"


def test_what_is_read_by_another_root_knows_of_no_grant(cast: Cast, granted: Case) -> None:
    record = Evidence.objects.filter(case=granted)[0]
    note_reading(cast.officer, [record], CustodyAction.VIEWED, request_id="r", now=timezone.now())
    assert not GrantedTrail.objects.exists()


def test_a_revocation_is_told_once_to_the_trails_that_know_of_the_grant(
    cast: Cast, granted: Case, publish: Callable[[], None]
) -> None:
    record = read(cast, granted)
    assert note_ended(now=timezone.now()) == 0
    grant = Grant.objects.get()
    revoke_grant(cast.legal, grant, now=timezone.now())
    commit_custody(0)
    commit_custody(0)
    grant.refresh_from_db()
    row = custody_of(record)[-1]
    assert (row.event, row.actor) == ("access:revoked", "system")
    assert str(row.purpose).endswith(f" by {grant.revoked_by}")
    assert CustodyEvent.objects.filter(event="access:revoked").count() == 1
    assert CustodyHead.objects.filter(event__evidence=record, event__sequence=row.sequence).count() == 1
    publish()
    assert list(examine_evidence()) == []


def purposes(record: Evidence, event: str) -> list[str]:
    return [str(row.purpose) for row in custody_of(record) if row.event == event]


def assigned(cast: Cast, case: Case) -> tuple[Viewer, str, str, str]:
    made = cast.assigned(case, includes_all=True)
    name = f"assignment {made.ref} under entrustment {made.entrustment.ref} to {made.entrustment.agency.ref}"
    return cast.person("supervisor", Role.AGENCY_SUPERVISOR), name, made.assigned_by, made.entrustment.lender.ref


def accepted(cast: Cast, case: Case) -> tuple[Viewer, str, str, str]:
    notary = cast.person("notary", Role.NOTARY)
    matter = cast.accepted(case, "notary_office", notary)
    revoke_grant(cast.legal, matter.grant, now=cast.now)
    return notary, f"matter {matter.ref} at {matter.institution.ref}", matter.accepted_by, matter.institution.ref


def ordered(cast: Cast, case: Case) -> tuple[Viewer, str, str, str]:
    order = cast.ordered(case)
    order.refresh_from_db()
    return cast.person("court-judge", Role.JUDGE, "court"), f"order {order.ref} of {order.court.ref}", order.opened_by, order.court.ref


def withdraw(cast: Cast, _reader: Viewer) -> str:
    withdraw_cases(cast.officer, [Assignment.objects.get().ref], now=timezone.now())
    return cast.officer.actor


def end_contract(cast: Cast, _reader: Viewer) -> str:
    end_entrustment(cast.legal, Entrustment.objects.get(), now=timezone.now())
    return cast.legal.actor


def close(_cast: Cast, reader: Viewer) -> str:
    close_matter(reader, Matter.objects.get(), now=timezone.now())
    return reader.actor


def withdraw_order(_cast: Cast, reader: Viewer) -> str:
    end_order(reader, Order.objects.get(), now=timezone.now())
    return reader.actor


@pytest.mark.parametrize(("opened", "ended"), [
    (assigned, withdraw), (assigned, end_contract), (accepted, close), (ordered, withdraw_order)])
def test_the_trail_says_by_which_paper_somebody_came_who_opened_it_and_who_ended_it(
    cast: Cast, publish: Callable[[], None], opened: Callable[[Cast, Case], tuple[Viewer, str, str, str]],
    ended: Callable[[Cast, Viewer], str],
) -> None:
    case = cast.case(records=2)
    reader, name, by, opener = opened(cast, case)
    record, unread = Evidence.objects.filter(case=case).order_by("case_sequence")
    for _ in range(2):
        note_reading(reader, [record], CustodyAction.VIEWED, request_id="r", now=timezone.now())
    [told] = purposes(record, "access:granted")
    assert told.startswith(f"{name}, ")
    assert f" by {by}" in told
    row = custody_of(record)[1]
    assert (row.event, row.actor, row.circumstances and row.circumstances.on_behalf_of) == ("access:granted", "system", opener)
    assert note_ended(now=timezone.now()) == 0
    actor = ended(cast, reader)
    for _ in range(2):
        commit_custody(0)
    [told] = purposes(record, "access:revoked")
    assert told.startswith(f"{name}, ")
    assert f" by {actor}" in told
    assert purposes(unread, "access:granted") == purposes(unread, "access:revoked") == []
    publish()
    assert list(examine_evidence()) == []


def test_a_matter_that_is_closed_says_until_when_its_files_are_open(cast: Cast) -> None:
    case = cast.case()
    reader = accepted(cast, case)[0]
    close(cast, reader)
    [record] = Evidence.objects.filter(case=case)
    note_reading(reader, [record], CustodyAction.VIEWED, request_id="r", now=timezone.now())
    note_ended(now=timezone.now())
    until = format_time(to_the_millisecond(Matter.objects.get().open_until or cast.now))
    assert [f"until {until}" in told for event in ("access:granted", "access:revoked") for told in purposes(record, event)] == [True, True]


def test_what_was_assigned_again_is_told_again(cast: Cast) -> None:
    case = cast.case()
    [record] = Evidence.objects.filter(case=case)
    for count in (1, 2):
        made = cast.assigned(case, includes_all=True)
        note_reading(
            cast.person("supervisor", Role.AGENCY_SUPERVISOR), [record], CustodyAction.VIEWED, request_id="r", now=timezone.now())
        withdraw_cases(cast.officer, [made.ref], now=timezone.now())
        note_ends()
        assert len(purposes(record, "access:granted")) == len(purposes(record, "access:revoked")) == count


def test_more_ends_than_one_transaction_takes_are_all_told_and_a_kill_loses_none(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(granted_trails, "MOST", 2)
    case = cast.case(records=5)
    made = cast.assigned(case, includes_all=True)
    reader = cast.person("supervisor", Role.AGENCY_SUPERVISOR)
    note_reading(reader, list(Evidence.objects.filter(case=case)), CustodyAction.VIEWED, request_id="r", now=timezone.now())
    withdraw_cases(cast.officer, [made.ref], now=timezone.now())
    with plan("evidence.ends-before-commit=error"), pytest.raises(InjectedFault):
        note_ends()
    assert not CustodyEvent.objects.filter(event="access:revoked").exists()
    note_ended(now=timezone.now())
    assert CustodyEvent.objects.filter(event="access:revoked").count() == 2
    note_ends()
    note_ends()
    ends = CustodyEvent.objects.filter(event="access:revoked").values_list("evidence", flat=True)
    assert sorted(ends) == sorted(Evidence.objects.filter(case=case).values_list("pk", flat=True))
