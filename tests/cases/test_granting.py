"""授权、受理、调取: three ways to a case that is not one's own, and who may end each."""
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from accounts.models import Organisation
from accounts.permissions import Act, Kind, Role
from accounts.viewer import Viewer
from cases.errors import (
    CaseNotFound,
    CasesMissing,
    ConsentMissing,
    DocumentMissing,
    DocumentUnsuitable,
    FilePeriodUnsuitable,
    GrantNotWorking,
    NumberTaken,
    OrganisationUnsuitable,
    PeriodUnsuitable,
    SecondPersonNeeded,
    StateUnsuitable,
    TextUnsuitable,
)
from cases.facts import ConsentKind
from cases.granting import approve_grant, grant_access, revoke_grant
from cases.matters import accept_matter, close_matter, submit_cases
from cases.models import Case, Consent, Grant, Matter, Order
from cases.orders import Paper, end_order, open_order, upload_order
from cases.roots import Root
from cases.selectors import access_to, cases_for
from common.errors import OrganisationOnTrial
from common.problems import Forbidden
from evidence.errors import RecordNotFound
from evidence.models import Evidence
from evidence.reading import covering
from evidence.selectors import records_for
from notifications.kinds import CASES_GRANTED, CASES_ORDERED, GRANT_REVOKED, ORDER_WAITING
from notifications.models import Notice
from tests.cases.cast import DAY, Cast, all_of, numbers
from tlog.times import CHINA

RECEIVING = {
    Kind.NOTARY_OFFICE: Role.NOTARY, Kind.LAW_FIRM: Role.LAWYER, Kind.ARBITRATION_BODY: Role.CASE_SECRETARY, Kind.COURT: Role.JUDGE,
}


def seen(viewer: Viewer, cast: Cast) -> tuple[set[str], set[str]]:
    """Refs of cases and numbers of records that are open to the viewer now, without his own organisation's."""
    cases = cases_for(viewer, now=cast.now).exclude(organisation=viewer.organisation)
    records = records_for(viewer, now=cast.now).exclude(organisation=viewer.organisation)
    return set(cases.values_list("ref", flat=True)), numbers(records)


NOTHING: tuple[set[str], set[str]] = (set(), set())


@pytest.mark.parametrize("kind", RECEIVING)
def test_a_grant_opens_its_cases_for_its_period_until_it_is_revoked(kind: Kind, cast: Cast) -> None:
    case, other = cast.case(records=2), cast.case("LN-2")
    viewer = cast.person("reader", RECEIVING[kind])
    assert seen(viewer, cast) == NOTHING
    grant = cast.granted(case, kind.value, kind, starts_at=cast.now + DAY)
    assert seen(viewer, cast) == NOTHING
    cast.now += DAY
    assert seen(viewer, cast) == ({case.ref}, all_of(case))
    assert access_to(viewer, case, now=cast.now).root == Root.GRANTED
    stranger = cast.person("stranger", RECEIVING[kind], "另一机构")
    assert seen(stranger, cast) == NOTHING
    revoke_grant(cast.legal, grant, now=cast.now)
    assert seen(viewer, cast) == NOTHING
    with pytest.raises(CaseNotFound):
        access_to(viewer, other, now=cast.now)


def test_no_document_no_grant(cast: Cast) -> None:
    case, firm = cast.case(), cast.organisation("law_firm", Kind.LAW_FIRM)
    foreign = cast.paper(cast.person("court", Role.JUDGE))
    entrusted, duty = {"basis": Grant.Basis.ENTRUSTED}, {"basis": Grant.Basis.DUTY}
    refused: tuple[tuple[dict[str, Any], type[Exception]], ...] = (
        ({"document": ""}, DocumentMissing), ({**entrusted, "document": ""}, DocumentMissing), ({**duty, "document": " "}, DocumentMissing),
        ({**entrusted, "document": "consent-2026-0001"}, DocumentMissing), ({**duty, "document": foreign}, DocumentMissing),
        ({"document": "同意书"}, ConsentMissing), ({"purpose": ""}, TextUnsuitable), ({"ends_at": cast.now}, PeriodUnsuitable),
        ({"cases": []}, CasesMissing), ({"cases": ["0" * 32]}, CaseNotFound), ({"cases": [case.ref, "\0"]}, CaseNotFound),
        ({"receiver": cast.legal.organisation.ref}, OrganisationUnsuitable), ({"receiver": "x"}, OrganisationUnsuitable),
        ({"receiver": cast.organisation("a", Kind.COLLECTION_AGENCY).ref}, OrganisationUnsuitable),
    )
    for changes, refusal in refused:
        with pytest.raises(refusal):
            grant_access(cast.legal, cast.opening([case], firm, **changes), now=cast.now)
    assert not Grant.objects.exists()
    recording = cast.deposit(cast.legal, "文件", kind="call_recording")[0]
    for basis in (entrusted, duty):
        with pytest.raises(DocumentUnsuitable):
            grant_access(cast.legal, cast.opening([case], firm, **basis, document=recording), now=cast.now)
    with pytest.raises(DocumentUnsuitable):
        cast.entrustment(document=recording)
    for basis in (entrusted, duty):
        grant_access(cast.legal, cast.opening([case], firm, **basis, document=cast.paper(cast.legal)), now=cast.now)
    for viewer in (cast.officer, cast.person("lawyer", Role.LAWYER)):
        with pytest.raises(Forbidden):
            grant_access(viewer, cast.opening([case], firm), now=cast.now)


def test_a_separate_consent_stands_in_the_file_of_every_case_of_its_grant(cast: Cast) -> None:
    case, other, firm = cast.case(), cast.case("LN-2"), cast.organisation("law_firm", Kind.LAW_FIRM)
    opening = cast.opening([case], firm, document="同意书第 3 条")
    for refused, missing in ((opening, 1), (replace(opening, cases=[case.ref, other.ref]), 2)):
        with pytest.raises(ConsentMissing) as refusal:
            grant_access(cast.legal, refused, now=cast.now)
        assert (refusal.value.data["count"], refusal.value.pointer) == (missing, "/document")
    # That a paper was deposited consents to nothing; where the file names its record, it is the consent's.
    paper = cast.paper(cast.legal)
    with pytest.raises(ConsentMissing):
        grant_access(cast.legal, replace(opening, document=paper), now=cast.now)
    cast.consented([case], paper)
    assert grant_access(cast.legal, replace(opening, document=paper), now=cast.now).document == paper
    Consent.objects.filter(document=paper).update(document="", record=paper)
    assert grant_access(cast.legal, replace(opening, document=paper.lower()), now=cast.now).document == paper.lower()
    longest = "同" * 200
    cast.consented([case], longest)
    assert grant_access(cast.legal, replace(opening, document=longest), now=cast.now).document == longest
    cast.consented([case], "同意书第 3 条")
    with pytest.raises(ConsentMissing) as refusal:
        grant_access(cast.legal, replace(opening, cases=[case.ref, other.ref]), now=cast.now)
    assert refusal.value.data["count"] == 1, "another case's consent is not this one's"
    assert grant_access(cast.legal, opening, now=cast.now).document == "同意书第 3 条"
    row = Consent.objects.get(document="同意书第 3 条")
    today = cast.now.astimezone(CHINA).date()
    for column, value in (
        ("withdrawn_on", today), ("kind", ConsentKind.RECORDING), ("given_on", today + DAY), ("withdrawn_on", today - DAY)):
        before = getattr(row, column)
        Consent.objects.filter(pk=row.pk).update(**{column: value})
        with pytest.raises(ConsentMissing):
            grant_access(cast.legal, opening, now=cast.now)
        Consent.objects.filter(pk=row.pk).update(**{column: before})
    Consent.objects.filter(pk=row.pk).update(withdrawn_on=today + DAY)
    grant_access(cast.legal, opening, now=cast.now)


def many(cast: Cast, count: int) -> list[Case]:
    lender = cast.legal.organisation
    made = [Case(organisation=lender, ref=f"{n:032x}", client_reference=f"B-{n}", created_at=cast.now) for n in range(count)]
    return Case.objects.bulk_create(made)


def test_a_grant_of_more_than_a_hundred_cases_waits_for_another_legal_officer(cast: Cast) -> None:
    cases, viewer = many(cast, 101), cast.person("lawyer", Role.LAWYER)
    firm = viewer.organisation
    grant_access(cast.legal, cast.opening(cases[:100], firm), now=cast.now)
    assert len(seen(viewer, cast)[0]) == 100, "a hundred need nobody else"
    grant = grant_access(cast.legal, cast.opening(cases, firm), now=cast.now)
    assert len(seen(viewer, cast)[0]) == 100
    with pytest.raises(SecondPersonNeeded):
        approve_grant(cast.legal, grant, now=cast.now)
    machine = cast.machine("lender", Kind.LENDER)
    object.__setattr__(machine, "acts", frozenset(Act))
    with pytest.raises(SecondPersonNeeded):
        approve_grant(machine, grant, now=cast.now)
    with pytest.raises(Forbidden):
        approve_grant(cast.officer, grant, now=cast.now)
    second = cast.person("legal2", Role.LEGAL_OFFICER)
    by_machine = grant_access(machine, cast.opening(cases, firm), now=cast.now)
    with pytest.raises(SecondPersonNeeded):
        approve_grant(second, by_machine, now=cast.now)
    approve_grant(second, grant, now=cast.now)
    assert len(seen(viewer, cast)[0]) == 101
    with pytest.raises(StateUnsuitable):
        approve_grant(second, grant, now=cast.now)
    revoke_grant(second, grant, now=cast.now)
    assert len(seen(viewer, cast)[0]) == 100


def test_a_large_grant_in_parts_needs_the_second_person_as_well(cast: Cast) -> None:
    """Counted is what one receiver gets on one person's word: different cases, working or of the last day, but for what two opened."""
    cases, viewer = many(cast, 250), cast.person("lawyer", Role.LAWYER)
    firm, other = viewer.organisation, cast.organisation("另一律所", Kind.LAW_FIRM)

    def granted(start: int, end: int, to: Any = firm, **changes: Any) -> Grant:
        return grant_access(cast.legal, cast.opening(cases[start:end], to, **changes), now=cast.now)

    small = granted(0, 60)
    assert not granted(0, 60).needs_second, "the same cases again are no more of them"
    assert not granted(60, 100, starts_at=cast.now + 2 * DAY).needs_second
    one_more = granted(100, 101)
    assert (one_more.needs_second, one_more.needs_approval, len(seen(viewer, cast)[0])) == (True, True, 60), "what begins later counts too"
    assert not granted(100, 200, other).needs_second, "another receiver is another matter"
    for grant in Grant.objects.filter(receiver=firm):
        revoke_grant(cast.legal, grant, now=cast.now)
    assert granted(100, 101).needs_second, "to revoke and to grant the next is what one day does not allow"
    cast.now += DAY
    again = granted(100, 200)
    assert (again.needs_second, len(seen(viewer, cast)[0])) == (False, 100)
    large = granted(0, 100)
    approve_grant(cast.person("legal2", Role.LEGAL_OFFICER), large, now=cast.now)
    assert (large.needs_second, len(seen(viewer, cast)[0])) == (True, 200)
    cast.now += 30 * DAY
    assert not granted(0, 100).needs_second, "what two opened and what has ended count no more"
    assert small.pk != again.pk


def test_a_receiver_is_told_of_the_end_of_a_grant_that_was_approved_since_it_was_read(cast: Cast) -> None:
    cases, firm = many(cast, 101), cast.organisation("law_firm", Kind.LAW_FIRM)
    read = grant_access(cast.legal, cast.opening(cases, firm), now=cast.now)
    approve_grant(cast.person("legal2", Role.LEGAL_OFFICER), Grant.objects.get(pk=read.pk), now=cast.now)
    revoke_grant(cast.legal, read, now=cast.now)
    assert [each.kind for each in Notice.objects.filter(organisation=firm).order_by("id")] == [CASES_GRANTED, GRANT_REVOKED]


def test_nothing_is_granted_to_an_auditor_who_could_read_none_of_it(cast: Cast) -> None:
    auditor = cast.organisation("auditor", Kind.AUDITOR)
    with pytest.raises(OrganisationUnsuitable):
        grant_access(cast.legal, cast.opening([cast.case()], auditor), now=cast.now)


def test_an_acceptance_outlives_the_grant_until_the_files_period_is_over(cast: Cast) -> None:
    case = cast.case(records=2)
    submitted = all_of(case)
    notary = cast.person("notary", Role.NOTARY)
    matter = cast.accepted(case, "notary_office", notary, file_days=10)
    later = set(cast.deposit(cast.legal, "LN-1"))
    assert seen(notary, cast) == ({case.ref}, submitted | later), "the grant opens the whole case"
    revoke_grant(cast.legal, matter.grant, now=cast.now)
    assert seen(notary, cast) == ({case.ref}, submitted)
    assert access_to(notary, case, now=cast.now).root == Root.ACCEPTED
    cast.now += 400 * DAY
    assert seen(notary, cast) == ({case.ref}, submitted), "the grant's period ends nothing either"
    close_matter(notary, matter, now=cast.now)
    cast.now += 9 * DAY
    assert seen(notary, cast) == ({case.ref}, submitted)
    cast.now += DAY
    assert seen(notary, cast) == NOTHING


def test_a_whole_case_grows_until_the_lender_revokes_and_not_further(cast: Cast) -> None:
    case, notary = cast.case(), cast.person("notary", Role.NOTARY)
    matter = cast.accepted(case, "notary_office", notary, whole_case=True)
    cast.now += 40 * DAY
    cast.deposit(cast.legal, "LN-1")
    grown = all_of(case)
    assert seen(notary, cast) == ({case.ref}, grown)
    revoke_grant(cast.legal, matter.grant, now=cast.now)
    cast.deposit(cast.legal, "LN-1")
    assert seen(notary, cast) == ({case.ref}, grown)


def test_what_was_not_accepted_goes_with_the_grant(cast: Cast) -> None:
    case, notary = cast.case(), cast.person("notary", Role.NOTARY)
    grant = cast.granted(case, "notary_office", Kind.NOTARY_OFFICE)
    matter = submit_cases(cast.officer, grant, [case.ref], purpose="公证", whole_case=False, now=cast.now)
    revoke_grant(cast.legal, grant, now=cast.now)
    assert seen(notary, cast) == NOTHING
    with pytest.raises(GrantNotWorking):
        accept_matter(notary, matter, number="1", file_days=1, now=cast.now)
    with pytest.raises(GrantNotWorking):
        submit_cases(cast.legal, grant, [case.ref], purpose="公证", whole_case=False, now=cast.now)


def test_who_may_submit_accept_and_close(cast: Cast) -> None:
    case, other = cast.case(), cast.case("LN-2")
    notary, clerk = cast.person("notary", Role.NOTARY), cast.person("clerk", Role.NOTARY_ASSISTANT)
    grant, to_firm = cast.granted(case, "notary_office", Kind.NOTARY_OFFICE), cast.granted(case, "律所", Kind.LAW_FIRM)
    for which, refs in ((grant, [other.ref]), (to_firm, [case.ref])):
        with pytest.raises(GrantNotWorking):
            submit_cases(cast.legal, which, refs, purpose="公证", whole_case=False, now=cast.now)
    matter = submit_cases(cast.legal, grant, [case.ref], purpose="公证", whole_case=False, now=cast.now)
    stranger = cast.person("stranger", Role.NOTARY, "另一公证处")
    attempts: tuple[tuple[Callable[[], object], type[Exception]], ...] = (
        (lambda: accept_matter(clerk, matter, number="1", file_days=1, now=cast.now), Forbidden),
        (lambda: accept_matter(stranger, matter, number="1", file_days=1, now=cast.now), StateUnsuitable),
        (lambda: accept_matter(notary, matter, number="", file_days=1, now=cast.now), TextUnsuitable),
        (lambda: accept_matter(notary, matter, number="1", file_days=-1, now=cast.now), FilePeriodUnsuitable),
        (lambda: accept_matter(notary, matter, number="1", file_days=36_501, now=cast.now), FilePeriodUnsuitable),
        (lambda: close_matter(notary, matter, now=cast.now), StateUnsuitable),
    )
    for attempt, refusal in attempts:
        with pytest.raises(refusal):
            attempt()
    accept_matter(notary, matter, number="1", file_days=0, now=cast.now)
    with pytest.raises(StateUnsuitable):
        accept_matter(notary, matter, number="2", file_days=1, now=cast.now)
    accepted = Matter.objects.get()
    close_matter(notary, accepted, now=cast.now)
    for again in (notary, stranger):
        with pytest.raises(StateUnsuitable):
            close_matter(again, accepted, now=cast.now)


def test_an_order_opens_its_cases_once_a_second_judge_opened_it_and_the_lender_is_told(cast: Cast) -> None:
    case = cast.case(records=2)
    first, second = cast.person("court-judge", Role.JUDGE), cast.person("court-judge2", Role.JUDGE)
    order = cast.ordered(case, opened=False)
    assert (seen(first, cast), Notice.objects.filter(kind=CASES_ORDERED).count()) == (NOTHING, 0)
    with pytest.raises(SecondPersonNeeded):
        open_order(first, order, now=cast.now)
    with pytest.raises(Forbidden):
        open_order(cast.person("clerk", Role.COURT_CLERK), order, now=cast.now)
    with pytest.raises(StateUnsuitable):
        open_order(cast.person("elsewhere", Role.JUDGE, "另一法院"), order, now=cast.now)
    open_order(second, order, now=cast.now)
    assert seen(first, cast) == ({case.ref}, all_of(case))
    notice = Notice.objects.get(kind=CASES_ORDERED)
    assert (notice.organisation, notice.kind, notice.subject) == (case.organisation, CASES_ORDERED, order.ref)
    assert access_to(second, case, now=cast.now).root == Root.ORDERED
    with pytest.raises(StateUnsuitable):
        open_order(second, order, now=cast.now)
    end_order(second, order, now=cast.now)
    assert seen(first, cast) == NOTHING


def test_a_machine_is_neither_of_the_two_who_answer_for_an_order(cast: Cast) -> None:
    case = cast.case()
    first, second = cast.person("court-judge", Role.JUDGE), cast.person("court-judge2", Role.JUDGE)
    machine = cast.machine("court", Kind.COURT)
    order = upload_order(
        machine, Paper("调1", cast.paper(first), "流水", cast.now, cast.now + DAY, [case.ref]), now=cast.now)
    object.__setattr__(machine, "acts", frozenset(Act))
    with pytest.raises(SecondPersonNeeded):
        open_order(machine, order, now=cast.now)
    waiting = Notice.objects.filter(kind=ORDER_WAITING, subject=order.ref)
    assert waiting.count() == 1
    with pytest.raises(StateUnsuitable):
        open_order(second, order, seen=first.actor, now=cast.now)
    open_order(first, order, seen="", now=cast.now)
    with pytest.raises(StateUnsuitable):
        open_order(second, order, seen="", now=cast.now)
    assert Order.objects.get().opened_at is None, "who meant to confirm does not open"
    assert (seen(first, cast), seen(second, cast), waiting.count()) == (NOTHING, NOTHING, 2), "a key and one person are one person"
    for stale in (order, Order.objects.get()):
        with pytest.raises(SecondPersonNeeded):
            open_order(first, stale, now=cast.now)
    assert not Notice.objects.filter(kind=CASES_ORDERED).exists()
    open_order(second, order, seen=first.actor, now=cast.now)
    assert seen(first, cast) == ({case.ref}, all_of(case))
    opened = Order.objects.get()
    assert (opened.uploaded_by, opened.first_by, opened.opened_by) == (machine.actor, first.actor, second.actor)
    assert Notice.objects.filter(kind=CASES_ORDERED).count() == 1


def test_an_order_is_held_to_its_kinds_of_evidence_and_its_period(cast: Cast) -> None:
    case, judge = cast.case(), cast.person("court-judge", Role.JUDGE)
    calls = set(cast.deposit(cast.legal, "LN-1", kind="call_recording", count=2))
    cast.ordered(case, kinds=("call_recording", "contract"))
    assert seen(judge, cast) == ({case.ref}, calls)
    cast.now += 30 * DAY
    assert seen(judge, cast) == NOTHING


def test_an_order_rests_on_a_document_of_the_court(cast: Cast) -> None:
    case, judge = cast.case(), cast.person("court-judge", Role.JUDGE)
    order = cast.ordered(case, opened=False)
    good: dict[str, Any] = {"number": "调1", "document": order.document, "scope": "流水", "starts_at": cast.now, "ends_at": cast.now + DAY,
            "cases": [case.ref]}
    refused: tuple[tuple[dict[str, Any], type[Exception]], ...] = (
        ({"document": cast.paper(cast.legal)}, DocumentMissing), ({"document": ""}, DocumentMissing), ({"cases": ["0" * 32]}, CaseNotFound),
        ({"cases": []}, CasesMissing), ({"ends_at": cast.now}, PeriodUnsuitable), ({"number": order.number}, NumberTaken),
        ({"kinds": ["k"] * 51}, TextUnsuitable), ({"kinds": [""]}, TextUnsuitable), ({"scope": ""}, TextUnsuitable),
    )
    for changes, refusal in refused:
        with pytest.raises(refusal):
            upload_order(judge, Paper(**{**good, **changes}), now=cast.now)
    with pytest.raises(CaseNotFound):
        upload_order(cast.legal, Paper(**good), now=cast.now)


def test_what_was_opened_to_an_organisation_before_shows_nothing_while_it_is_on_trial(cast: Cast) -> None:
    case = cast.case()
    cast.granted(case, "law_firm", Kind.LAW_FIRM)
    cast.ordered(case)
    readers = [cast.person("lawyer", Role.LAWYER), cast.person("court-judge", Role.JUDGE)]
    assert [seen(reader, cast) != NOTHING for reader in readers] == [True, True]
    Organisation.objects.exclude(pk=cast.legal.organisation.pk).update(status="trial")
    for reader in readers:
        reader.organisation.refresh_from_db()
        shown, records = seen(reader, cast)
        assert (shown, records & all_of(case)) == NOTHING
        with pytest.raises(CaseNotFound):
            access_to(reader, case, now=cast.now)


def test_an_organisation_on_trial_is_given_nothing_and_opens_nothing(cast: Cast) -> None:
    case, agency = cast.case(), cast.organisation("collection_agency", Kind.COLLECTION_AGENCY)
    notary, judge = cast.person("notary", Role.NOTARY), cast.person("court-judge", Role.JUDGE)
    matter = submit_cases(
        cast.legal, cast.granted(case, "notary_office", Kind.NOTARY_OFFICE), [case.ref], purpose="公证", whole_case=False, now=cast.now)
    order, contract = cast.ordered(case, opened=False), cast.entrustment()
    for kind in RECEIVING:
        cast.organisation(kind.value, kind)
    Organisation.objects.exclude(pk=cast.legal.organisation.pk).update(status="trial")
    cast.organisations.clear()
    cast.organisations |= {each.name: each for each in Organisation.objects.all()}
    for kind in RECEIVING:
        with pytest.raises(OrganisationUnsuitable):
            grant_access(cast.legal, cast.opening([case], cast.organisation(kind.value, kind)), now=cast.now)
    with pytest.raises(OrganisationUnsuitable):
        cast.entrustment()
    assert agency.pk == contract.agency_id
    on_trial = [cast.person("notary", Role.NOTARY), cast.person("court-judge2", Role.JUDGE), cast.machine("court", Kind.COURT)]
    paper = Paper("调2", order.document, "流水", cast.now, cast.now + DAY, [case.ref])
    for attempt in (
        lambda: accept_matter(on_trial[0], matter, number="1", file_days=1, now=cast.now),
        lambda: open_order(on_trial[1], order, now=cast.now), lambda: upload_order(on_trial[1], paper, now=cast.now),
        lambda: upload_order(on_trial[2], paper, now=cast.now),
    ):
        with pytest.raises(OrganisationOnTrial):
            attempt()
    assert {notary.may(Act.ACCEPT), judge.may(Act.ORDER)} == {True}, "as they were before"
    assert seen(on_trial[1], cast) == NOTHING


def test_sql_and_the_pure_rule_agree_on_every_record(cast: Cast) -> None:
    """`records_for` and `Access.covers` state one rule twice; here every viewer is asked about every record in both ways."""
    case = cast.case(records=2)
    cast.assigned(case, "甲催收", to="agent")
    cast.assigned(case, "乙催收", includes_all=True)
    machines = [cast.machine(name, Kind.COLLECTION_AGENCY) for name in ("甲催收", "乙催收")]
    for machine in machines:
        cast.deposit(machine, case.ref, kind="call_recording")
    notary, secretary = cast.person("notary", Role.NOTARY), cast.person("secretary", Role.CASE_SECRETARY)
    revoke_grant(cast.legal, cast.accepted(case, "notary_office", notary).grant, now=cast.now)
    cast.ordered(case, kinds=("sms",))
    cast.granted(case, "arbitration_body", Kind.ARBITRATION_BODY)
    cast.deposit(cast.legal, "LN-1")
    viewers = [*machines, cast.person("agent", Role.COLLECTION_AGENT), notary, secretary, cast.person("court-judge", Role.JUDGE),
               cast.officer, cast.person("auditor", Role.AUDITOR), cast.person("admin", Role.LENDER_ADMIN)]
    records = list(Evidence.objects.select_related("case"))
    for viewer in viewers:
        listed = numbers(records_for(viewer, now=cast.now))
        for record in records:
            try:
                covering(viewer, [record], now=cast.now)
            except RecordNotFound:
                assert record.record not in listed
            else:
                assert record.record in listed
    assert len({frozenset(numbers(records_for(viewer, now=cast.now))) for viewer in viewers}) >= 6, "the viewers see different things"
