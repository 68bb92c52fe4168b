"""届满: a contract or a grant that ends by its date: access ends on that second, both sides are told once, and the page says so."""
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.joining import Invitee, accept_as, end_membership, invite
from accounts.models import Membership
from accounts.permissions import Kind, Role
from cases.assigning import distribute_cases, end_entrustment
from cases.errors import CaseNotFound
from cases.granting import grant_access, revoke_grant
from cases.lapsing import take_back_from_who_left, tell_lapses
from cases.models import Assignment, Case, Distribution, Entrustment, Grant, SubmittedCase
from cases.phases import undistributed
from cases.roots import Root
from cases.selectors import access_to
from cases.tasks import TELL_LAPSES
from common.jobs import Job, enqueue_daily_jobs, run_job
from notifications import kinds
from notifications.models import Notice
from notifications.selectors import inbox_of
from tests.accounts.people import signed_in
from tests.cases.cast import DAY, Cast, viewer_of
from tests.portal.pages import Page

SECOND = timedelta(seconds=1)
AGENCY = "collection_agency"


def told(cast: Cast, login: str) -> list[tuple[str, int | None]]:
    """What of endings the person finds in the inbox, the oldest first."""
    lapses = (kinds.ENTRUSTMENT_LAPSED, kinds.GRANT_LAPSED, kinds.GIVEN_GRANT_LAPSED, kinds.ENTRUSTMENT_ENDED, kinds.GRANT_REVOKED)
    return [(each.kind, each.count) for each in reversed(inbox_of(viewer_of(cast.people[login]))) if each.kind in lapses]


def test_agency_and_lender_are_told_once_when_a_contract_ends_by_its_date(cast: Cast) -> None:
    case = cast.case()
    boss, agent = cast.person("boss", Role.AGENCY_SUPERVISOR), cast.person("agent", Role.COLLECTION_AGENT)
    cast.officer, cast.legal, cast.person("rules", Role.COMPLIANCE_OFFICER)
    contract = cast.assigned(case, to="agent").entrustment
    assert {access_to(viewer, case, now=contract.ends_at - SECOND).root for viewer in (boss, agent)} == {Root.ASSIGNED}
    assert tell_lapses(now=contract.ends_at - SECOND) == 0
    # Access is over on the second, whether or not anybody was told yet.
    for viewer in (boss, agent):
        with pytest.raises(CaseNotFound):
            access_to(viewer, case, now=contract.ends_at)
    assert [tell_lapses(now=contract.ends_at + late * SECOND) for late in (0, 1, 60)] == [1, 0, 0]
    for login in ("boss", "officer", "legal"):
        assert told(cast, login) == [(kinds.ENTRUSTMENT_LAPSED, None)], login
    assert told(cast, "agent") == told(cast, "rules") == []
    assert {row.subject for row in Notice.objects.filter(kind=kinds.ENTRUSTMENT_LAPSED)} == {contract.ref}


def test_receiver_and_lender_are_told_once_when_a_grant_ends_by_its_date(cast: Cast) -> None:
    case, lawyer, _ = cast.case(), cast.person("lawyer", Role.LAWYER), cast.legal
    grant = cast.granted(case, "law_firm", Kind.LAW_FIRM)
    assert access_to(lawyer, case, now=grant.ends_at - SECOND).root == Root.GRANTED
    with pytest.raises(CaseNotFound):
        access_to(lawyer, case, now=grant.ends_at)
    assert [tell_lapses(now=grant.ends_at), tell_lapses(now=grant.ends_at + SECOND)] == [1, 0]
    assert told(cast, "lawyer") == [(kinds.GRANT_LAPSED, 1)]
    assert told(cast, "legal") == [(kinds.GIVEN_GRANT_LAPSED, 1)]
    # Nobody is told of one end twice.
    revoke_grant(cast.legal, grant, now=grant.ends_at + DAY)
    assert told(cast, "lawyer") == [(kinds.GRANT_LAPSED, 1)]


def test_what_was_accepted_grows_no_further_once_its_grant_has_ended_by_its_date(cast: Cast) -> None:
    case, notary = cast.case(), cast.person("notary", Role.NOTARY)
    matter = cast.accepted(case, notary.organisation.name, notary, whole_case=True)
    assert SubmittedCase.objects.get(matter=matter).up_to is None
    Case.objects.filter(pk=case.pk).update(sequence=7)
    ends = matter.grant.ends_at
    tell_lapses(now=ends)
    Case.objects.filter(pk=case.pk).update(sequence=9)
    tell_lapses(now=ends + DAY)
    submitted = SubmittedCase.objects.get(matter=matter)
    assert (submitted.up_to, submitted.as_of) == (7, ends)
    assert access_to(notary, case, now=ends).root == Root.ACCEPTED


def test_what_ended_before_its_time_is_not_told_again_and_a_late_end_changes_nothing(cast: Cast) -> None:
    cast.person("boss", Role.AGENCY_SUPERVISOR)
    cast.person("lawyer", Role.LAWYER)
    early, late, grant = cast.entrustment(), cast.entrustment(), cast.granted(cast.case(), "law_firm", Kind.LAW_FIRM)
    end_entrustment(cast.legal, early, now=cast.now)
    revoke_grant(cast.legal, grant, now=cast.now)
    end_entrustment(cast.legal, late, now=late.ends_at)
    assert Entrustment.objects.get(pk=late.pk).ended_at is None
    assert tell_lapses(now=late.ends_at) == 1
    assert told(cast, "boss") == [(kinds.ENTRUSTMENT_ENDED, None), (kinds.ENTRUSTMENT_LAPSED, None)]
    assert told(cast, "lawyer") == [(kinds.GRANT_REVOKED, 1)]


def test_nobody_is_told_of_the_end_of_a_grant_that_never_worked(cast: Cast) -> None:
    cast.case()
    Case.objects.bulk_create(
        Case(organisation=cast.legal.organisation, ref=f"{number:032x}", client_reference=f"many-{number}", created_at=cast.now)
        for number in range(101))
    cases = list(Case.objects.filter(client_reference__startswith="many-"))
    lawyer = cast.person("lawyer", Role.LAWYER)
    grant = grant_access(cast.legal, cast.opening(cases, lawyer.organisation), now=cast.now)
    assert grant.needs_approval
    assert tell_lapses(now=grant.ends_at) == 0
    assert told(cast, "lawyer") == told(cast, "legal") == []


def test_what_an_agent_had_is_taken_back_when_he_leaves_and_whoever_returns_begins_with_none(cast: Cast) -> None:
    case, kept = cast.case(), cast.case("LN-2")
    assignment = cast.assigned(case, to="agent")
    cast.assigned(kept, to="stays")
    agent, now = cast.people["agent"], timezone.now()
    agency, boss = assignment.entrustment.agency, cast.person("boss", Role.AGENCY_SUPERVISOR)
    assert take_back_from_who_left(now=now) == 0
    assert boss.person is not None
    assert end_membership(agency, Membership.objects.get(person=agent, until=None).pk, by=boss.person, now=now)
    # Invited again before anybody was told, he would have gone on where he stopped.
    _, token = invite(agency, Invitee("agent", agent.display_name, Role.COLLECTION_AGENT), by=None, now=now)
    accept_as(agent, token, now=now)
    enqueue_daily_jobs(now=now)
    run_job(Job.objects.get(kind=TELL_LAPSES).pk, now=lambda: now)
    assert list(Assignment.objects.filter(undistributed(now))) == [assignment]
    with pytest.raises(CaseNotFound):
        access_to(viewer_of(agent), case, now=now)
    assert access_to(viewer_of(cast.people["stays"]), kept, now=now).root == Root.ASSIGNED
    assert Distribution.objects.filter(until=None).count() == 1
    # What he is given from then on is his.
    distribute_cases(boss, [assignment.ref], agent, now=now + SECOND)
    assert take_back_from_who_left(now=now + 2 * SECOND) == 0
    assert access_to(viewer_of(agent), case, now=now + SECOND).root == Root.ASSIGNED


def test_the_scheduled_job_tells(cast: Cast) -> None:
    contract = cast.entrustment()
    past = cast.now - 40 * DAY
    Entrustment.objects.filter(pk=contract.pk).update(starts_at=past, ends_at=past + DAY)
    enqueue_daily_jobs(now=cast.now)
    job = Job.objects.get(kind=TELL_LAPSES)
    assert run_job(job.pk, now=lambda: cast.now + SECOND)
    assert Entrustment.objects.get(pk=contract.pk).lapse_told_at is not None
    assert Notice.objects.filter(kind=kinds.ENTRUSTMENT_LAPSED).count() == 2
    job.refresh_from_db()
    assert (job.done_at, job.last_error) == (None, "")


def page_at(client: Client, language: str) -> Page:
    answer = client.get("/access?contracts=all&grants=all", headers={"Accept-Language": language})
    assert answer.status_code == 200
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    return page


@pytest.mark.parametrize(("language", "ended", "said"), [
    ("zh-hans", "期间届满，访问已终止", "通知双方，受托处理的须返还或删除"),
    ("en", "The period is over and access has ended", "both sides were told"),
])
def test_the_page_shows_that_the_period_ended_and_that_both_sides_were_told(cast: Cast, language: str, ended: str, said: str) -> None:
    cast.person("boss", Role.AGENCY_SUPERVISOR)
    contract, grant = cast.entrustment(), cast.granted(cast.case(), "law_firm", Kind.LAW_FIRM)
    lender, agency = signed_in(cast.people["legal"]), signed_in(cast.people["boss"])
    assert ended not in page_at(lender, language).source
    past = cast.now - 40 * DAY
    for model, row in ((Entrustment, contract), (Grant, grant)):
        model.objects.filter(pk=row.pk).update(starts_at=past, ends_at=past + DAY)
    assert (page_at(lender, language).source.count(ended), page_at(agency, language).source.count(ended)) == (2, 1)
    assert said not in page_at(lender, language).source
    tell_lapses(now=cast.now)
    assert (page_at(lender, language).source.count(said), page_at(agency, language).source.count(said)) == (2, 1)
