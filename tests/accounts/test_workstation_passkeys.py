"""Which passkey lets a collection agent in: one that he registered inside the networks and that his supervisor approved, and no other."""
import re
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.utils import timezone
from pytest_django import Settings

from accounts.joining import Invitee, accept_as, end_membership, invite
from accounts.models import AuditEntry, Membership, Organisation, Person, SignInRules, WorkstationFactor
from accounts.permissions import Kind, Role
from tests.accounts.passkeys import Passkey
from tests.accounts.people import Browser, make_organisation, make_person, membership_of, signed_in
from tests.accounts.test_passkeys import ADD, SHOW, enter, options_on, passkey, register
from tests.portal.pages import Page

LIST = "/account/second-factor/passkeys"
PAGES = ("/account", "/home", "/work", "/cases", "/evidence", "/inbox", "/organisation", "/account/sessions", "/account/notifications")


@pytest.fixture
def agency(database: str, settings: Settings) -> Organisation:
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
    return make_organisation(Kind.COLLECTION_AGENCY, "甲催收")


@pytest.fixture
def agent(agency: Organisation) -> Person:
    return make_person("agent-007", Role.COLLECTION_AGENT, agency)


def kept_out(browser: Browser) -> None:
    """Every page but those where a passkey is set up leads there; a form changes nothing."""
    assert {browser.get(path).headers.get("Location") for path in PAGES} == {LIST}
    assert browser.post("/workplace", {"organisation": "0" * 32})["Location"] == LIST
    assert browser.post("/account/sessions")["Location"] == LIST


def shown(browser: Browser, key: Passkey) -> Any:
    return browser.post(SHOW, {"credential": key.get(options_on(browser, SHOW)), "next": "/home"})


def rules_page(client: Any, agency: Organisation, language: str = "zh-hans") -> Page:
    answer = client.get(f"/organisations/{agency.ref}/sign-in", headers={"Accept-Language": language})
    assert answer.status_code == 200
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    return page


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_passkey_lets_an_agent_in_once_the_supervisor_has_approved_it_and_until_he_revokes_it(
    agency: Organisation, agent: Person, language: str
) -> None:
    waits, approved, refused_word = {
        "zh-hans": ("待批准", "已批准", "不予批准"), "en": ("Awaits approval", "Approved", "Refuse")}[language]
    browser, key = Browser(agent.login), passkey()
    browser.give_password()
    register(browser, key, approved=False)
    kept_out(browser)
    alone = Browser()
    enter(alone, key)
    kept_out(alone)
    listed = Page(browser.client.get(LIST, headers={"Accept-Language": language}).content.decode())
    assert waits in listed.text
    assert listed.all_faults() == []
    supervisor = make_person("chief", Role.AGENCY_SUPERVISOR, agency)
    chief = signed_in(supervisor)
    page = rules_page(chief, agency, language)
    assert all(word in page.text for word in ("agent-007", "三号工位", waits, refused_word))
    [approve] = re.findall(r'action="(/organisations/\w+/workstations/\d+/approve)"', page.source)
    assert chief.post(approve)["Location"].endswith("#workstations")
    assert chief.post(approve).status_code == 404, "it waits no more"
    assert approved in rules_page(chief, agency, language).text
    kept_out(browser)
    assert "/account/confirm/passkey" in browser.get(LIST).content.decode()
    assert shown(browser, key)["Location"] == "/home"
    assert browser.get("/account").status_code == 200
    assert alone.get("/account").status_code == 200, "its session showed that very passkey"
    assert chief.post(approve.replace("/approve", "/revoke")).status_code == 302
    kept_out(browser)
    kept_out(alone)
    events = AuditEntry.objects.filter(organisation=agency, event__startswith="workstation:").order_by("number")
    assert list(events.values_list("event", "subject", "actor")) == [
        (event, f"person:{agent.pk}", f"person:{supervisor.pk}") for event in ("workstation:approved", "workstation:revoked")]


def test_another_passkey_an_app_and_a_recovery_code_let_no_agent_in(agent: Person) -> None:
    """They prove who he is: with them he registers a passkey, and nothing else."""
    office, own = Browser(agent.login), passkey()
    office.give_password()
    workstation = passkey()
    register(office, workstation)
    shown(office, workstation)
    assert office.get("/account").status_code == 200
    register(office, own, approved=False)
    private = Browser()
    enter(private, own)
    kept_out(private)
    assert private.get(ADD).status_code == 200
    assert office.get("/account").status_code == 200, "that he registered another changes nothing for the session at the workstation"
    office.set_up()
    with_app = office.again()
    with_app.give_password()
    assert with_app.post("/sign-in/second-factor", {"code": with_app.code()})["Location"] == "/home"
    kept_out(with_app)
    [code, *_] = re.findall(r"\b\d{8}\b", office.get("/account/second-factor/recovery-codes").content.decode())
    with_code = office.again()
    with_code.give_password()
    assert with_code.post("/sign-in/second-factor", {"code": code})["Location"] == "/home"
    kept_out(with_code)


def test_whoever_shows_something_of_his_own_last_has_left_the_workstation(agent: Person) -> None:
    """Else a screen that had locked would be opened by a phone."""
    browser, workstation, own = Browser(agent.login), passkey(), passkey()
    browser.give_password()
    register(browser, workstation)
    register(browser, own, approved=False)
    shown(browser, workstation)
    assert browser.get("/account").status_code == 200
    shown(browser, own)
    kept_out(browser)
    shown(browser, workstation)
    assert browser.get("/account").status_code == 200


def test_a_passkey_from_another_role_is_no_workstation(agency: Organisation) -> None:
    """A supervisor registers where he likes; once he is an agent and nothing else, that does not count, and nobody can approve it."""
    person = make_person("boss", Role.AGENCY_SUPERVISOR, agency)
    chief = signed_in(make_person("chief", Role.AGENCY_SUPERVISOR, agency))
    browser, key = Browser(person.login), passkey()
    browser.give_password()
    register(browser, key)
    assert browser.get("/account").status_code == 200
    Membership.objects.filter(person=person).update(role=Role.COLLECTION_AGENT)
    kept_out(browser)
    assert "boss" not in rules_page(chief, agency).text
    assert not WorkstationFactor.objects.exists()


def test_who_works_so_for_two_needs_the_word_of_both(agency: Organisation, agent: Person) -> None:
    second = make_organisation(Kind.COLLECTION_AGENCY, "乙催收")
    browser, key = Browser(agent.login), passkey()
    _, token = invite(second, Invitee(agent.login, "名", Role.COLLECTION_AGENT), by=None, now=timezone.now())
    accept_as(agent, token, now=timezone.now())
    browser.give_password()
    register(browser, key, approved=False)
    shown(browser, key)
    for place in (agency, second):
        kept_out(browser)
        chief = signed_in(make_person(f"chief-{place.pk}", Role.AGENCY_SUPERVISOR, place))
        [row] = WorkstationFactor.objects.filter(organisation=place)
        other = WorkstationFactor.objects.exclude(organisation=place).get()
        assert chief.post(f"/organisations/{place.ref}/workstations/{other.pk}/approve").status_code == 404, "that is another's to say"
        assert chief.post(f"/organisations/{place.ref}/workstations/{row.pk}/approve").status_code == 302
    assert browser.get("/account").status_code == 200


def test_outside_the_networks_no_passkey_is_registered_and_none_lets_in(agency: Organisation, agent: Person) -> None:
    browser, key = Browser(agent.login), passkey()
    browser.give_password()
    options = options_on(browser, ADD)
    SignInRules.objects.filter(organisation=agency).update(networks="198.51.100.0/24")
    assert browser.post(ADD, {"name": "x", "credential": key.create(options)}).status_code == 403
    assert not Authenticator.objects.exists()
    SignInRules.objects.filter(organisation=agency).update(networks="127.0.0.0/8")
    register(browser, key)
    shown(browser, key)
    assert browser.get("/account").status_code == 200
    SignInRules.objects.filter(organisation=agency).update(networks="198.51.100.0/24")
    assert browser.get("/account").status_code == 403


def test_what_agents_had_before_the_upgrade_counts_for_two_weeks_and_then_takes_the_approval(agency: Organisation, agent: Person) -> None:
    supervisor = make_person("chief", Role.AGENCY_SUPERVISOR, agency)
    browser, key = Browser(agent.login), passkey()
    browser.give_password()
    register(browser, key, approved=False)
    signed_in(supervisor)
    WorkstationFactor.objects.all().delete()
    kept_out(browser)
    before = timezone.now()
    import_module("accounts.migrations.0010_workstation_factors").keep_for_a_while(apps, None)
    [row] = WorkstationFactor.objects.all()
    assert (row.authenticator.user_id, row.organisation_id, row.approved_at) == (agent.pk, agency.pk, None)
    assert row.until is not None
    assert timedelta(days=14) <= row.until - before < timedelta(days=14, minutes=5)
    shown(browser, key)
    assert browser.get("/account").status_code == 200
    assert "升级前登记" in rules_page(signed_in(supervisor), agency).text
    WorkstationFactor.objects.update(until=timezone.now())
    kept_out(browser)
    assert signed_in(supervisor).post(f"/organisations/{agency.ref}/workstations/{row.pk}/approve").status_code == 302
    assert browser.get("/account").status_code == 200


def test_whoever_comes_back_to_an_organisation_is_approved_anew(agency: Organisation, agent: Person) -> None:
    browser, key, chief = Browser(agent.login), passkey(), make_person("chief", Role.AGENCY_SUPERVISOR, agency)
    browser.give_password()
    register(browser, key)
    assert end_membership(agency, membership_of(agent).pk, by=chief, now=timezone.now())
    assert not WorkstationFactor.objects.exists()
    _, token = invite(agency, Invitee(agent.login, "名", Role.COLLECTION_AGENT), by=None, now=timezone.now())
    accept_as(agent, token, now=timezone.now())
    shown(browser, key)
    kept_out(browser)
