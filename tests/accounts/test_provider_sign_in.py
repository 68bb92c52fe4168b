"""Sign-in by an organisation's provider: through the real pages and a real provider, right and wrong. Who gets in, where, and as whom."""
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.errors import ProviderMoved, ProviderUnusable
from accounts.joining import Invitee, accept_as, end_membership, invite, set_active
from accounts.models import AuditEntry, IdentityProvider, LinkedIdentity, Organisation, Person
from accounts.oidc import provider as provider_client
from accounts.permissions import Kind, Role
from accounts.services import change_status
from accounts.sign_in_rules import remove_provider, set_provider, set_rules
from common.bounded_http import Limits
from sandbox.idp.server import CLIENT_ID, CLIENT_SECRET, Behaviour, IdentityServer
from sandbox.idp.tokens import Wrong
from tests.accounts.people import make_organisation, make_person, membership_of, record, signed_in
from tests.accounts.providers import AWAY, OFFICE, answered, asked, browser, come_in, is_in, make_agency

AGENT = "agent-7"


@pytest.fixture
def agency(idp: IdentityServer, database: str) -> Organisation:
    agency = make_agency(idp)
    make_person(AGENT, Role.COLLECTION_AGENT, agency)
    return agency


def code_of(answer: Any) -> str:
    """The code of the refusal on the page."""
    assert answer.context is not None, (answer.status_code, answer.headers)
    return str(answer.context["error"].code)


def test_an_agent_in_the_office_comes_in_by_the_providers_word(agency: Organisation, idp: IdentityServer) -> None:
    client = browser()
    assert "前往机构登录" in client.get(f"/sign-in/at/{agency.ref}").content.decode()
    answer = come_in(client, agency, AGENT, "/account?x=1")
    assert (answer.status_code, answer["Location"]) == (302, "/account?x=1")
    assert client.get("/account").status_code == 200
    row = AuditEntry.objects.get(organisation=agency, event="session:started")
    assert (row.method, row.network, row.actor) == ("oidc", "198.51.100.0/24", f"person:{Person.objects.get(login=AGENT).pk}")
    assert AuditEntry.objects.filter(organisation=agency, event="identity:linked").count() == 1


def test_the_question_carries_pkce_state_and_nonce_each_new(agency: Organisation, idp: IdentityServer) -> None:
    questions = [parse_qs(urlsplit(asked(browser(), agency)).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        first, second = (question[name][0] for question in questions)
        assert first != second
        assert len(first) >= 43
    assert questions[0]["code_challenge_method"] == ["S256"]
    assert questions[0]["redirect_uri"][0].endswith(f"/sign-in/at/{agency.ref}/callback")


@pytest.mark.parametrize("fault", [each for each in Wrong if each is not Wrong.NOT_ANEW])
def test_a_token_that_proves_nothing_lets_nobody_in(fault: Wrong, agency: Organisation, idp: IdentityServer) -> None:
    client = browser()
    address = asked(client, agency)
    idp.fault = fault
    answer = client.get(f"/sign-in/at/{agency.ref}/callback", answered(address, AGENT))
    assert (answer.status_code, code_of(answer)) == (403, "provider-refused")
    assert not is_in(client)
    assert not LinkedIdentity.objects.exists()


@pytest.mark.parametrize(("fault", "reason"), [
    (Behaviour.SLOW, "timeout"), (Behaviour.HUGE, "too-large"), (Behaviour.REDIRECT, "redirect"), (Behaviour.GARBAGE, "not-json"),
    (Behaviour.SERVER_ERROR, "http-500"), (Behaviour.OTHER_DISCOVERY, "issuer"),
])
def test_a_provider_that_misbehaves_is_one_sentence(
    fault: Behaviour, reason: str, agency: Organisation, idp: IdentityServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_client, "LIMITS", Limits(timeout_s=0.5, max_bytes=256 * 1024))
    idp.fault = fault
    answer = browser().get(f"/sign-in/at/{agency.ref}/go")
    assert (answer.status_code, code_of(answer)) == (502, "provider-unusable")
    assert reason in answer.content.decode()


def test_a_flood_of_questions_is_stopped_and_asks_the_provider_once(agency: Organisation, idp: IdentityServer) -> None:
    idp.requests.clear()
    client = browser()
    answers = [client.get(f"/sign-in/at/{agency.ref}/go") for _ in range(301)]
    assert {answer.status_code for answer in answers[:300]} == {302}, "an agency signs in from one address"
    assert (answers[-1].status_code, code_of(answers[-1])) == (429, "too-many-requests")
    assert idp.requests == ["/.well-known/openid-configuration"]


def test_a_provider_that_stalls_holds_few_threads(
    agency: Organisation, idp: IdentityServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_client, "LIMITS", Limits(timeout_s=2.0, max_bytes=256 * 1024))
    idp.fault = Behaviour.SLOW
    idp.requests.clear()
    reasons: list[str] = []

    def ask() -> None:
        with pytest.raises(ProviderUnusable) as unusable:
            provider_client.described(idp.issuer)
        reasons.append(str(unusable.value.data["reason"]))

    waiting = [threading.Thread(target=ask) for _ in range(provider_client.MOST_OF_ONE)]
    for each in waiting:
        each.start()
    while len(idp.requests) < len(waiting):
        time.sleep(0.01)
    answer = browser().get(f"/sign-in/at/{agency.ref}/go")
    assert reasons == [], "the others wait still"
    assert (answer.status_code, code_of(answer)) == (502, "provider-unusable")
    assert "busy" in answer.content.decode()
    for each in waiting:
        each.join()
    assert reasons == ["timeout"] * len(waiting)
    idp.fault = Behaviour.WELL
    assert asked(browser(), agency), "what waited has let go"


def changed(**changes: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda back: {**back, **changes}


@pytest.mark.parametrize("bent", [
    changed(state="another"), changed(state=""), changed(code=""), changed(code="x" * 5000), changed(iss="https://other.example"),
    lambda back: {"error": "access_denied", "state": back["state"]}, lambda _: {},
])
def test_an_answer_that_is_bent_on_the_way_lets_nobody_in_and_cannot_be_tried_again(
    bent: Callable[[dict[str, str]], dict[str, str]], agency: Organisation, idp: IdentityServer
) -> None:
    client = browser()
    back = answered(asked(client, agency), AGENT)
    for sent in (bent(back), back):
        answer = client.get(f"/sign-in/at/{agency.ref}/callback", sent)
        assert (answer.status_code, code_of(answer)) == (403, "provider-refused")
    assert not is_in(client)


def test_an_answer_is_good_in_the_browser_that_asked_and_where_it_was_asked(agency: Organisation, idp: IdentityServer) -> None:
    other = make_agency(idp, name="乙催收")
    make_person("agent-8", Role.COLLECTION_AGENT, other)
    client = browser()
    back = answered(asked(client, agency), AGENT)
    assert browser().get(f"/sign-in/at/{agency.ref}/callback", back).status_code == 403
    assert client.get(f"/sign-in/at/{other.ref}/callback", back).status_code == 403
    assert not is_in(client)


def test_a_code_without_its_verifier_is_worth_nothing(agency: Organisation, idp: IdentityServer) -> None:
    """Somebody who caught the code puts it into a question of his own: the provider refuses, for the challenge is another's."""
    victim, thief = browser(), browser()
    caught = answered(asked(victim, agency), AGENT)["code"]
    own = answered(asked(thief, agency), "nobody")
    answer = thief.get(f"/sign-in/at/{agency.ref}/callback", {**own, "code": caught})
    assert (answer.status_code, code_of(answer)) == (502, "provider-unusable")
    assert not is_in(thief)


def test_nobody_is_made_and_nobody_of_elsewhere_gets_in(agency: Organisation, idp: IdentityServer) -> None:
    make_person("lender", Role.LENDER_ADMIN)
    gone = make_person("gone", Role.COLLECTION_AGENT, agency)
    end_membership(agency, membership_of(gone).pk, by=Person.objects.get(login=AGENT), now=timezone.now())
    make_person("out", Role.COLLECTION_AGENT, agency)
    set_active("out", active=False, now=timezone.now())
    before = Person.objects.count()
    for login in ("nobody", "lender", "gone", "out", "", "a b", "x" * 300):
        client = browser()
        answer = come_in(client, agency, login)
        assert (answer.status_code, code_of(answer)) == (403, "not-a-member"), login
        assert not is_in(client)
    assert (Person.objects.count(), LinkedIdentity.objects.count()) == (before, 0)


def test_from_the_first_time_on_the_providers_id_counts_and_not_the_name(agency: Organisation, idp: IdentityServer) -> None:
    make_person("agent-8", Role.COLLECTION_AGENT, agency)
    idp.subjects[AGENT] = "employee-1"
    assert come_in(browser(), agency, AGENT).status_code == 302
    # The name is given to another employee: it opens nothing, for the person behind it is known already.
    idp.subjects[AGENT] = "employee-2"
    assert code_of(come_in(browser(), agency, AGENT)) == "not-a-member"
    # The employee is renamed: he is who he was, even by a name that belongs to somebody else here.
    idp.subjects["agent-8"] = "employee-1"
    client = browser()
    assert come_in(client, agency, "agent-8").status_code == 302
    assert client.session["_auth_user_id"] == str(Person.objects.get(login=AGENT).pk)


def test_a_provider_opens_its_own_organisation_and_no_other(idp: IdentityServer, database: str) -> None:
    """The person manages members at both; by A's word he does so at A, and what is his own he cannot touch."""
    first, second = (make_agency(idp, name=name, kind=Kind.LENDER, networks="") for name in ("甲方", "乙方"))
    person = make_person("both", Role.LENDER_ADMIN, first)
    _, token = invite(second, Invitee("both", "名", Role.LENDER_ADMIN), by=None, now=timezone.now())
    accept_as(person, token, now=timezone.now())
    signed_in(person)  # leaves a second factor behind
    client = browser(AWAY)
    assert come_in(client, first, "both").status_code == 302
    assert client.get("/account")["Location"].startswith("/account/confirm")
    record(client, person, "mfa")
    assert client.get(f"/organisations/{first.ref}/members").status_code == 200
    assert client.get(f"/organisations/{second.ref}/members").status_code == 404
    assert client.post("/workplace", {"organisation": second.ref}).status_code == 404
    assert "乙方" not in client.get("/account").content.decode()
    for path in ("password", "second-factor", "second-factor/app", "second-factor/passkeys/add", "sessions", "notifications"):
        assert code_of(client.get(f"/account/{path}")) == "own-sign-in-only", path
    for path in (f"/invitations/{token}", "/account/notifications/confirm"):
        assert code_of(client.post(path)) == "own-sign-in-only", path
    assert not AuditEntry.objects.filter(organisation=second, event="session:started").exists()


def test_everybody_but_agents_shows_his_own_second_factor_besides(agency: Organisation, idp: IdentityServer) -> None:
    supervisor = make_person("chief", Role.AGENCY_SUPERVISOR, agency)
    client = browser()
    assert code_of(come_in(client, agency, "chief")) == "own-factor-missing"
    assert not is_in(client)
    signed_in(supervisor)
    assert come_in(client, agency, "chief").status_code == 302
    assert client.get("/account")["Location"].startswith("/account/confirm")
    record(client, supervisor, "mfa")
    assert client.get("/account").status_code == 200


def test_agents_work_in_the_organisations_networks_and_nowhere_else(agency: Organisation, idp: IdentityServer) -> None:
    away = browser(AWAY)
    assert code_of(come_in(away, agency, AGENT)) == "outside-network"
    assert not is_in(away)
    assert AuditEntry.objects.get(organisation=agency, event="session:refused").detail == "network"
    client = browser()
    come_in(client, agency, AGENT)
    assert client.get("/account").status_code == 200
    answer = client.get("/account", REMOTE_ADDR=AWAY)
    assert (answer.status_code, code_of(answer)) == (403, "outside-network")
    assert "工作场所" in answer.content.decode()
    assert client.get("/account").status_code == 200
    # A passkey or a password does not change where somebody is; nor does what a client says of itself.
    own = signed_in(Person.objects.get(login=AGENT), browser(AWAY))
    assert code_of(own.get("/account")) == "outside-network"
    assert code_of(own.get("/account", headers={"X-Forwarded-For": OFFICE})) == "outside-network"
    set_rules(agency, networks="203.0.113.0/24", idle_minutes="10", now=timezone.now())
    assert own.get("/account").status_code == 200
    assert code_of(client.get("/account")) == "outside-network"


def test_behind_the_proxy_its_word_counts_and_not_the_clients(agency: Organisation, idp: IdentityServer, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    client = signed_in(Person.objects.get(login=AGENT), browser("127.0.0.1"))
    assert client.get("/account", headers={"X-Forwarded-For": f"{AWAY}, {OFFICE}"}).status_code == 200
    assert code_of(client.get("/account", headers={"X-Forwarded-For": f"{OFFICE}, {AWAY}"})) == "outside-network"


def test_no_agent_gets_into_an_agency_that_names_no_network_and_its_administrator_names_one(
    idp: IdentityServer, database: str
) -> None:
    agency = make_agency(idp, networks="")
    agent = make_person(AGENT, Role.COLLECTION_AGENT, agency)
    assert code_of(come_in(browser(), agency, AGENT)) == "networks-missing"
    own, page = signed_in(agent, browser()), f"/organisations/{agency.ref}"
    for path in ("/account", "/account/second-factor/passkeys", "/records"):
        assert code_of(own.get(path)) == "networks-missing", path
    assert own.post("/sign-out").status_code == 302
    # He is an agent besides, and what holds agents up may not hold up whoever has to mend it.
    chief, _ = admin_of(agency)
    _, token = invite(agency, Invitee("chief", "名", Role.COLLECTION_AGENT), by=None, now=timezone.now())
    accept_as(Person.objects.get(login="chief"), token, now=timezone.now())
    assert "登记网段" in chief.get(f"{page}/members").content.decode()
    assert "催收员现在不能登录" in chief.get(f"{page}/sign-in").content.decode()
    assert chief.post(f"{page}/sign-in", {"networks": "198.51.100.0/24", "idle_minutes": "10"}).status_code == 302
    assert "登记网段" not in chief.get(f"{page}/members").content.decode()
    assert "催收员现在不能登录" not in chief.get(f"{page}/sign-in").content.decode()
    assert come_in(browser(), agency, AGENT).status_code == 302
    assert code_of(come_in(browser(AWAY), agency, AGENT)) == "outside-network"
    assert signed_in(agent, browser()).get("/account").status_code == 200


def test_whoever_is_an_agent_at_one_agency_with_networks_and_one_without_gets_in_nowhere(idp: IdentityServer, database: str) -> None:
    first, second = make_agency(idp), make_agency(idp, name="乙催收", networks="")
    agent = make_person(AGENT, Role.COLLECTION_AGENT, first)
    own = signed_in(agent, browser())
    assert own.get("/account").status_code == 200
    _, token = invite(second, Invitee(AGENT, "名", Role.COLLECTION_AGENT), by=None, now=timezone.now())
    accept_as(agent, token, now=timezone.now())
    assert code_of(own.get("/account")) == "networks-missing"


def test_a_script_of_a_page_is_told_the_reason_in_a_form_that_it_reads(agency: Organisation, idp: IdentityServer) -> None:
    own = signed_in(Person.objects.get(login=AGENT), browser(AWAY))
    for answer in (own.get("/account/lock", headers={"Accept": "application/json"}),
                   own.post("/work/0/deposits", headers={"Accept": "application/json"})):
        assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (403, "application/problem+json", "outside-network")
    assert own.get("/account/lock")["Content-Type"].startswith("text/html")


def test_a_session_ends_with_what_it_rests_on(agency: Organisation, idp: IdentityServer) -> None:
    client = browser()
    come_in(client, agency, AGENT)
    change_status(agency, to="suspended", now=timezone.now())
    assert browser().get(f"/sign-in/at/{agency.ref}").status_code == 404
    change_status(Organisation.objects.get(pk=agency.pk), to="active", now=timezone.now())
    assert client.get("/account").status_code == 200
    assert remove_provider(agency, now=timezone.now())
    assert client.get("/account")["Location"] == "/sign-in"
    assert not is_in(client)
    assert browser().get(f"/sign-in/at/{agency.ref}").status_code == 404


def test_nobody_is_signed_over_somebody_who_is_there(agency: Organisation, idp: IdentityServer) -> None:
    person = make_person("lender", Role.LENDER_ADMIN)
    client = browser()
    back = answered(asked(client, agency), AGENT)
    session = dict(client.session)
    signed_in(person, client)
    stored = client.session
    stored.update({"cunzheng_asked_provider": session["cunzheng_asked_provider"]})
    stored.save()
    assert code_of(client.get(f"/sign-in/at/{agency.ref}/callback", back)) == "signed-in-already"
    assert client.session["_auth_user_id"] == str(person.pk)
    assert code_of(client.get(f"/sign-in/at/{agency.ref}/go")) == "signed-in-already"


def test_onward_leads_to_this_site_only(agency: Organisation, idp: IdentityServer) -> None:
    for onward in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        assert come_in(browser(), agency, AGENT, onward)["Location"] == "/home"


# The page where it is registered.

def admin_of(organisation: Organisation) -> tuple[Client, str]:
    return signed_in(make_person("chief", Role.AGENCY_SUPERVISOR, organisation), browser()), f"/organisations/{organisation.ref}/sign-in"


def test_a_provider_is_registered_on_the_page_and_its_secret_is_nowhere_in_clear(idp: IdentityServer, database: str) -> None:
    organisation = make_organisation(Kind.COLLECTION_AGENCY)
    client, page = admin_of(organisation)
    form = {"issuer": idp.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    assert client.post(f"{page}/provider", form)["Location"] == page
    assert client.post(page, {"networks": "198.51.100.0/24\n2001:db8::/48", "idle_minutes": "5"})["Location"] == page
    shown = client.get(page).content.decode()
    assert idp.issuer in shown
    assert "2001:db8::/48" in shown
    assert CLIENT_SECRET not in shown
    stored = IdentityProvider.objects.get(organisation=organisation)
    assert CLIENT_SECRET.encode() not in bytes(stored.sealed_secret)
    make_person(AGENT, Role.COLLECTION_AGENT, organisation)
    assert come_in(browser(), organisation, AGENT).status_code == 302
    # An empty field keeps it, for the same issuer only; a row whose issuer was changed behind the service's back gives no secret away.
    assert client.post(f"{page}/provider", {**form, "client_secret": ""})["Location"] == page
    IdentityProvider.objects.update(issuer=idp.issuer + "/")
    assert code_of(client.post(f"{page}/provider", {**form, "client_secret": ""})) == "provider-malformed"
    assert code_of(browser().get(f"/sign-in/at/{organisation.ref}/go")) == "provider-unusable"


@pytest.mark.parametrize(("field", "value", "code"), [
    ("issuer", "ftp://id.example", "provider-malformed"), ("issuer", "https://id.example/?a=b", "provider-malformed"),
    ("issuer", "https://user@id.example", "provider-malformed"), ("issuer", "https://id.example:99999", "provider-malformed"),
    ("issuer", "https://" + "a" * 300, "provider-malformed"), ("client_id", "", "provider-malformed"),
    ("client_id", "编号", "provider-malformed"), ("client_secret", "x" * 501, "provider-malformed"),
    ("client_secret", "", "provider-malformed"),
    ("issuer", "http://169.254.169.254", "provider-unusable"), ("issuer", "http://127.0.0.1:1", "provider-unusable"),
])
def test_what_is_wrong_with_a_provider_is_said_and_nothing_is_kept(
    field: str, value: str, code: str, idp: IdentityServer, database: str
) -> None:
    organisation = make_organisation(Kind.COLLECTION_AGENCY)
    client, page = admin_of(organisation)
    form = {"issuer": idp.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, field: value}
    assert code_of(client.post(f"{page}/provider", form)) == code
    assert not IdentityProvider.objects.exists()


def test_a_secret_that_is_kept_is_the_one_that_was_looked_at(
    agency: Organisation, idp: IdentityServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the provider is slow to answer, somebody else registers another issuer: neither half of the two may stand."""
    monkeypatch.setattr(idp, "delay_s", 1.0)
    idp.fault = Behaviour.SLOW
    idp.requests.clear()
    with ThreadPoolExecutor(1) as beside:
        slow = beside.submit(keep_secret, agency, idp.issuer)
        while not idp.requests:
            time.sleep(0.01)
        IdentityProvider.objects.filter(organisation=agency).update(issuer="https://other.example", changed_at=timezone.now())
        with pytest.raises(ProviderMoved):
            slow.result()
    held = IdentityProvider.objects.get(organisation=agency)
    assert (held.issuer, held.client_id) == ("https://other.example", CLIENT_ID)


def keep_secret(agency: Organisation, issuer: str) -> None:
    try:
        set_provider(agency, issuer=issuer, client_id="another", secret="", now=timezone.now())
    finally:
        connection.close()


def test_requests_to_a_provider_pass_the_guard(agency: Organisation, idp: IdentityServer, settings: Settings) -> None:
    """Discovery, and the exchange: an address inside is refused although the registered provider names it."""
    client = browser()
    back = answered(asked(client, agency), AGENT)
    settings.OUTGOING_NETWORKS = ()
    heard = len(idp.requests)
    assert "forbidden-address" in client.get(f"/sign-in/at/{agency.ref}/callback", back).content.decode()
    cache.clear()  # what the provider said of itself is remembered for some minutes
    assert "forbidden-address" in browser().get(f"/sign-in/at/{agency.ref}/go").content.decode()
    assert len(idp.requests) == heard


@pytest.mark.parametrize(("networks", "minutes", "code"), [
    ("198.51.100.0/24 garbage", "10", "networks-malformed"), ("0.0.0.0/0", "10", "networks-malformed"),
    ("::/0", "10", "networks-malformed"), ("x" * 5000, "10", "networks-malformed"),
    ("198.51.100.1/24", "10", "networks-malformed"), (" ".join(f"10.0.{n}.0/24" for n in range(65)), "10", "networks-malformed"),
    ("", "4", "idle-minutes-malformed"), ("", "31", "idle-minutes-malformed"), ("", "ten", "idle-minutes-malformed"),
    ("", "", "idle-minutes-malformed"), ("", "²", "idle-minutes-malformed"),
])
def test_rules_that_are_none_are_refused(networks: str, minutes: str, code: str, database: str) -> None:
    client, page = admin_of(make_organisation(Kind.COLLECTION_AGENCY))
    assert code_of(client.post(page, {"networks": networks, "idle_minutes": minutes})) == code
    assert client.get(page).status_code == 200


def test_identities_go_with_the_membership_and_with_a_new_sign_in(agency: Organisation, idp: IdentityServer) -> None:
    come_in(browser(), agency, AGENT)
    agent = Person.objects.get(login=AGENT)
    chief = make_person("chief", Role.AGENCY_SUPERVISOR, agency)
    assert end_membership(agency, membership_of(agent).pk, by=chief, now=timezone.now())
    assert not LinkedIdentity.objects.exists()


def test_a_provider_of_the_same_issuer_at_two_organisations_links_for_each_alone(agency: Organisation, idp: IdentityServer) -> None:
    other = make_agency(idp, name="乙催收")
    come_in(browser(), agency, AGENT)
    assert code_of(come_in(browser(), other, AGENT)) == "not-a-member"
