"""People for tests: made by the services that make real ones, and browsers that sign in as they would."""
import hashlib
import hmac
import re
import struct
import time
from base64 import b32decode
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from accounts.joining import Invitee, accept_as_new_person, invite
from accounts.models import Membership, Organisation, Person, SignInRules, WorkstationFactor
from accounts.permissions import BY_WORKSTATION, ROLES, Kind, Role
from accounts.services import create_organisation
from accounts.sign_in import SecondFactorAdapter

PASSWORD = "correct horse battery staple"
STEP_S = 30


def make_organisation(kind: Kind = Kind.LENDER, name: str = "甲方") -> Organisation:
    """An agency's agents work on this machine."""
    made = create_organisation(name, now=timezone.now(), kind=kind)
    if kind == Kind.COLLECTION_AGENCY:
        SignInRules.objects.create(organisation=made, networks="127.0.0.0/8 ::1/128")
    return made


def make_person(login: str, role: Role, organisation: Organisation | None = None) -> Person:
    """Somebody who was invited and chose PASSWORD; the organisation is a new one unless given."""
    where = organisation or make_organisation(ROLES[role].kind)
    invitee = Invitee(login, f"姓名 {login}", role, licence_number="11101200010000001", certificate_number="G-1")
    _, token = invite(where, invitee, by=None, now=timezone.now())
    return accept_as_new_person(token, password=PASSWORD, now=timezone.now())


def membership_of(person: Person) -> Membership:
    return Membership.objects.get(person=person)


def totp(secret: str, steps: int = 0) -> str:
    """SPEC: RFC 6238: the code of now, or of so many half minutes later."""
    counter = struct.pack(">Q", int(time.time()) // STEP_S + steps)
    digest = hmac.new(b32decode(secret), counter, hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


class Browser:
    """A browser of one person: its cookies, the tokens of its forms, and the authenticator app's secret once there is one.

    Each step of the clock's code works once, so `code` goes forward: the service takes the half minute before and after.
    """

    def __init__(self, login: str = "", *, address: str = "127.0.0.1") -> None:
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False, REMOTE_ADDR=address)
        self.login = login
        self.secret = ""
        self.steps = iter((-1, 0, 1))

    def get(self, path: str, **data: str) -> Any:
        return self.client.get(path, data or None)

    def post(self, path: str, form: dict[str, str] | None = None, *, page: str = "/sign-in") -> Any:
        """Send a form with the token that `page` gives."""
        if "csrftoken" not in self.client.cookies:
            self.client.get(page)
        token = self.client.cookies["csrftoken"].value if "csrftoken" in self.client.cookies else ""
        return self.client.post(path, {**(form or {}), "csrfmiddlewaretoken": token})

    def code(self) -> str:
        return totp(self.secret, next(self.steps))

    def give_password(self, password: str = PASSWORD, **more: str) -> Any:
        return self.post("/sign-in", {"login": self.login, "password": password, **more})

    def set_up(self) -> Any:
        """The authenticator app, from the page that shows its key."""
        self.secret = re.findall(r'<code class="long">([A-Z2-7]{32})</code>', self.get("/account/second-factor/app").content.decode())[0]
        return self.post("/account/second-factor/app", {"code": self.code()})

    def arrive(self) -> "Browser":
        """First sign-in: password, then the second factor set up."""
        assert self.give_password()["Location"] == "/home"
        assert self.set_up()["Location"] == "/account/second-factor/recovery-codes"
        return self

    def again(self, address: str = "127.0.0.1") -> "Browser":
        """Another browser of the same person, who has the same app."""
        other = Browser(self.login, address=address)
        other.secret, other.steps = self.secret, self.steps
        return other


def signed_in(person: Person, client: Client | None = None) -> Client:
    """A session that showed a second factor a moment ago, made without the pages: for tests of what comes after.

    Of whoever works by workstation alone, a factor that his organisations approved.
    """
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    factor, _ = Authenticator.objects.get_or_create(
        user=person, type=Authenticator.Type.TOTP, defaults={"data": {"secret": SecondFactorAdapter().encrypt(secret)}})
    seat_by(factor)
    browser = client or Client(raise_request_exception=False)
    browser.force_login(person)
    record(browser, person, "password")
    record(browser, person, "mfa")
    return browser


def seat_by(factor: Authenticator) -> None:
    """Each organisation where its holder works by workstation has approved this factor."""
    held = Membership.objects.filter(person_id=factor.user_id, until=None, role__in=BY_WORKSTATION)
    for place in held.values_list("organisation_id", flat=True):
        told = {"registered_at": timezone.now(), "approved_at": timezone.now(), "approved_by": factor.user}
        WorkstationFactor.objects.get_or_create(authenticator=factor, organisation_id=place, defaults=told)


def record(client: Client, person: Person, method: str) -> None:
    """Write into the session that the person showed this; of second factors, the first that he set up."""
    request = HttpRequest()
    request.session = client.session
    shown = Authenticator.objects.filter(user=person).order_by("pk").first() if method == "mfa" else None
    record_authentication(request, person, method, id=None if shown is None else shown.pk)
    request.session.save()
