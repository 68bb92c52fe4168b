"""Pages for people: sound markup, the strict policy, both languages complete, no inline script or style."""
import pytest
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.joining import Invitee, invite
from accounts.models import ApiKey, Organisation, SigningKey
from accounts.permissions import Kind, Role
from sandbox.idp.server import IdentityServer
from tests.accounts.people import Browser, make_organisation, make_person, membership_of, signed_in
from tests.accounts.providers import AWAY, browser, make_agency
from tests.accounts.signers import new_private, pem_of
from tests.portal.pages import POLICY, Page

LANGUAGES = ("zh-hans", "en")


def assert_sound(client: Client, path: str, language: str, status: int = 200) -> Page:
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == status, path
    assert answer["Content-Security-Policy"] == POLICY
    assert answer["X-Frame-Options"] == "DENY"
    assert "no-store" in answer["Cache-Control"], path
    page = Page(answer.content.decode())
    assert page.all_faults() == [], path
    assert page.one("html").attributes["lang"] == language
    assert page.chinese() if language == "zh-hans" else page.chinese() == [], path
    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_before_the_sign_in_are_sound(language: str, database: str) -> None:
    person = make_person("known@example.org", Role.LENDER_ADMIN)
    organisation = membership_of(person).organisation
    invitees = [Invitee(login, "名", Role.CASE_OFFICER) for login in ("known@example.org", "new@example.org")]
    links = [f"/invitations/{invite(organisation, invitee, by=None, now=timezone.now())[1]}" for invitee in invitees]
    paths = ["/sign-in", "/sign-in/inactive", *links]
    for path in paths:
        assert_sound(Client(), path, language)
    assert_sound(Client(), "/invitations/none", language, 404)
    assert_sound(signed_in(person), paths[2], language)
    assert_sound(signed_in(person), paths[3], language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_the_set_up_are_sound(language: str, database: str) -> None:
    browser = Browser(make_person("zhang@example.org", Role.LENDER_ADMIN).login)
    browser.give_password()
    assert_sound(browser.client, "/account/second-factor", language)
    assert_sound(browser.client, "/account/second-factor/app", language)
    add = assert_sound(browser.client, "/account/second-factor/passkeys/add", language)
    assert "challenge" in next(each.attributes["data-options"] for each in add.all("form") if "data-options" in each.attributes)
    browser.set_up()
    assert_sound(browser.client, "/account/second-factor/recovery-codes", language)
    assert_sound(browser.client, "/account/second-factor/recovery-codes", language)
    other = browser.again()
    other.give_password()
    assert_sound(other.client, "/sign-in/second-factor", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_ones_own_account_are_sound(language: str, database: str) -> None:
    person = make_person("zhang@example.org", Role.LENDER_ADMIN)
    client = signed_in(person)
    key = Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={"name": "三号工位", "credential": {}})
    for path in ("/account", "/account/sessions", "/account/password", "/account/second-factor", "/account/second-factor/app/remove",
                 "/account/second-factor/passkeys", f"/account/second-factor/passkeys/{key.pk}/remove",
                 "/account/second-factor/recovery-codes/new", "/account/confirm", "/sign-out"):
        assert_sound(client, path, language)
    key.delete()
    assert_sound(client, "/account/second-factor/passkeys", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_organisations_are_sound(language: str, database: str) -> None:
    office = make_organisation(Kind.NOTARY_OFFICE, "示例公证处")
    admin = signed_in(make_person("admin@office.example", Role.OFFICE_ADMIN, office))
    make_person("notary@office.example", Role.NOTARY, office)
    invite(office, Invitee("next@office.example", "名", Role.NOTARY_ASSISTANT), by=None, now=timezone.now())
    page = assert_sound(admin, f"/organisations/{office.ref}/members", language)
    assert page.by_id("certificate_number").tag == "input"
    operator = signed_in(make_person("ops@example.org", Role.OPERATOR))
    for path in ("/organisations", f"/organisations/{office.ref}/members", f"/organisations/{office.ref}/details", "/account"):
        assert_sound(operator, path, language)
    with transaction.atomic():
        note(Event.KEY_ISSUED, office, at=timezone.now(), subject="api_key:1")
    for path in ("/audit", f"/organisations/{office.ref}/sign-in"):
        assert_sound(admin, path, language)
    assert_sound(admin, "/audit?from=x", language, 422)
    office.status = "suspended"
    office.save()
    assert_sound(admin, "/account", language)
    assert_sound(admin, f"/organisations/{office.ref}/members", language, 403)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_agents_and_of_their_provider_are_sound(language: str, database: str, idp: IdentityServer) -> None:
    agency = make_agency(idp)
    agent = signed_in(make_person("agent", Role.COLLECTION_AGENT, agency), browser())
    chief = signed_in(make_person("chief", Role.AGENCY_SUPERVISOR, agency), browser())
    assert_sound(Client(), f"/sign-in/at/{agency.ref}", language)
    assert_sound(chief, f"/organisations/{agency.ref}/sign-in", language)
    assert_sound(agent, "/account", language)
    locked = Page(agent.post("/account/lock", headers={"Accept-Language": language}).content.decode())
    assert locked.all_faults() == []
    assert locked.chinese() if language == "zh-hans" else locked.chinese() == []
    agent.defaults["REMOTE_ADDR"] = AWAY
    assert_sound(agent, "/account", language, 403)


@pytest.mark.parametrize("language", LANGUAGES)
def test_forms_that_come_back_with_faults_are_sound(language: str, database: str) -> None:
    person = make_person("zhang@example.org", Role.LENDER_ADMIN)
    headers = {"Accept-Language": language}
    ref = membership_of(person).organisation.ref
    client = signed_in(person)
    answers = [
        Client().post("/sign-in", {"login": "zhang@example.org", "password": "wrong"}, headers=headers),
        Client().post("/sign-in", {}, headers=headers),
        client.post("/account/password", {"oldpassword": "x", "password1": "short", "password2": "other"}, headers=headers),
        client.post("/account/confirm", {"code": "000000"}, headers=headers),
        client.post("/account/second-factor/passkeys/add", {"name": "x", "credential": "{}"}, headers=headers),
        client.post(f"/organisations/{ref}/invitations", {"login": "a b", "display_name": "x", "role": "case_officer"}, headers=headers),
        client.post(f"/organisations/{ref}/invitations", {}, headers=headers),
        client.post(f"/organisations/{ref}/sign-in/provider", {"issuer": "x"}, headers=headers),
        client.post(f"/organisations/{ref}/sign-in", {"networks": "x", "idle_minutes": "1"}, headers=headers),
        Client().post("/sign-in/passkey", {"credential": "{}"}, headers=headers, follow=True),
    ]
    for answer in answers:
        page = Page(answer.content.decode())
        assert page.all_faults() == []
        assert [each for each in page.elements if each.attributes.get("role") == "alert"], page.text
        assert page.chinese() if language == "zh-hans" else page.chinese() == []


def test_what_people_type_is_text_on_every_page(database: str) -> None:
    hostile = '"><script>alert(1)</script>'
    organisation = make_organisation(name=hostile)
    person = make_person("zhang@example.org", Role.LENDER_ADMIN, organisation)
    person.display_name = hostile
    person.save()
    client = signed_in(person)
    for path in ("/account", f"/organisations/{organisation.ref}/members"):
        assert "<script>alert" not in client.get(path).content.decode()
    sent = client.post(f"/organisations/{organisation.ref}/invitations", {"login": hostile, "display_name": hostile, "role": hostile})
    assert "<script>alert" not in sent.content.decode()
    assert "<script>alert" not in Client().post("/sign-in", {"login": hostile, "password": hostile}).content.decode()
    assert "<script>alert" not in Client().get("/sign-in", {"next": hostile}).content.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_credentials_is_sound_in_every_state(language: str, database: str) -> None:
    admin = make_person("admin@example.org", Role.LENDER_ADMIN)
    ref, client = membership_of(admin).organisation.ref, signed_in(admin)
    path = f"/organisations/{ref}/keys"
    assert_sound(client, path, language)
    for way in ("key", "client"):
        form = {"label": "对接系统", "way": way, "days": "30", "scopes": ["evidence:read"], "must_sign": "1"}
        page = Page(client.post(f"{path}/new", form, headers={"Accept-Language": language}).content.decode())
        assert page.all_faults() == []
    client.post(f"/organisations/{ref}/signing-keys", {"label": "签名机", "public_key": pem_of(new_private("ed25519"))})
    assert_sound(client, path, language)
    for kind in ("keys", "signing-keys"):
        for key in (ApiKey if kind == "keys" else SigningKey).objects.all():
            assert client.post(f"/organisations/{ref}/{kind}/{key.pk}/revoke")["Location"] == path
    assert_sound(client, path, language)
    operator = signed_in(make_person("ops@example.org", Role.OPERATOR))
    assert_sound(operator, f"/organisations/{Organisation.objects.get(kind='operator').ref}/keys", language)
