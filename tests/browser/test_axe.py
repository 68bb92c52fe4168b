"""axe finds nothing on any page that anybody can open, in both languages, in plain and in large display.

The pages come from the URL resolver, and each is asked for by every kind of visitor: by nobody, half-way through the sign-in, and in each
role. A route that opens for none of them, and is no act that only a form sends, fails until `THINGS` or `VISITORS` says how to come there.
Pages of one skeleton — the same elements with the same attributes, whatever the words — are judged once in each language and display.
"""
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from accounts.joining import Invitee, invite
from accounts.models import Membership, Organisation
from accounts.permissions import ROLES, Kind, Role, roles_of
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.api.test_routes import routes
from tests.browser.accessibility import violations, violations_in_large_display
from tests.browser.conftest import Live, Visit
from tests.browser.people import Visitor, add_authenticator, invited, let_time_pass, register_workstation

MACHINES = ("/api/", "/log/", "/static/", "/healthz", "/readyz", "/metrics")
# Answered by a redirect, a download or a sheet of style whoever asks.
NO_PAGES = {"/records/{number}/print.css", "/records/{number}/check", "/sign-in/passkey", "/witness-guide"}


@dataclass
class Somebody:
    """A visitor: his cookies, and what the addresses that he opens name."""

    name: str
    cookies: dict[str, str]
    things: dict[str, str] = field(default_factory=dict)


def place_of(organisation: Organisation, membership: Membership) -> dict[str, str]:
    """What an address may name at an organisation where somebody works."""
    role = roles_of(Kind(organisation.kind))[0]
    invitee = Invitee(f"next-{organisation.pk}", "李小红", role, "11101200010000001", "G-1")
    invitation, token = invite(organisation, invitee, by=None, now=timezone.now())
    return {"ref": organisation.ref, "membership_id": str(membership.pk), "invitation_id": str(invitation.pk), "token": token}


def in_role(role: Role) -> Somebody:
    """Somebody signed in with both factors, in an organisation of his own."""
    organisation = make_organisation(ROLES[role].kind, f"{ROLES[role].label.zh}所在机构")
    person = make_person(f"axe-{role}", role, organisation)
    cookies = {settings.SESSION_COOKIE_NAME: signed_in(person).cookies[settings.SESSION_COOKIE_NAME].value}
    return Somebody(role, cookies, place_of(organisation, Membership.objects.get(person=person)))


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


VISITORS: dict[str, Callable[[Page], object]] = {
    "nobody": lambda _: None, "somebody new": lambda page: arrived(Role.JUDGE, page), "half-way": half_way,
    "with a passkey": with_passkey, "long ago": long_ago,
}


class Skeleton(HTMLParser):
    """The elements of a page with their attributes, without words, numbers and tokens."""

    SAID = ("class", "role", "type", "lang", "aria-current", "scope", "method", "data-display")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append(tag + "".join(f" {name}={value if name in self.SAID else bool(value)}" for name, value in sorted(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip() and self.parts[-1:] != ["text"]:
            self.parts.append("text")

    def digest(self) -> str:
        # A row more or less of the same kind is the same page.
        whole = re.sub(r"(\n?(?:[^\n]+\n){1,40}?)\1+", r"\1", "\n".join(self.parts) + "\n")
        return hashlib.sha256(whole.encode()).hexdigest()


def addresses(somebody: Somebody, live: Live) -> Iterator[tuple[str, str]]:
    """(route, address) for each route of people."""
    things = {"number": live.records[0], "session_id": "1", "pk": "1", "token": "none", "ref": "none", **somebody.things}
    things = {"membership_id": "0", "invitation_id": "0", **things}
    for path, _ in routes():
        if not path.startswith(MACHINES) and path not in NO_PAGES:
            yield path, re.sub(r"{(\w+)}", lambda found: things[found[1]], path)


def visitors(visit: Visit) -> Iterator[Somebody]:
    for name, prepare in VISITORS.items():
        page = visit("/")
        prepare(page)
        yield Somebody(name, {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}, passkey_of(page))
    for role in Role:
        yield in_role(role)


def passkey_of(page: Page) -> dict[str, str]:
    """The passkey that this visitor's own page lists, if it does."""
    listed = page.request.get("/account/second-factor/passkeys").text()
    found = re.search(r"/account/second-factor/passkeys/(\d+)/", listed)
    return {"pk": found[1]} if found else {}


def pages_of_everybody(live: Live, visit: Visit) -> tuple[dict[str, set[int]], list[tuple[str, Somebody, str]]]:
    """(statuses of each route over all visitors, one (route, visitor, address) for each skeleton).

    Asked by a client of the test's own that has the visitor's cookies: by the browser it would take minutes.
    """
    statuses: dict[str, set[int]] = {}
    different: dict[str, tuple[str, Somebody, str]] = {}
    for somebody in visitors(visit):
        client = Client()
        client.cookies.load(somebody.cookies)
        for route, address in addresses(somebody, live):
            answer = client.get(address)
            statuses.setdefault(route, set()).add(answer.status_code)
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                different.setdefault(route + Skeleton(answer.content.decode()).digest(), (route, somebody, address))
    return statuses, list(different.values())


def test_axe_finds_nothing_on_any_page_of_anybody(live: Live, visit: Visit) -> None:
    statuses, pages = pages_of_everybody(live, visit)
    opened = {route for route, _, _ in pages}
    assert {route: found for route, found in statuses.items() if route not in opened and 405 not in found} == {}, "a page that nobody opens"
    found: list[str] = []
    page = visit("/")
    for route, somebody, address in pages:
        page.context.clear_cookies()
        for language in ("zh-hans", "en"):
            cookies = {**somebody.cookies, "django_language": language}
            page.context.add_cookies([{"name": name, "value": value, "url": live.url} for name, value in cookies.items()])
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 200, (route, somebody.name)
            lines = {"plain": violations(page), "large": violations_in_large_display(page)}
            found += [f"{route} as {somebody.name}, {language}, {display}: {line}" for display in lines for line in lines[display]]
    print(f"{len(pages)} different pages of {len(opened)} routes, each in two languages and two displays")
    assert found == []


@pytest.mark.parametrize(("address", "status"), [
    ("/nowhere", 404), ("/records/abc", 400), ("/records?number=abc", 400), ("/invitations/x", 404)])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_axe_finds_nothing_on_a_refusal(address: str, status: int, language: str, live: Live, visit: Visit) -> None:
    page = visit("/", language=language)
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == status
    assert violations(page) == []


def test_axe_finds_nothing_on_a_form_that_was_not_taken(live: Live, visit: Visit) -> None:
    page = visit("/sign-in")
    page.locator("input[name=login]").fill("nobody")
    page.locator("input[name=password]").fill("wrong password")
    page.keyboard.press("Enter")
    page.locator("[role=alert]").wait_for()
    assert violations(page) == []


def test_axe_would_see_a_fault(live: Live, visit: Visit) -> None:
    page = visit("/sign-in")
    page.evaluate("document.querySelector('label').remove(); document.querySelector('h1').style.color = '#dddddd'")
    assert {line.partition(":")[0] for line in violations(page)} >= {"label", "color-contrast"}
