"""The inbox of people: who is told of what, by role and organisation; reading; pages; nothing personal in it."""
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation, Person
from accounts.permissions import Kind, Role
from cases.assigning import assign_cases, distribute_cases, end_entrustment, withdraw_cases
from cases.errors import StateUnsuitable
from cases.granting import approve_grant, grant_access, revoke_grant
from cases.matters import accept_matter, close_matter, submit_cases
from cases.models import Case
from cases.orders import open_order
from notifications import kinds
from notifications.kinds import KINDS, roles_for
from notifications.models import Notice, NoticeReading
from notifications.noticing import leave_notice_to, leave_notices
from notifications.reviews import tell_of_reviews
from notifications.selectors import inbox_of
from tests.accounts.people import make_organisation, make_person, membership_of, signed_in
from tests.cases.cast import Cast, viewer_of


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()


def told(person: Person) -> list[tuple[str, int | None]]:
    """What the person finds in the inbox, the oldest first."""
    return [(notice.kind, notice.count) for notice in reversed(inbox_of(viewer_of(person)))]


def of(cast: Cast, login: str) -> list[tuple[str, int | None]]:
    return told(cast.people[login])


def test_agency_and_agents_learn_what_comes_to_them_and_what_leaves(cast: Cast) -> None:
    cases = [cast.case(f"LN-{number}") for number in range(3)]
    boss = cast.person("boss", Role.AGENCY_SUPERVISOR)
    first, second = (cast.person(login, Role.COLLECTION_AGENT) for login in ("agent", "other"))
    contract = cast.entrustment()
    made = assign_cases(cast.officer, contract, [case.ref for case in cases], includes_all=False, now=cast.now)
    assign_cases(cast.officer, contract, [case.ref for case in cases], includes_all=True, now=cast.now)
    refs = [each.ref for each in made]
    distribute_cases(boss, refs, first.person, now=cast.now)
    distribute_cases(boss, refs, first.person, now=cast.now)
    distribute_cases(boss, refs[:2], second.person, now=cast.now)
    withdraw_cases(cast.officer, refs[1:], now=cast.now)
    end_entrustment(cast.legal, contract, now=cast.now)
    end_entrustment(cast.legal, contract, now=cast.now)
    assert of(cast, "boss") == [(kinds.CASES_ASSIGNED, 3), (kinds.CASES_WITHDRAWN, 2), (kinds.ENTRUSTMENT_ENDED, None)]
    assert of(cast, "agent") == [(kinds.CASES_GIVEN, 3), (kinds.CASES_TAKEN, 2), (kinds.CASES_TAKEN, 1)]
    assert of(cast, "other") == [(kinds.CASES_GIVEN, 2), (kinds.CASES_TAKEN, 1)]
    assert of(cast, "officer") == []
    assert told(make_person("rival", Role.AGENCY_SUPERVISOR)) == []


def test_grants_matters_and_orders_are_told_to_the_other_side(cast: Cast) -> None:
    case, notary = cast.case(), cast.person("notary", Role.NOTARY)
    for login, role in (("officer", Role.CASE_OFFICER), ("assistant", Role.NOTARY_ASSISTANT), ("admin", Role.OFFICE_ADMIN)):
        cast.person(login, role)
    grant = cast.granted(case, "notary_office", Kind.NOTARY_OFFICE)
    matter = submit_cases(cast.legal, grant, [case.ref], purpose="出具执行证书", whole_case=False, now=cast.now)
    accept_matter(notary, matter, number="（2026）公证字第1号", file_days=10, now=cast.now)
    matter.refresh_from_db()
    close_matter(notary, matter, now=cast.now)
    revoke_grant(cast.legal, grant, now=cast.now)
    revoke_grant(cast.legal, grant, now=cast.now)
    ordered = cast.ordered(case, opened=False)
    judge = cast.people["court-judge2"]
    assert told(judge) == [(kinds.ORDER_WAITING, 1)]
    open_order(viewer_of(judge), ordered, now=cast.now)
    opened = [(kinds.CASES_GRANTED, 1), (kinds.GRANT_REVOKED, 1)]
    assert of(cast, "notary") == [opened[0], (kinds.MATTER_SUBMITTED, 1), opened[1]]
    assert (of(cast, "assistant"), of(cast, "admin")) == (opened, [])
    assert of(cast, "legal") == of(cast, "officer") == [
        (kinds.MATTER_ACCEPTED, None), (kinds.MATTER_CLOSED, None), (kinds.CASES_ORDERED, None)]
    subjects = dict(Notice.objects.values_list("kind", "subject"))
    assert (subjects[kinds.MATTER_ACCEPTED], subjects[kinds.GRANT_REVOKED]) == (matter.ref, grant.ref)


def test_a_large_grant_waits_for_a_second_person_before_anybody_else_is_told(cast: Cast) -> None:
    cast.case("LN-0")
    cast.deposit(cast.legal, "LN-0")
    lender = cast.legal.organisation
    Case.objects.bulk_create(
        Case(organisation=lender, ref=f"{number:032x}", client_reference=f"many-{number}", created_at=cast.now) for number in range(101))
    cases = list(Case.objects.filter(client_reference__startswith="many-"))
    lawyer, second = cast.person("lawyer", Role.LAWYER), cast.person("second", Role.LEGAL_OFFICER)
    grant, never = (grant_access(
        cast.legal, cast.opening(cases, lawyer.organisation, purpose=purpose), now=cast.now) for purpose in ("诉讼准备", "尽调"))
    assert of(cast, "second") == [(kinds.GRANT_WAITING, 101)] * 2
    assert of(cast, "lawyer") == []
    approve_grant(second, grant, now=cast.now)
    grant.refresh_from_db()
    revoke_grant(cast.legal, grant, now=cast.now)
    revoke_grant(cast.legal, never, now=cast.now)
    assert of(cast, "lawyer") == [(kinds.CASES_GRANTED, 101), (kinds.GRANT_REVOKED, 101)]


def test_what_did_not_happen_is_not_told(cast: Cast) -> None:
    case = cast.case()
    grant = cast.granted(case, "notary_office", Kind.NOTARY_OFFICE)
    notary = cast.person("notary", Role.NOTARY)
    matter = submit_cases(cast.legal, grant, [case.ref], purpose="公证", whole_case=False, now=cast.now)
    accept_matter(notary, matter, number="1", file_days=10, now=cast.now)
    before = Notice.objects.count()
    with pytest.raises(StateUnsuitable):
        accept_matter(notary, matter, number="2", file_days=10, now=cast.now)
    assert Notice.objects.count() == before


def test_the_operator_is_told_of_each_review_once(cast: Cast) -> None:
    operator = make_person("ops", Role.OPERATOR)
    due = make_organisation(Kind.COURT, "乙")
    Organisation.objects.filter(pk=due.pk).update(review_due_at=cast.now + timedelta(days=20))
    assert [tell_of_reviews(now=cast.now) for _ in range(2)] == [1, 0]
    Organisation.objects.filter(pk=due.pk).update(review_due_at=cast.now + timedelta(days=25))
    assert tell_of_reviews(now=cast.now) == 1
    assert told(operator) == [(kinds.REVIEW_DUE, None)] * 2
    Organisation.objects.filter(kind=Kind.OPERATOR).update(kind=Kind.AUDITOR)
    assert tell_of_reviews(now=cast.now) == 0


def page_of(client: Client, **data: str) -> str:
    answer = client.get("/inbox", data)
    assert answer.status_code == 200
    return answer.content.decode()


def hidden(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]+)"', page)


def test_each_person_reads_for_himself_and_the_frame_counts(service: str) -> None:
    court = make_organisation(Kind.COURT)
    one, other = make_person("one", Role.JUDGE, court), make_person("other", Role.JUDGE, court)
    for number in range(3):
        leave_notices([court.pk], kind=kinds.ORDER_WAITING, subject=f"{number:032}", count=number + 1, now=timezone.now())
    first, second = signed_in(one), signed_in(other)
    page = page_of(first)
    assert "3 条未读" in page
    assert "3 条未读" in first.get("/home").content.decode()
    assert page.index("（3 件）") < page.index("（1 件）"), "the newest first"
    assert first.post("/inbox/read", {"notice": hidden(page, "notice")[0], "up_to": hidden(page, "up_to")[1]})["Location"] == "/inbox"
    assert "2 条未读" in page_of(first)
    leave_notices([court.pk], kind=kinds.ORDER_WAITING, subject="f" * 32, count=9, now=timezone.now())
    first.post("/inbox/read", {"up_to": hidden(page, "up_to")[0]})
    assert "1 条未读" in page_of(first), "what came after the page stays unread"
    first.post("/inbox/read", {"up_to": "9" * 18})
    assert "条未读" not in page_of(first)
    assert "4 条未读" in page_of(second)
    assert NoticeReading.objects.filter(person=other).count() == 0


def test_nobody_sees_or_reads_what_concerns_another_role_person_or_organisation(service: str) -> None:
    agency, rival = make_organisation(Kind.COLLECTION_AGENCY, "甲"), make_organisation(Kind.COLLECTION_AGENCY, "乙")
    agent, colleague = make_person("agent", Role.COLLECTION_AGENT, agency), make_person("colleague", Role.COLLECTION_AGENT, agency)
    boss, stranger = make_person("boss", Role.AGENCY_SUPERVISOR, agency), make_person("stranger", Role.AGENCY_SUPERVISOR, rival)
    leave_notice_to(agent.pk, agency.pk, kind=kinds.CASES_GIVEN, subject="a" * 32, count=7, now=timezone.now())
    leave_notices([agency.pk], kind=kinds.CASES_ASSIGNED, subject="b" * 32, count=8, now=timezone.now())
    own, shared = Notice.objects.get(kind=kinds.CASES_GIVEN), Notice.objects.get(kind=kinds.CASES_ASSIGNED)
    seen = {person.login: [part for part in ("（7 件）", "（8 件）") if part in page_of(signed_in(person))]
            for person in (agent, colleague, boss, stranger)}
    assert seen == {"agent": ["（7 件）"], "colleague": [], "boss": ["（8 件）"], "stranger": []}
    for person in (colleague, boss, stranger):
        signed_in(person).post("/inbox/read", {"notice": own.ref, "up_to": str(own.pk)})
    signed_in(stranger).post("/inbox/read", {"up_to": str(shared.pk)})
    assert not NoticeReading.objects.filter(notice=own).exists()
    assert not NoticeReading.objects.filter(person=stranger).exists()
    assert signed_in(stranger).get("/inbox", {"after": shared.ref}).status_code == 404
    for wrong in ("x", "%00", "'", "0" * 32):
        assert signed_in(boss).get("/inbox", {"after": wrong}).status_code == 404
        assert signed_in(boss).post("/inbox/read", {"notice": wrong, "up_to": wrong}).status_code == 302
    agent.memberships.update(until=timezone.now() + timedelta(seconds=1))
    assert signed_in(agent).get("/inbox").status_code == 403


def test_the_inbox_goes_on_by_pages_and_counts_no_further_than_it_must(service: str) -> None:
    person = make_person("judge", Role.JUDGE)
    [held] = person.memberships.all()
    for number in range(120):
        leave_notices([held.organisation_id], kind=kinds.ORDER_WAITING, subject=f"{number:032}", now=timezone.now())
    client, found, after = signed_in(person), [], ""
    assert "99+ 条未读" in page_of(client)
    while True:
        page = page_of(client, after=after)
        found += re.findall(r'<code class="long">(\d{32})</code>', page)
        following = re.search(r'rel="next" href="/inbox\?after=(\w{32})"', page)
        if following is None:
            break
        after = following[1]
    assert found == [f"{number:032}" for number in reversed(range(120))]


NOBODYS = "CZ-20261123-01234-56789-W"
"""A reference and a number of a record that are well formed, and name nothing."""


def test_every_kind_speaks_two_languages_leads_somewhere_that_its_readers_may_see_and_names_nobody(service: str) -> None:
    clients, homes = {}, {}
    for role in Role:
        person = make_person(f"reader-{role}", role)
        clients[role], homes[role] = signed_in(person), membership_of(person).organisation.ref
    for kind, about in KINDS.items():
        roles = roles_for(kind)
        assert roles, kind
        assert not re.search("司法|法律效力|防伪|认可", str(about.sentence)), kind
        assert "%" not in str(about.sentence)
        if about.page:
            for role in roles:
                status = clients[role].get(about.page.format(NOBODYS, organisation=homes[role])).status_code
                assert status in ({404} if "{}" in about.page else {200, 302}), (kind, role, status)
