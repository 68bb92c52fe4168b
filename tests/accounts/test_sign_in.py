"""Sign-in: who gets in, who does not, and what a session is worth."""
import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import idle
from accounts.models import Person
from accounts.permissions import Role
from accounts.portal import gate
from accounts.services import issue_api_key
from config import env
from tests.accounts.people import PASSWORD, Browser, make_person, membership_of, signed_in
from tests.repository.free_ports import free_ports


@pytest.fixture
def person(database: str) -> Person:
    return make_person("zhang@example.org", Role.LENDER_ADMIN)


@pytest.mark.parametrize(("login", "password", "enters"), [
    ("zhang@example.org", PASSWORD, True), (" ZHANG@example.org ", PASSWORD, True), ("zhang@example.org", PASSWORD + " ", False),
    ("zhang@example.org", PASSWORD.upper(), False), ("zhang@example.org", "", False), ("li@example.org", PASSWORD, False),
    ("%", PASSWORD, False), ("zhang@example.org\0", PASSWORD, False),
])
def test_only_the_right_password_of_the_right_login_enters(login: str, password: str, enters: bool, person: Person) -> None:
    browser = Browser(login)
    answer = browser.give_password(password)
    assert (answer.status_code == 302) is enters
    assert ("sessionid" in browser.client.cookies) is enters


def test_an_unknown_login_and_a_wrong_password_get_the_same_words(person: Person) -> None:
    answers = []
    for login in ("zhang@example.org", "nobody@example.org"):
        page = Browser(login).give_password("wrong").content.decode()
        assert "登录名或密码不正确。" in page
        answers.append(page.replace(login, "").partition("<main")[2].partition("csrfmiddlewaretoken")[0])
    assert answers[0] == answers[1]


def test_passwords_are_kept_as_argon2_and_nowhere_else(person: Person) -> None:
    assert person.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in person.password


def test_guessing_one_login_is_stopped_whatever_the_address_and_the_right_password_too(person: Person) -> None:
    for guess in range(5):
        assert "登录名或密码不正确。" in Browser(person.login, address=f"192.0.2.{guess}").give_password(f"guess {guess}").content.decode()
    late = Browser(person.login, address="192.0.2.99")
    assert "失败次数过多" in late.give_password().content.decode()
    assert "sessionid" not in late.client.cookies


def test_guessing_many_logins_from_one_address_is_stopped(person: Person) -> None:
    pages = [Browser(f"user{n}", address="192.0.2.7").give_password("x" * 12).content.decode() for n in range(11)]
    assert "失败次数过多" in pages[-1]
    assert "失败次数过多" not in pages[0]


def test_a_flood_of_sign_ins_gets_429_as_a_page(database: str) -> None:
    client = Client(REMOTE_ADDR="192.0.2.8")
    answers = [client.post("/sign-in", {"login": "", "password": ""}) for _ in range(301)]
    assert {answer.status_code for answer in answers[:300]} == {200}, "an agency signs in from one address"
    assert answers[-1].status_code == 429
    assert "too-many-requests" in answers[-1].content.decode()
    assert answers[-1]["Retry-After"]


def test_a_sign_in_while_the_counters_are_away_is_503(person: Person, settings: Settings) -> None:
    """Guesses could not be counted, and a code of a second factor would be good twice: nobody comes in, and is told to come again."""
    [port] = free_ports(1)
    settings.CACHES = {"default": env.counters(f"redis://127.0.0.1:{port}")}
    answer = Browser(person.login).give_password()
    assert answer.status_code == 503
    assert "storage-unavailable" in answer.content.decode()
    assert answer["Retry-After"]


def test_the_address_of_the_client_is_what_the_proxy_says_and_not_what_the_client_says(person: Person, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    browser = Browser(person.login)
    token = browser.get("/sign-in").cookies["csrftoken"].value
    answers = [browser.client.post(
        "/sign-in", {"login": f"u{guess}", "password": "x" * 12, "csrfmiddlewaretoken": token},
        headers={"X-Forwarded-For": f"198.51.100.{guess}, 192.0.2.1"}) for guess in range(11)]
    assert "失败次数过多" in answers[-1].content.decode()


def test_the_session_before_the_sign_in_is_not_the_one_after(person: Person) -> None:
    """Session fixation: whoever plants a session id on a browser knows nothing of the session that is signed in."""
    planted = Client().session
    planted["planted"] = True
    planted.save()
    browser = Browser(person.login)
    browser.client.cookies["sessionid"] = str(planted.session_key)
    browser.give_password()
    assert browser.client.cookies["sessionid"].value != planted.session_key
    assert not Session.objects.filter(session_key=planted.session_key).exists()
    half = browser.client.cookies["sessionid"].value
    browser.set_up()
    again = browser.again()
    again.give_password()
    before = again.client.cookies["sessionid"].value
    again.post("/sign-in/second-factor", {"code": again.code()})
    assert again.client.cookies["sessionid"].value not in (before, half)


@pytest.mark.parametrize("target", [
    "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "http://127.0.0.1/account", "http://testserver/account",
    "javascript:alert(1)", "///evil.example", "https:evil.example", "/x\r\nSet-Cookie: x=y", "account",
])
def test_next_leads_nowhere_but_to_a_path_of_this_site(target: str, person: Person) -> None:
    answer = Browser(person.login).give_password(next=target)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/")
    assert not answer["Location"].startswith(("//", "/\\"))
    assert "x" not in answer.cookies
    assert not set("\r\n") & set(answer["Location"])


def test_next_leads_to_the_page_that_was_asked_for(person: Person) -> None:
    ref = membership_of(person).organisation.ref
    browser = Browser(person.login)
    asked = browser.get(f"/organisations/{ref}/members")
    assert asked["Location"] == f"/sign-in?next=%2Forganisations%2F{ref}%2Fmembers"
    assert browser.give_password(next=f"/organisations/{ref}/members")["Location"] == f"/organisations/{ref}/members"


def test_a_form_without_its_token_is_refused_and_the_public_forms_need_none(person: Person) -> None:
    forged = Client(enforce_csrf_checks=True).post("/sign-in", {"login": person.login, "password": PASSWORD})
    assert forged.status_code == 403
    assert "form-expired" in forged.content.decode()
    client = signed_in(person, Client(enforce_csrf_checks=True))
    for path in ("/sign-out", "/account/sessions", f"/organisations/{membership_of(person).organisation.ref}/invitations"):
        assert client.post(path).status_code == 403
    assert client.get("/account").status_code == 200
    assert Client(enforce_csrf_checks=True).post("/preferences", {"language": "en"}).status_code == 303


def test_browsers_send_the_origin_of_our_own_forms(person: Person) -> None:
    """With `no-referrer` they would send `Origin: null`, which is refused."""
    browser = Browser(person.login)
    page = browser.get("/sign-in")
    assert page["Referrer-Policy"] == "same-origin"
    form = {"login": person.login, "password": PASSWORD, "csrfmiddlewaretoken": page.cookies["csrftoken"].value}
    for origin, status in (("null", 403), ("https://evil.example", 403), ("http://testserver", 302)):
        assert browser.client.post("/sign-in", form, headers={"Origin": origin}).status_code == status


def test_a_session_cookie_gives_no_right_on_the_api(person: Person, service: str) -> None:
    client = signed_in(person)
    assert client.get("/account").status_code == 200
    for method, path in (("get", "/api/v1/evidence"), ("post", "/api/v1/evidence"), ("post", "/api/v1/evidence/batch")):
        answer: Any = getattr(client, method)(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated")
    key = issue_api_key(membership_of(person).organisation, label="x", now=timezone.now(), valid_for=timedelta(days=1))[1]
    with_both = client.get("/api/v1/evidence", headers={"Authorization": f"Bearer {key}"})
    assert with_both.status_code == 200
    assert "Cookie" not in with_both.get("Vary", "")
    assert not with_both.cookies


def test_a_deactivated_person_is_out_at_once_and_stays_out(person: Person) -> None:
    client = signed_in(person)
    call_command("deactivate_person", person.login.upper())
    assert client.get("/account")["Location"].startswith("/sign-in")
    assert Browser(person.login).give_password()["Location"] == "/sign-in/inactive"
    for words in ([person.login], ["nobody@example.org"], ["nobody@example.org", "--undo"]):
        with pytest.raises(CommandError):
            call_command("deactivate_person", *words)
    with pytest.raises(CommandError):
        call_command("deactivate_person", "no login")
    call_command("deactivate_person", person.login, "--undo")
    assert Browser(person.login).give_password().status_code == 302
    assert Browser(person.login).give_password()["Location"] == "/sign-in/second-factor"


def test_a_session_that_idles_is_over(person: Person, settings: Settings) -> None:
    client = signed_in(person)
    session = Session.objects.get()
    assert timedelta(minutes=29) < session.expire_date - timezone.now() <= timedelta(minutes=30)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get("/account")["Location"].startswith("/sign-in")


def test_pages_prolong_a_session_once_a_minute(person: Person) -> None:
    client = signed_in(person)
    client.get("/account")
    Session.objects.update(expire_date=timezone.now() + timedelta(minutes=5))
    client.get("/account")
    assert Session.objects.get().expire_date < timezone.now() + timedelta(minutes=6), "not within the same minute"
    session = client.session
    session[idle.SEEN_AT] -= idle.PROLONG_EVERY_S
    session.save()
    Session.objects.update(expire_date=timezone.now() + timedelta(minutes=5))
    client.get("/account")
    assert Session.objects.get().expire_date > timezone.now() + timedelta(minutes=29)


def test_a_session_ends_twelve_hours_after_its_sign_in_however_busy(person: Person) -> None:
    client = signed_in(person)
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time() - gate.SESSION_LASTS_S - 1}]
    session.save()
    assert client.get("/account")["Location"] == "/sign-in"
    assert Session.objects.count() == 0


def test_signing_out_takes_a_form_and_ends_the_session(person: Person) -> None:
    client = signed_in(person)
    assert client.get("/sign-out").status_code == 200
    assert Session.objects.count() == 1
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert Session.objects.count() == 0


def test_nobody_signs_up(database: str) -> None:
    for path in ("/signup", "/sign-up", "/accounts/signup/", "/account/email", "/password/reset", "/account/password/reset", "/2fa/"):
        assert Client().get(path).status_code == 404


def test_a_signed_in_page_is_never_kept(person: Person) -> None:
    client = signed_in(person)
    for path in ("/account", "/account/second-factor", "/account/sessions", "/account/second-factor/passkeys/add"):
        assert "no-store" in client.get(path)["Cache-Control"], path


def test_the_end_of_a_session_has_the_browser_forget_its_pages(person: Person) -> None:
    """By the button and by time; not what waits in its storage to be sent, and not at the question whether to leave."""
    browser = signed_in(person)
    assert "Clear-Site-Data" not in browser.get("/sign-out").headers
    assert "Clear-Site-Data" not in browser.get("/account").headers
    assert browser.post("/sign-out").headers["Clear-Site-Data"] == '"cache"'
    late = signed_in(person)
    session = late.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {**shown, "at": shown["at"] - 13 * 3600} for shown in session[AUTHENTICATION_METHODS_SESSION_KEY]]
    session.save()
    answer = late.get("/account")
    assert (answer["Location"], answer.headers["Clear-Site-Data"]) == ("/sign-in", '"cache"')
