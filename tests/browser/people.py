"""What a person does at a screen to come in: link, password, authenticator app or passkey. Everything through the pages."""
import itertools
import secrets
from dataclasses import dataclass, field
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from playwright.sync_api import Page

from accounts.joining import Invitee, invite
from accounts.models import Organisation, WorkstationFactor
from accounts.permissions import ROLES, Role
from accounts.sign_in import ENROLLED_AT
from accounts.workstation_factors import approve_factor
from tests.accounts.people import PASSWORD, make_organisation, make_person, totp


@dataclass
class Visitor:
    """Somebody with a login, and the app that shows his codes. Each step of the clock gives one code that works once."""

    login: str
    secret: str = ""
    steps: Any = field(default_factory=lambda: itertools.chain((-1, 0, 1)))

    def accept(self, page: Page, token: str) -> None:
        """Open the link of the invitation and choose a password."""
        page.goto(f"/invitations/{token}")
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=again]").fill(PASSWORD)
        page.locator("main button.primary").click()
        page.wait_for_url("**/sign-in")

    def give_password(self, page: Page) -> None:
        page.goto("/sign-in")
        page.locator("input[name=login]").fill(self.login)
        page.locator("input[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: not url.endswith("/sign-in"))

    def set_up_app(self, page: Page) -> None:
        """From the page that asks for a second factor, by its own links."""
        page.locator("a[href='/account/second-factor/app']").click()
        self.secret = page.locator("dl.figures code.long").inner_text()
        self.give_code(page)
        page.wait_for_url("**/recovery-codes")

    def give_code(self, page: Page) -> None:
        page.locator("input[name=code]").fill(totp(self.secret, next(self.steps)))
        page.locator("main button.primary").first.click()

    def arrive(self, page: Page) -> None:
        """The first sign-in, to the end of the set-up."""
        self.give_password(page)
        self.set_up_app(page)

    def come_back(self, page: Page) -> None:
        """A later sign-in, with both factors."""
        self.give_password(page)
        self.give_code(page)
        arrived_at_home(page)


def arrived_at_home(page: Page) -> None:
    """Past the sign-in, wherever the role's work begins; then at the account, which all have."""
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto("/account")


def invited(role: Role, organisation: Organisation | None = None) -> tuple[Visitor, str]:
    """Somebody who holds the link of an invitation and has not opened it: who, and the link's token."""
    where = organisation or make_organisation(ROLES[role].kind, f"机构 {secrets.token_hex(3)}")
    login = f"{role}-{secrets.token_hex(4)}"
    invitee = Invitee(login, "王小明", role, licence_number="11101200010000001", certificate_number="G-1")
    return Visitor(login), invite(where, invitee, by=None, now=timezone.now())[1]


def let_time_pass(page: Page, seconds: float) -> None:
    """Let this browser's session have shown everything that much earlier."""
    [key] = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == settings.SESSION_COOKIE_NAME]
    session = SessionStore(key)
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {**shown, "at": shown["at"] - seconds} for shown in session[AUTHENTICATION_METHODS_SESSION_KEY]]
    if ENROLLED_AT in session:
        session[ENROLLED_AT] -= seconds
    session.save()


def add_authenticator(page: Page) -> None:
    """A virtual authenticator of this browser that keeps passkeys and knows its holder."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True}})


def register_workstation(page: Page, agent: Visitor) -> None:
    """Where an agent comes to after his first password; a supervisor approves what he registers, and he goes on with it."""
    page.wait_for_url("**/account/second-factor/passkeys/add")
    page.locator("input[name=name]").fill("三号工位")
    page.get_by_role("button", name="登记通行密钥").click()
    page.wait_for_url("**/recovery-codes")
    for row in WorkstationFactor.objects.filter(authenticator__user__login=agent.login):
        supervisor = make_person(f"chief-{row.pk}", Role.AGENCY_SUPERVISOR, row.organisation)
        assert approve_factor(row.organisation, row.pk, by=supervisor, now=timezone.now())
    page.goto("/home")
    page.wait_for_url("**/account/second-factor/passkeys")
    page.get_by_role("link", name="用工作站通行密钥进入").click()
    page.get_by_role("button", name="使用通行密钥").click()
    page.wait_for_url(lambda url: "/account/" not in url)
