"""Everybody who may look at a page, each with something behind every address that he may open.

Organisations, people, cases and records are made by the services and pages that make real ones. Whoever adds a route whose address names
a new thing says here what that is.
"""
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from playwright.sync_api import Page

from accounts.joining import Invitee, invite
from accounts.models import Organisation, Person
from accounts.permissions import ROLES, Kind, Role, roles_of
from accounts.services import issue_api_key
from accounts.sign_in_rules import set_provider
from cases.importing.columns import template_csv
from cases.models import Case, Grant, GrantedCase, Matter, Order, OrderedCase, SubmittedCase
from evidence.agreements import accept_and_deposit
from evidence.batch_rows import DepositBatch
from evidence.batches import note_refused
from evidence.capture import Depositor
from evidence.errors import InvalidRecords
from evidence.models import Evidence, PlatformFact
from evidence.own_deposits import OwnFile
from evidence.platform_facts import FactTold, record_fact
from evidence.quarantine import quarantine_record
from notifications.channels import choose_channels
from notifications.events import RECORD_TIMESTAMPED
from notifications.services import create_webhook, send_test
from sandbox.idp.server import CLIENT_ID, CLIENT_SECRET
from tests.accounts.people import make_organisation, make_person, membership_of, signed_in
from tests.api.test_routes import FILLED, routes
from tests.browser.conftest import Live, Visit
from tests.browser.people import Visitor, add_authenticator, invited, let_time_pass, register_workstation
from tests.evidence.desk import Desk
from tests.evidence.letting_in import PDF, apply_now, decision
from tests.notifications.addresses import confirmed, post_letters

MACHINES = ("/api/", "/log/", "/static/", "/healthz", "/readyz", "/metrics", "/oauth/")
# Where an address calls a thing by a name that means another one elsewhere.
SAME_NAME = {
    "/apply/": {"token": "application"}, "/cases/{ref}": {"ref": "case"}, "/account/notifications/confirm/": {"token": "confirmation"},
    "/docket/{ref}": {"ref": "matter"}, "/records/{number}/release": {"number": "shut"},
    "/evidence/batches/{ref}": {"ref": "batch"},
    "/access/matters/{ref}": {"ref": "matter"}, "/orders/{ref}": {"ref": "order"}, "/organisations/{ref}/administrator": {"ref": "let_in"}}


@dataclass
class Somebody:
    """A visitor: his cookies, and what the addresses that he opens name."""

    name: str
    cookies: dict[str, str]
    things: dict[str, str] = field(default_factory=dict)


class Place:
    """An organisation of one kind with a case, a record and an open invitation; a lender's case has a file."""

    def __init__(self, kind: Kind) -> None:
        self.organisation = make_organisation(kind, f"{kind} 示例机构")
        role = roles_of(kind)[0]
        invitee = Invitee(f"next-{kind}", "李小红", role, "11101200010000001", "G-1")
        _, token = invite(self.organisation, invitee, by=None, now=timezone.now())
        hook = create_webhook(
            self.organisation, url="https://hook.example/", events=[RECORD_TIMESTAMPED], networks=(), now=timezone.now())[0]
        send_test(hook, now=timezone.now())
        self.things = {"ref": self.organisation.ref, "token": token, "webhook": hook.ref}
        if kind == Kind.LENDER:
            self.deposit(Desk(Role.CASE_OFFICER, self.organisation, "desk-lender"))

    def deposit(self, desk: Desk) -> None:
        case = desk.case("LN-2026-0001")
        answer = desk.send(case, ("通话录音.wav", b"RIFF....", "audio/wav"), json=True)
        shut = desk.send(case, ("短信.csv", b"a,b\n1,2\n", "text/csv"), json=True).json()["record"]
        quarantine_record(Evidence.objects.get(record=shut), reason="Eicar-Signature")
        self.things |= {"case_ref": case.ref, "case": case.ref, "number": answer.json()["record"], "shut": shut}
        key, _ = issue_api_key(self.organisation, label="夜间批次", now=timezone.now(), valid_for=timedelta(days=1))
        fault = InvalidRecords(faults=[("/records/1/files/0", "这是空文件（0 字节），没有可以存证的内容。")], count=1)
        note_refused(Depositor(self.organisation, key.pk), fault, 2, request_key="nightly-1", at=timezone.now())
        self.things["batch"] = DepositBatch.objects.latest("id").ref
        imported = signed_in(desk.person)
        report = imported.post("/cases/import", {"file": SimpleUploadedFile("cases.csv", template_csv())}).content.decode()
        [confirm] = re.findall(r'action="(/cases/import/\w+/confirm)"', report)
        [digest] = re.findall(r'name="sha256" value="(\w+)"', report)
        standing = imported.post(confirm, {"sha256": digest})
        assert standing.status_code == 302
        self.things["checked"] = standing.headers["Location"].rpartition("/")[2]
        self.things["case"] = Case.objects.latest("id").ref


def before_a_court(lender: Place, court: Place) -> None:
    """A case of the lender's lies on the court's docket, and an order of the court's names it."""
    now, case = timezone.now(), Case.objects.get(ref=lender.things["case"])
    told = {"starts_at": now, "ends_at": now + timedelta(days=9), "document": lender.things["number"]}
    grant = Grant.objects.create(
        ref="a" * 32, lender=lender.organisation, receiver=court.organisation, receiver_kind=Kind.COURT, basis=Grant.Basis.DUTY,
        purpose="示例", case_count=1, needs_second=False, created_at=now, granted_by="x", **told)
    GrantedCase.objects.create(grant=grant, case=case)
    matter = Matter.objects.create(
        ref="b" * 32, grant=grant, institution=court.organisation, purpose="示例", submitted_at=now, submitted_by="x")
    SubmittedCase.objects.create(matter=matter, case=case)
    order = Order.objects.create(
        ref="c" * 32, court=court.organisation, court_kind=Kind.COURT, number="1", scope="示例", uploaded_at=now, uploaded_by="x", **told)
    OrderedCase.objects.create(order=order, case=case)
    court.things |= {"matter": matter.ref, "order": order.ref}
    lender.things |= {"matter": matter.ref}


def granted_to_a_firm(lender: Place, firm: Place) -> None:
    """The court's case lies on a law firm's docket, too: there its grants stand, and `matter` is one of them."""
    now, case = timezone.now(), Case.objects.get(ref=lender.things["case"])
    grant = Grant.objects.create(
        ref="d" * 32, lender=lender.organisation, receiver=firm.organisation, receiver_kind=Kind.LAW_FIRM, basis=Grant.Basis.ENTRUSTED,
        purpose="示例", case_count=1, needs_second=False, created_at=now, granted_by="x", starts_at=now, ends_at=now + timedelta(days=9),
        document=lender.things["number"])
    GrantedCase.objects.create(grant=grant, case=case)
    firm.things |= {"matter": grant.ref}


def letting_in(first: Person, second: Person) -> dict[str, str]:
    """An application that one operator has checked, and a fact of the platform."""
    where, application = apply_now()
    decision(signed_in(first), application)
    today = timezone.now().date()
    told = FactTold(PlatformFact.Kind.MANUAL, "操作手册", today, today + timedelta(days=20), "0" * 32, name="手册")
    record_fact(told, OwnFile("document.pdf", "application/pdf", PDF), by=second, now=timezone.now())
    return {"application": where.rpartition("/")[2], "reference": application.reference}


def asked_to_confirm(person: Person) -> dict[str, str]:
    """Somebody entered an e-mail address and has not followed the link in the letter."""
    choose_channels(person, {"email": f"{person.login}@court.example"}, language="zh-hans", now=timezone.now())
    post_letters()
    [token] = re.findall(r"/account/notifications/confirm/([\w-]{43})", str(mail.outbox[-1].body))
    return {"confirmation": token}


def session_of(person: Person) -> dict[str, str]:
    return {settings.SESSION_COOKIE_NAME: signed_in(person).cookies[settings.SESSION_COOKIE_NAME].value}


def arrived(role: Role, page: Page) -> Visitor:
    somebody, token = invited(role)
    somebody.accept(page, token)
    somebody.give_password(page)
    return somebody


def half_way(page: Page) -> None:
    """The password was right, the second factor is still to come."""
    somebody = arrived(Role.NOTARY, page)
    somebody.set_up_app(page)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    somebody.give_password(page)


def with_passkey(page: Page) -> None:
    add_authenticator(page)
    register_workstation(page, arrived(Role.COLLECTION_AGENT, page))


def long_ago(page: Page) -> None:
    with_passkey(page)
    let_time_pass(page, 601)


BEFORE_THEY_ARE_IN: dict[str, Callable[[Page], object]] = {
    "nobody": lambda _: None, "somebody new": lambda page: arrived(Role.JUDGE, page), "half-way": half_way,
    "with a passkey": with_passkey, "long ago": long_ago,
}


def passkey_of(page: Page) -> dict[str, str]:
    """The passkey that this visitor's own page lists, if it does."""
    listed = page.request.get("/account/second-factor/passkeys").text()
    found = re.search(r"/account/second-factor/passkeys/(\d+)/", listed)
    return {"pk": found[1]} if found else {}


def on_the_way(name: str, *, agreed: bool) -> Somebody:
    """The administrator of an organisation that is checked and not yet active."""
    organisation = make_organisation(Kind.LENDER, name)
    Organisation.objects.filter(pk=organisation.pk).update(status="checked", review_due_at=None)
    person = make_person(f"axe-{name}", Role.LENDER_ADMIN, organisation)
    if agreed:
        accept_and_deposit(organisation, version="2026-11", by=person, now=timezone.now())
    return Somebody(name, session_of(person))


def everybody(live: Live, visit: Visit) -> Iterator[Somebody]:
    places = {kind: Place(kind) for kind in Kind}
    before_a_court(places[Kind.LENDER], places[Kind.COURT])
    granted_to_a_firm(places[Kind.LENDER], places[Kind.LAW_FIRM])
    agency = places[Kind.COLLECTION_AGENCY].organisation
    set_provider(agency, issuer=live.idp, client_id=CLIENT_ID, secret=CLIENT_SECRET, now=timezone.now())
    people = {role: make_person(f"axe-{role}", role, places[ROLES[role].kind].organisation) for role in Role}
    everywhere = letting_in(people[Role.OPERATOR], make_person("axe-second", Role.OPERATOR, places[Kind.OPERATOR].organisation))
    asked_to_confirm(people[Role.NOTARY])
    confirmed(people[Role.NOTARY])
    everywhere |= {**asked_to_confirm(people[Role.JUDGE]), "let_in": places[Kind.COURT].organisation.ref}
    for name, prepare in BEFORE_THEY_ARE_IN.items():
        page = visit("/")
        prepare(page)
        cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
        yield Somebody(name, cookies, {**everywhere, **places[Kind.COLLECTION_AGENCY].things, **passkey_of(page)})
    yield on_the_way("before-the-agreement", agreed=False)
    yield on_the_way("in-the-trial", agreed=True)
    for role, person in people.items():
        own = {**places[ROLES[role].kind].things, "membership_id": str(membership_of(person).pk)}
        yield Somebody(role, session_of(person), {**everywhere, **own})


def addresses(somebody: Somebody, live: Live, without: set[str]) -> Iterator[tuple[str, str]]:
    """(route, address) for each route of people."""
    filled = {name.strip("{}"): value for name, value in FILLED.items()}
    things = {**filled, "number": live.records[0], **somebody.things}
    for path, _ in routes():
        if path.startswith(MACHINES) or path in without:
            continue
        other = next((names for start, names in SAME_NAME.items() if path.startswith(start)), {})
        address = path
        for name in re.findall(r"{(\w+)}", path):
            address = address.replace(f"{{{name}}}", things.get(other.get(name, name), "none"))
        yield path, address
