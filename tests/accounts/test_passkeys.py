"""Passkeys, with an authenticator of the test's own: registered, used alone and as a second factor, and not by anybody else."""
import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Person, WorkstationFactor
from accounts.permissions import Role
from accounts.workstation_factors import approve_factor
from tests.accounts.passkeys import Passkey
from tests.accounts.people import Browser, make_person, signed_in
from tests.portal.pages import Page

ADD, SHOW, PASSKEY = "/account/second-factor/passkeys/add", "/account/confirm/passkey", "/sign-in/passkey"


@pytest.fixture
def agent(database: str, settings: Settings) -> Person:
    """As in production: the origin is judged, so it has to be https."""
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
    return make_person("agent-007", Role.COLLECTION_AGENT)


def passkey(**traits: Any) -> Passkey:
    return Passkey(**{"origin": "https://testserver", **traits})


def options_on(browser: Browser, path: str) -> dict[str, Any]:
    """The options that the page hands to the browser's script."""
    page = Page(browser.get(path).content.decode())
    [found] = [each.attributes["data-options"] for each in page.all("form") if "data-options" in each.attributes]
    options: dict[str, Any] = json.loads(found)["publicKey"]
    return options


def register(browser: Browser, key: Passkey, *, approved: bool = True) -> Any:
    """`approved`: by the supervisor of each organisation where it waits then."""
    answer = browser.post(ADD, {"name": "三号工位", "credential": key.create(options_on(browser, ADD))})
    for row in WorkstationFactor.objects.filter(approved_at=None) if approved else ():
        chief = Person.objects.filter(login=f"chief-{row.organisation_id}").first() or make_person(
            f"chief-{row.organisation_id}", Role.AGENCY_SUPERVISOR, row.organisation)
        assert approve_factor(row.organisation, row.pk, by=chief, now=timezone.now())
    return answer


def sign_in_options(browser: Browser) -> dict[str, Any]:
    answer = browser.client.get(PASSKEY, headers={"Accept": "application/json"})
    options: dict[str, Any] = answer.json()["request_options"]["publicKey"]
    return options


def enter(browser: Browser, key: Passkey) -> Any:
    return browser.post(PASSKEY, {"credential": key.get(sign_in_options(browser))})


def test_showing_a_passkey_again_gives_the_session_a_new_key(agent: Person) -> None:
    browser, key = Browser(agent.login), passkey()
    browser.give_password()
    register(browser, key)
    old = browser.client.cookies["sessionid"].value
    browser.post(SHOW, {"credential": key.get(options_on(browser, SHOW))})
    assert browser.client.cookies["sessionid"].value != old
    assert browser.get("/account").status_code == 200


def test_an_agent_registers_the_workstation_and_then_needs_no_password(agent: Person) -> None:
    browser, key = Browser(agent.login), passkey()
    browser.give_password()
    assert register(browser, key)["Location"] == "/account/second-factor/recovery-codes"
    assert browser.get("/account")["Location"] == "/account/second-factor/passkeys", "it has not been shown yet"
    another = Browser()
    assert enter(another, key)["Location"] == "/home"
    assert another.get("/account").status_code == 200
    assert "三号工位" in another.get("/account/second-factor/passkeys").content.decode()


def test_a_passkey_is_a_second_factor_and_steps_up(agent: Person) -> None:
    browser, key = Browser(agent.login), passkey()
    browser.give_password()
    register(browser, key)
    other = Browser(agent.login)
    assert other.give_password()["Location"] == "/sign-in/second-factor"
    answer = other.post("/sign-in/second-factor", {"credential": key.get(options_on(other, "/sign-in/second-factor"))})
    assert answer["Location"] == "/home"
    shown = other.post(SHOW, {"credential": key.get(options_on(other, SHOW)), "next": "/account/password"})
    assert shown["Location"] == "/account/password"


@pytest.mark.parametrize("traits", [
    {"origin": "https://evil.example"}, {"origin": "http://testserver"}, {"rp_id": "evil.example"}, {"verified": False},
])
def test_a_passkey_of_a_phishing_page_or_without_its_holder_is_neither_registered_nor_used(traits: dict[str, Any], agent: Person) -> None:
    browser, key = Browser(agent.login), passkey(**traits)
    browser.give_password()
    assert register(browser, key).status_code == 200
    assert Authenticator.objects.count() == 0
    good = passkey()
    assert register(browser, good).status_code == 302
    for name, value in traits.items():
        setattr(good, name, value)
    assert enter(Browser(), good)["Location"] == "/sign-in"


def test_an_answer_works_once_and_for_its_own_challenge_only(agent: Person) -> None:
    browser, key = Browser(agent.login), passkey()
    browser.give_password()
    register(browser, key)
    first, second = Browser(), Browser()
    answer = key.get(sign_in_options(first))
    sign_in_options(second)
    assert second.post(PASSKEY, {"credential": answer})["Location"] == "/sign-in"
    assert first.post(PASSKEY, {"credential": answer})["Location"] == "/home"
    first.post("/sign-out")
    assert Browser().post(PASSKEY, {"credential": answer})["Location"] == "/sign-in"


def test_another_key_or_another_persons_name_signs_nobody_in(agent: Person) -> None:
    browser, key = Browser(agent.login), passkey()
    browser.give_password()
    register(browser, key)
    forged = passkey()
    forged.id, forged.user_handle = key.id, key.user_handle
    assert enter(Browser(), forged)["Location"] == "/sign-in"
    supervisor = make_person("boss", Role.AGENCY_SUPERVISOR)
    other, own = Browser("boss"), passkey()
    signed_in(supervisor, other.client)
    register(other, own)
    own.user_handle, handle = key.user_handle, own.user_handle
    assert enter(Browser(), own)["Location"] == "/sign-in", "the agent has no such key"
    own.user_handle = handle
    assert enter(Browser(), own)["Location"] == "/home"


def test_a_removed_passkey_is_none(agent: Person) -> None:
    browser, key, spare = Browser(agent.login), passkey(), passkey()
    browser.give_password()
    register(browser, key)
    register(browser, spare)
    row = Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).order_by("pk")[0]
    assert browser.post(f"/account/second-factor/passkeys/{row.pk}/name", {"name": "四号工位"}).status_code == 302
    assert "四号工位" in browser.get("/account/second-factor/passkeys").content.decode()
    assert browser.post(f"/account/second-factor/passkeys/{row.pk}/remove").status_code == 302
    assert enter(Browser(), key)["Location"] == "/sign-in"
    assert enter(Browser(), spare)["Location"] == "/home"


def test_a_deactivated_agent_has_no_use_of_the_workstation(agent: Person) -> None:
    browser, key = Browser(agent.login), passkey()
    browser.give_password()
    register(browser, key)
    agent.deactivated_at = agent.created_at
    agent.save()
    late = Browser()
    assert enter(late, key)["Location"] == "/sign-in/inactive"
    assert late.get("/account")["Location"].startswith("/sign-in")
