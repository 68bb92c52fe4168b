"""The second factor: nobody works without it, nobody gets round it, and what is sensitive asks for it again."""
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import Person
from accounts.permissions import Role
from accounts.portal import gate
from accounts.sign_in import ENROLLED_AT
from tests.accounts.people import PASSWORD, Browser, make_person, membership_of, record, signed_in

SET_UP = "/account/second-factor"
PAGES = ("/account", "/", "/records", "/account/sessions", "/account/password", "/account/second-factor/passkeys",
         "/account/second-factor/recovery-codes", "/organisations", "/organisations/x/members", "/invitations/x")


@pytest.fixture
def person(database: str) -> Person:
    return make_person("zhang@example.org", Role.LENDER_ADMIN)


def older(client: Client, seconds: float) -> None:
    """Let the session have shown everything that much earlier."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {**record, "at": record["at"] - seconds} for record in session[AUTHENTICATION_METHODS_SESSION_KEY]]
    if ENROLLED_AT in session:
        session[ENROLLED_AT] -= seconds
    session.save()


def test_whoever_has_none_sets_one_up_before_any_other_page(person: Person) -> None:
    browser = Browser(person.login)
    browser.give_password()
    assert {browser.get(path)["Location"] for path in PAGES} == {SET_UP}
    assert browser.post("/account/sessions")["Location"] == SET_UP
    style = browser.get("/static/css/pages.css")
    assert style.status_code == 200
    style.close()
    assert browser.get(SET_UP).status_code == 200
    browser.set_up()
    assert browser.get("/account").status_code == 200


def test_an_agent_is_sent_to_register_the_workstation(database: str) -> None:
    agent = make_person("agent-007", Role.COLLECTION_AGENT)
    browser = Browser(agent.login)
    browser.give_password()
    assert browser.get("/account")["Location"] == "/account/second-factor/passkeys/add"


def test_a_supervisor_who_also_collects_is_no_agent_without_a_phone(database: str) -> None:
    supervisor = make_person("boss", Role.AGENCY_SUPERVISOR)
    membership = membership_of(supervisor)
    membership.pk, membership.role = None, Role.COLLECTION_AGENT
    membership.save(force_insert=True)
    browser = Browser(supervisor.login)
    browser.give_password()
    assert browser.get("/account")["Location"] == SET_UP


def test_the_password_alone_signs_nobody_in_who_has_one(person: Person) -> None:
    first = Browser(person.login).arrive()
    other = first.again()
    assert other.give_password()["Location"] == "/sign-in/second-factor"
    assert {other.get(path)["Location"].partition("?")[0] for path in ("/account", "/account/sessions", SET_UP)} == {"/sign-in"}
    assert other.get("/account/second-factor/app").status_code == 302
    assert other.post("/sign-in/second-factor", {"code": other.code()})["Location"] == "/home"
    assert other.get("/account").status_code == 200


def test_the_page_of_the_second_factor_is_nothing_without_the_password(person: Person) -> None:
    first = Browser(person.login).arrive()
    stranger = first.again()
    assert stranger.get("/sign-in/second-factor")["Location"] == "/sign-in"
    assert stranger.post("/sign-in/second-factor", {"code": stranger.code()})["Location"] == "/sign-in"
    assert stranger.get("/account")["Location"].startswith("/sign-in")


def test_a_code_works_once(person: Person) -> None:
    first = Browser(person.login).arrive()
    code = first.code()
    for expected in (302, 200):
        other = first.again()
        other.give_password()
        assert other.post("/sign-in/second-factor", {"code": code}).status_code == expected


def test_codes_are_not_guessed(person: Person) -> None:
    first = Browser(person.login).arrive()
    other = first.again()
    other.give_password()
    answers = [other.post("/sign-in/second-factor", {"code": f"{n:06}"}).content.decode() for n in range(6)]
    assert "验证码不正确" in answers[0]
    late = other.post("/sign-in/second-factor", {"code": other.code()})
    assert late.status_code == 200, "after too many wrong codes not even the right one enters"
    assert other.get("/account")["Location"].startswith("/sign-in")


def test_a_session_from_before_the_set_up_gains_nothing_by_it(person: Person) -> None:
    """Whoever stole the first password and signed in early must not ride on the factor that the owner sets up."""
    thief = Browser(person.login, address="192.0.2.66")
    thief.give_password()
    Browser(person.login).arrive()
    assert thief.get("/account")["Location"].startswith("/sign-in"), "the set-up ends every other session"
    # And were such a session left over, it could show the factor and do nothing else.
    left_over = Client()
    left_over.force_login(person)
    record(left_over, person, "password")
    for path in (*PAGES, SET_UP, "/account/second-factor/app", "/account/second-factor/app/remove"):
        assert left_over.get(path)["Location"].startswith("/account/confirm?next="), path
    assert left_over.post("/account/second-factor/app/remove")["Location"].startswith("/account/confirm")
    assert Authenticator.objects.filter(type=Authenticator.Type.TOTP).count() == 1


def test_a_session_without_a_factor_lives_ten_minutes(person: Person) -> None:
    browser = Browser(person.login)
    browser.give_password()
    older(browser.client, gate.WITHOUT_FACTOR_LASTS_S + 1)
    assert browser.get(SET_UP)["Location"] == "/sign-in"
    assert Session.objects.count() == 0


def test_recovery_codes_are_shown_once_and_each_works_once(person: Person) -> None:
    first = Browser(person.login).arrive()
    page = first.get("/account/second-factor/recovery-codes").content.decode()
    codes = page.partition("<pre>")[2].partition("</pre>")[0].split()
    assert len(codes) == 10
    assert not [code for code in codes if code in first.get("/account/second-factor/recovery-codes").content.decode()]
    for expected in (302, 200):
        other = first.again()
        other.give_password()
        assert other.post("/sign-in/second-factor", {"code": codes[0]}).status_code == expected


def test_no_second_factor_stands_in_the_database_as_it_is(person: Person) -> None:
    browser = Browser(person.login).arrive()
    codes = browser.get("/account/second-factor/recovery-codes").content.decode().partition("<pre>")[2].partition("</pre>")[0].split()
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert browser.secret not in stored
    assert not [code for code in codes if code in stored]


def test_without_the_last_factor_the_next_page_is_the_set_up_again(person: Person) -> None:
    client = signed_in(person)
    assert client.post("/account/second-factor/app/remove")["Location"] == SET_UP
    assert client.get("/account")["Location"] == SET_UP


@pytest.mark.parametrize("path", [
    "/account/password", "/account/second-factor/app/remove", "/account/second-factor/passkeys/add",
    "/account/second-factor/recovery-codes/new", "/organisations/{ref}/members",
])
def test_sensitive_pages_ask_again_after_ten_minutes(path: str, person: Person) -> None:
    client, path = signed_in(person), path.format(ref=membership_of(person).organisation.ref)
    assert client.get(path).status_code == 200
    older(client, 599)
    assert client.get(path).status_code == 200
    older(client, 2)
    answer = client.get(path)
    assert answer["Location"].startswith("/account/confirm?next=")
    assert client.get("/account").status_code == 200, "what is not sensitive goes on"


def test_the_password_does_not_stand_in_for_the_second_factor(person: Person) -> None:
    browser = Browser(person.login).arrive()
    older(browser.client, 601)
    assert browser.get("/account/reauthenticate").status_code == 404
    assert browser.post("/account/confirm", {"password": PASSWORD}).status_code == 200
    assert browser.get("/account/password").status_code == 302
    shown = browser.post("/account/confirm", {"code": browser.code(), "next": "/account/password"})
    assert shown["Location"] == "/account/password"
    assert browser.get("/account/password").status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "http://testserver/account"])
def test_showing_it_again_leads_nowhere_else(target: str, person: Person) -> None:
    browser = Browser(person.login).arrive()
    older(browser.client, 601)
    assert browser.post("/account/confirm", {"code": browser.code(), "next": target})["Location"] == "/home"


def test_showing_it_again_ends_the_sessions_key_and_begins_another(person: Person) -> None:
    """Whoever has read the old key from somewhere does not ride on the factor that its owner shows (ASVS 7.2.4)."""
    browser = Browser(person.login).arrive()
    [listed] = UserSession.objects.filter(user_id=person.pk).values_list("pk", flat=True)
    old = browser.client.cookies["sessionid"].value
    assert browser.post("/account/confirm", {"code": browser.code()}).status_code == 302
    new = browser.client.cookies["sessionid"].value
    assert new != old
    assert not Session.objects.filter(session_key=old).exists()
    thief = Client()
    thief.cookies["sessionid"] = old
    assert thief.get("/account")["Location"].startswith("/sign-in")
    assert browser.get("/account").status_code == 200
    assert list(UserSession.objects.filter(user_id=person.pk).values_list("pk", "session_key")) == [(listed, new)], "one session, as before"


def test_the_way_out_stands_on_every_page_of_a_place_of_work(person: Person) -> None:
    browser = Browser(person.login).arrive()
    for path in ("/home", "/account", "/inbox", "/audit", "/account/sessions"):
        page = browser.client.get(path, follow=True).content.decode()
        assert page.count('action="/sign-out"') == 1, path
    assert browser.post("/sign-out")["Location"] == "/sign-in"


def test_a_stale_form_is_not_kept_for_later(person: Person) -> None:
    """What it said, passwords among it, would stand in the session's row."""
    browser = Browser(person.login).arrive()
    older(browser.client, 601)
    form = {"oldpassword": PASSWORD, "password1": "another long password", "password2": "another long password"}
    assert browser.post("/account/password", form)["Location"].startswith("/account/confirm")
    assert "another long password" not in str([session.get_decoded() for session in Session.objects.all()])
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_a_new_password_ends_the_other_sessions(person: Person) -> None:
    browser = Browser(person.login).arrive()
    other = signed_in(person)
    short = browser.post("/account/password", {"oldpassword": PASSWORD, "password1": "short", "password2": "short"})
    assert "12" in short.content.decode()
    form = {"oldpassword": PASSWORD, "password1": "another long password", "password2": "another long password"}
    assert browser.post("/account/password", form)["Location"] == "/account"
    assert browser.get("/account").status_code == 200
    assert other.get("/account")["Location"].startswith("/sign-in")


def test_sessions_are_listed_and_ended_one_by_one_or_all(person: Person) -> None:
    browser = Browser(person.login).arrive()
    others: list[Any] = []
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        other = browser.again(address)
        client = signed_in(person, other.client)
        UserSession.objects.create(user=person, ip=address, session_key=client.session.session_key, user_agent="Firefox")
        others.append(other)
    page = browser.get("/account/sessions").content.decode()
    assert all(address in page for address in ("127.0.0.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"))
    first = UserSession.objects.get(ip="192.0.2.1")
    assert browser.post(f"/account/sessions/{first.pk}/end")["Location"] == "/account/sessions"
    assert [other.get("/account").status_code for other in others] == [302, 200, 200]
    browser.post("/account/sessions")
    assert [other.get("/account").status_code for other in others] == [302, 302, 302]
    assert browser.get("/account").status_code == 200


def test_sessions_end_only_for_whoever_shows_the_second_factor_again(person: Person) -> None:
    browser = Browser(person.login).arrive()
    other = signed_in(person)
    UserSession.objects.create(user=person, ip="192.0.2.1", session_key=other.session.session_key, user_agent="Firefox")
    first = UserSession.objects.get(ip="192.0.2.1")
    older(browser.client, 601)
    for address in (f"/account/sessions/{first.pk}/end", "/account/sessions"):
        assert browser.post(address)["Location"].startswith("/account/confirm?next=%2Faccount%2Fsessions")
    assert browser.get("/account/sessions").status_code == 200
    assert other.get("/account").status_code == 200
    older(browser.client, -601)
    browser.post("/account/sessions")
    assert other.get("/account").status_code == 302


def test_another_persons_session_does_not_exist(person: Person) -> None:
    browser = Browser(person.login).arrive()
    stranger = signed_in(make_person("li@example.org", Role.LENDER_ADMIN))
    session = UserSession.objects.get(user=person)
    assert stranger.post(f"/account/sessions/{session.pk}/end").status_code == 404
    assert browser.get("/account").status_code == 200


def test_anothers_passkey_does_not_exist(person: Person) -> None:
    key = Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={"name": "三号工位", "credential": {}})
    stranger = signed_in(make_person("li@example.org", Role.LENDER_ADMIN))
    for verb in ("name", "remove"):
        assert stranger.get(f"/account/second-factor/passkeys/{key.pk}/{verb}").status_code == 404
        assert stranger.post(f"/account/second-factor/passkeys/{key.pk}/{verb}", {"name": "x"}).status_code == 404
    assert Authenticator.objects.filter(pk=key.pk).exists()


ASSERTION = '{"id": "A", "rawId": "A", "response": {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"}}'


@pytest.mark.parametrize("credential", [
    "", "{}", "[]", "null", "\0", '{"id": 1}', '{"response": {"userHandle": "AAAA"}, "rawId": "AAAA", "id": "AAAA"}', ASSERTION,
    '{"id": "AAAA", "rawId": "AAAA", "type": "x", "response": []}', '{"id": "é", "rawId": "é", "response": {"clientDataJSON": 1}}',
])
def test_a_credential_that_is_none_signs_nobody_in_and_breaks_nothing(credential: str, person: Person) -> None:
    client = Client(raise_request_exception=False)
    options = client.get("/sign-in/passkey", headers={"Accept": "application/json"}).json()
    assert options["request_options"]["publicKey"]["challenge"]
    answer = client.post("/sign-in/passkey", {"credential": credential})
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in")
    assert client.get("/account")["Location"].startswith("/sign-in")
