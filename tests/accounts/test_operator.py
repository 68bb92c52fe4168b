"""The operator lets organisations in and stops them, and has no way into what they do."""
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.errors import StatusUnreachable
from accounts.models import Invitation, Organisation, Person
from accounts.permissions import Kind, Role
from accounts.services import change_status, issue_api_key
from tests.accounts.people import make_organisation, make_person, membership_of, signed_in


@pytest.fixture
def operator(database: str) -> Person:
    return make_person("ops@example.org", Role.OPERATOR)


@pytest.fixture
def court(database: str) -> Organisation:
    return make_organisation(Kind.COURT, "示例人民法院")


def new_key(organisation: Organisation) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_api_key(organisation, label='x', now=timezone.now(), valid_for=timedelta(days=1))[1]}"}


@pytest.mark.parametrize(("status", "expected"), [
    ("applied", 403), ("checked", 403), ("agreed", 403), ("trial", 200), ("active", 200), ("suspended", 403)])
def test_keys_work_while_the_organisation_is_on_trial_or_active(status: str, expected: int, service: str) -> None:
    lender = make_organisation()
    headers = new_key(lender)
    Organisation.objects.filter(pk=lender.pk).update(status=status)
    for path in ("/api/v1/evidence", "/api/v1/schema"):
        answer: Any = Client().get(path, headers=headers)
        assert answer.status_code == expected
        if expected == 403:
            assert answer.json()["code"] == "organisation-not-active"
            assert answer["Content-Type"] == "application/problem+json"


def test_only_whoever_holds_the_whole_key_learns_of_the_suspension(service: str) -> None:
    lender = make_organisation()
    headers = new_key(lender)
    Organisation.objects.update(status="suspended")
    wrong: Any = Client().get("/api/v1/evidence", headers={"Authorization": headers["Authorization"][:-1] + "!"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "not-authenticated")


def test_the_query_of_every_request_is_still_one(service: str) -> None:
    headers = new_key(make_organisation())
    Client().get("/api/v1/schema", headers=headers)
    with CaptureQueriesContext(connection) as asked:
        assert Client().get("/api/v1/schema", headers=headers).status_code == 200
    # On PostgreSQL the session is told whose it is, and here put on the web's role besides.
    of_the_session = ("SET ROLE", "RESET ROLE", "SELECT set_config")
    assert len([query for query in asked if not query["sql"].startswith(of_the_session)]) == 1


def test_suspension_bites_with_the_next_request_of_keys_and_people_and_can_be_undone(service: str) -> None:
    client, lender = signed_in(make_person("ops@example.org", Role.OPERATOR)), make_organisation(name="甲方")
    admin = signed_in(make_person("admin@lender.example", Role.LENDER_ADMIN, lender))
    headers, members = new_key(lender), f"/organisations/{lender.ref}/members"

    def seen() -> tuple[int, int]:
        return Client().get("/api/v1/evidence", headers=headers).status_code, admin.get(members).status_code

    assert seen() == (200, 200)
    assert client.post(f"/organisations/{lender.ref}/status", {"status": "suspended"})["Location"] == "/organisations"
    assert seen() == (403, 403)
    assert "organisation-not-active" in admin.get(members).content.decode()
    assert admin.get("/account").status_code == 200
    assert client.post(f"/organisations/{lender.ref}/status", {"status": "active"}).status_code == 302
    assert seen() == (200, 200)


def test_a_stale_second_factor_suspends_nobody(operator: Person, court: Organisation) -> None:
    client = signed_in(operator)
    session = client.session
    for name, value in session.items():
        if isinstance(value, list):
            session[name] = [{**each, "at": each["at"] - 601} for each in value]
    session.save()
    answer = client.post(f"/organisations/{court.ref}/status", {"status": "suspended"})
    assert answer["Location"] == "/account/confirm?next=%2Forganisations"
    court.refresh_from_db()
    assert court.status == "active"


@pytest.mark.parametrize(("before", "to"), [
    ("applied", "active"), ("checked", "active"), ("trial", "active"), ("active", "trial"), ("active", "active"), ("applied", "suspended"),
    ("suspended", "suspended"), ("active", "nonsense"),
])
def test_no_status_is_reached_by_a_short_cut(before: str, to: str, court: Organisation) -> None:
    Organisation.objects.filter(pk=court.pk).update(status=before)
    court.refresh_from_db()
    with pytest.raises(StatusUnreachable):
        change_status(court, to=to, now=timezone.now())
    court.refresh_from_db()
    assert court.status == before


def test_the_operator_cannot_be_stopped_and_a_race_is_lost_once(operator: Person, court: Organisation) -> None:
    own = membership_of(operator).organisation
    with pytest.raises(StatusUnreachable):
        change_status(own, to="suspended", now=timezone.now())
    stale = Organisation.objects.get(pk=court.pk)
    change_status(court, to="suspended", now=timezone.now())
    with pytest.raises(StatusUnreachable):
        change_status(stale, to="suspended", now=timezone.now())


def test_the_operator_says_who_an_organisation_is(operator: Person, court: Organisation) -> None:
    client, path = signed_in(operator), f"/organisations/{court.ref}/details"
    form = {"credit_code": "9110 0000 1000 0134 28", "contact_email": "office@court.example", "contact_phone": "+86 10-0000 0000"}
    assert client.post(path, form)["Location"] == "/organisations"
    court.refresh_from_db()
    assert (court.credit_code, court.contact_email, court.contact_phone) == (
        "911000001000013428", "office@court.example", "+86 10-0000 0000")
    assert 'value="911000001000013428"' in client.get(path).content.decode()
    for field, wrong, code in (
        ("credit_code", "911000001000013429", "credit-code-malformed"), ("contact_email", "office", "contact-malformed"),
        ("contact_email", "a@b\0", "contact-malformed"), ("contact_phone", "call me", "contact-malformed"),
        ("contact_phone", "1" * 33, "contact-malformed"), ("credit_code", "\0", "credit-code-malformed"),
    ):
        answer = client.post(path, {**form, field: wrong})
        assert (answer.status_code, code in answer.content.decode()) == (422, True), field
    lender = make_organisation()
    taken = client.post(f"/organisations/{lender.ref}/details", form)
    assert (taken.status_code, "credit-code-taken" in taken.content.decode()) == (409, True)
    for organisation in (lender, court):
        assert client.post(f"/organisations/{organisation.ref}/details", {}).status_code == 302
    assert set(Organisation.objects.values_list("credit_code", flat=True)) == {None}, "two may have none"


def test_only_the_operator_has_these_pages(operator: Person, court: Organisation) -> None:
    other = signed_in(make_person("admin@court.example", Role.COURT_ADMIN, court))
    assert other.get("/organisations").status_code == 404
    assert other.post(f"/organisations/{court.ref}/status", {"status": "suspended"}).status_code == 404
    client = signed_in(operator)
    assert "示例人民法院" in client.get("/organisations").content.decode()
    for ref, status in (("0" * 32, "suspended"), (court.ref, "applied"), (court.ref, "")):
        assert client.post(f"/organisations/{ref}/status", {"status": status}).status_code == 404


@pytest.mark.parametrize("status", ["applied", "trial", "active", "suspended"])
def test_one_operator_neither_invites_nor_ends_an_administrator_of_an_organisation_that_was_let_in(
    status: str, operator: Person, court: Organisation
) -> None:
    client, path = signed_in(operator), f"/organisations/{court.ref}/invitations"
    form = {"login": "mine@evil.example", "display_name": "李", "role": "court_admin"}
    admin = make_person("admin@court.example", Role.COURT_ADMIN, court)
    judge = make_person("judge2@court.example", Role.JUDGE, court)
    Organisation.objects.filter(pk=court.pk).update(status=status)
    members = f"/organisations/{court.ref}/members"
    for answer in (client.post(path, form), client.post(f"{members}/{membership_of(admin).pk}/end")):
        assert (answer.status_code, "two-operators-needed" in answer.content.decode()) == (409, True)
    assert membership_of(admin).until is None
    assert not Invitation.objects.filter(made_by=operator).exists()
    page = client.get(members).content.decode()
    assert "admin@court.example" in page
    assert f"{members}/{membership_of(admin).pk}/end" not in page
    assert f"/organisations/{court.ref}/administrator" in page, "it says how two of them do it"
    assert "judge2@court.example" not in page, "who works in an organisation is not the operator's to see"
    assert client.post(f"{members}/{membership_of(judge).pk}/end").status_code == 404
    for person in (admin, judge):
        assert client.post(f"{members}/{membership_of(person).pk}/renew").status_code == 404, "it takes over nobody's sign-in"


def test_an_auditor_who_left_is_ended_by_one_operator_and_joins_by_two(operator: Person) -> None:
    auditors = make_organisation(Kind.AUDITOR, "审计所")
    gone, client = make_person("auditor@example.org", Role.AUDITOR, auditors), signed_in(operator)
    members = f"/organisations/{auditors.ref}/members"
    assert client.post(f"{members}/{membership_of(gone).pk}/end").status_code == 302, "nobody there manages members"
    form = {"login": "mine@evil.example", "display_name": "李", "role": "auditor"}
    assert client.post(f"/organisations/{auditors.ref}/invitations", form).status_code == 409


def test_an_operator_whose_membership_ended_is_one_no_more(operator: Person, court: Organisation) -> None:
    client = signed_in(operator)
    membership = membership_of(operator)
    membership.until = timezone.now()
    membership.save()
    assert client.get("/organisations").status_code == 404
    assert client.get(f"/organisations/{court.ref}/members").status_code == 404
