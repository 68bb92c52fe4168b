"""The idle lock of workstations: when it comes, what opens it, and that whoever opens it is where he was."""
import time
from contextlib import suppress
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from accounts.idle import SEEN_AT
from accounts.models import AuditEntry, Organisation, Person
from accounts.permissions import Role
from sandbox.idp.server import Behaviour, IdentityServer
from sandbox.idp.tokens import Wrong
from tests.accounts.people import make_person, record, signed_in
from tests.accounts.providers import answered, browser, come_in, make_agency

TEN_MINUTES = 600


@pytest.fixture
def agency(idp: IdentityServer, database: str) -> Organisation:
    return make_agency(idp)


def wait(client: Client, seconds: float) -> None:
    """So long nothing was asked for: everything that the session remembers is so much older."""
    session = client.session
    for name in (SEEN_AT, "cunzheng_locked_at"):
        if name in session:
            session[name] -= seconds
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {**record, "at": record["at"] - seconds} for record in session[AUTHENTICATION_METHODS_SESSION_KEY]]
    session.save()


def state(client: Client) -> Any:
    return client.get("/account/lock").json()


def test_after_a_pause_an_agent_shows_his_factor_and_is_where_he_was(agency: Organisation) -> None:
    agent = make_person("agent", Role.COLLECTION_AGENT, agency)
    client = signed_in(agent, browser())
    assert client.get("/account").status_code == 200
    wait(client, TEN_MINUTES - 30)
    assert state(client) == {"locked": False, "left_s": pytest.approx(30, abs=2)}
    assert client.get("/account").status_code == 200
    wait(client, TEN_MINUTES + 1)
    # To ask whether it is locked is no page: it stays locked however often the script asks.
    assert state(client)["locked"] is True
    assert client.get("/records?number=1")["Location"] == "/account/confirm?next=%2Frecords%3Fnumber%3D1"
    assert client.get("/account")["Location"] == "/account/confirm?next=%2Faccount"
    # A form that was sent is forgotten, and its page is not; a page of another site is none of ours.
    sent = client.post("/workplace", headers={"Referer": "http://testserver/records?number=2"})
    assert sent["Location"] == "/account/confirm?next=%2Frecords%3Fnumber%3D2"
    for foreign in ("http://evil.example/x", "http://[x"):
        assert client.post("/workplace", headers={"Referer": foreign})["Location"] == "/account/confirm?next=%2Faccount"
    assert client.get("/account/confirm").status_code == 200
    assert client.get("/account")["Location"].startswith("/account/confirm")
    record(client, agent, "mfa")
    assert client.get("/account").status_code == 200
    assert state(client)["locked"] is False


def test_whom_the_provider_let_in_shows_himself_to_it_again_and_an_old_session_there_is_no_answer(
    agency: Organisation, idp: IdentityServer
) -> None:
    make_person("agent", Role.COLLECTION_AGENT, agency)
    make_person("other", Role.COLLECTION_AGENT, agency)
    client = browser()
    come_in(client, agency, "agent")
    assert client.get("/account").status_code == 200
    wait(client, TEN_MINUTES + 1)
    way = client.get("/records?number=1")["Location"]
    assert way == f"/sign-in/at/{agency.ref}/go?next=%2Frecords%3Fnumber%3D1"
    callback = f"/sign-in/at/{agency.ref}/callback"
    # A form may not lead to another site, so that one who sent a form gets a link to it.
    sent = client.post("/workplace", headers={"Referer": "http://testserver/records?number=1"})
    assert (sent.status_code, f'href="{way}"' in sent.content.decode()) == (403, True)
    address = client.get(way)["Location"]
    assert "prompt=login" in address
    assert "max_age=0" in address
    idp.fault = Wrong.NOT_ANEW
    assert client.get(callback, answered(address, "agent")).status_code == 403
    idp.fault = Behaviour.WELL
    assert client.get(callback, answered(client.get(way)["Location"], "other")).status_code == 409
    assert client.get("/account")["Location"].startswith("/sign-in/at/")
    assert client.get(callback, answered(client.get(way)["Location"], "agent"))["Location"] == "/records?number=1"
    assert client.get("/account").status_code == 200
    assert AuditEntry.objects.filter(organisation=agency, event="session:factor_shown").count() == 1


def test_the_button_locks_at_once_and_the_page_says_when_to_ask(agency: Organisation) -> None:
    agent = make_person("agent", Role.COLLECTION_AGENT, agency)
    client = signed_in(agent, browser())
    page = client.get("/account").content.decode()
    assert 'data-idle-s="600"' in page
    assert "js/idle_lock.js" in page
    time.sleep(0.01)  # proven and locked at the very same moment would be unlocked
    assert "解锁" in client.post("/account/lock").content.decode()
    assert client.get("/account")["Location"].startswith("/account/confirm")
    assert AuditEntry.objects.filter(organisation=agency, event="session:locked").count() == 1
    record(client, agent, "mfa")
    assert client.get("/account").status_code == 200


def test_a_slow_page_does_not_undo_the_lock(agency: Organisation) -> None:
    """It was asked for before the button was pressed, and saves its session after."""
    client = signed_in(make_person("agent", Role.COLLECTION_AGENT, agency), browser())
    assert client.get("/account").status_code == 200
    key = str(client.session.session_key)
    UserSession.objects.create(user=Person.objects.get(login="agent"), ip="198.51.100.7", session_key=key, user_agent="")
    slow = SessionStore(key)
    slow[SEEN_AT] = time.time()
    time.sleep(0.01)  # as above
    assert "解锁" in client.post("/account/lock").content.decode()
    with suppress(UpdateError):
        slow.save()
    assert state(client)["locked"] is True
    assert UserSession.objects.get().session_key == client.session.session_key != key, "it stands in the list still"


def test_who_works_otherwise_is_not_locked(agency: Organisation) -> None:
    chief = signed_in(make_person("chief", Role.AGENCY_SUPERVISOR, agency), browser())
    wait(chief, TEN_MINUTES * 2)
    assert "idle_lock.js" not in chief.get("/account").content.decode()
    assert chief.get("/account/lock").status_code == 404
    assert chief.post("/account/lock").status_code == 404


def test_the_organisation_chooses_the_pause(agency: Organisation) -> None:
    agent = signed_in(make_person("agent", Role.COLLECTION_AGENT, agency), browser())
    chief = signed_in(make_person("chief", Role.AGENCY_SUPERVISOR, agency), browser())
    page = f"/organisations/{agency.ref}/sign-in"
    assert chief.post(page, {"networks": "198.51.100.0/24", "idle_minutes": "5"})["Location"] == page
    assert agent.get("/account").status_code == 200
    wait(agent, 301)
    assert agent.get("/account").status_code == 302
    assert Person.objects.count() == 2
