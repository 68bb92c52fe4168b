"""Collection agents in the browser: given cases by lender and supervisor, signed in by their agency's own provider.

Cases, assignments and the registered provider are made by the services; the sign-in is done on the pages, the provider's too.
"""
from collections.abc import Sequence

from django.utils import timezone
from playwright.sync_api import Page

from accounts.permissions import Kind, Role
from accounts.sign_in_rules import set_provider, set_rules
from accounts.viewer import Viewer
from cases.assigning import assign_cases, distribute_cases
from cases.models import Case
from sandbox.idp.server import CLIENT_ID, CLIENT_SECRET
from tests.accounts.people import make_organisation
from tests.browser.conftest import Live, Visit
from tests.cases.cast import Cast

OFFICE, ELSEWHERE = "127.0.0.0/8 ::1/128", "203.0.113.0/24"


class OwnCast(Cast):
    """A cast of one test's own among those of others in the same database: its logins carry a mark."""

    mark = ""

    def person(self, login: str, role: Role, at: str = "") -> Viewer:
        return super().person(f"{login}-{self.mark}", role, at)


def own_cast() -> OwnCast:
    """A lender and others, in the live service's database."""
    mine = OwnCast()
    mine.mark = mark = timezone.now().strftime("%H%M%S%f")
    for kind in Kind:
        if kind not in (Kind.OPERATOR, Kind.AUDITOR):
            mine.organisations[kind.value] = make_organisation(kind, f"{kind.value}-{mark}")
    return mine


def move(cast: Cast, networks: str) -> None:
    """The agency's offices are in these networks from now on."""
    set_rules(cast.organisations["collection_agency"], networks=networks, idle_minutes="10", now=timezone.now())


def agent_at_work(
    cast: Cast, live: Live, visit: Visit, cases: Sequence[Case], path: str = "/work", *, language: str = "zh-hans"
) -> tuple[Viewer, Page]:
    """An agent to whom these cases were assigned and distributed, come in by the provider, at this page."""
    agency = cast.organisations["collection_agency"]
    set_provider(agency, issuer=live.idp, client_id=CLIENT_ID, secret=CLIENT_SECRET, now=timezone.now())
    move(cast, OFFICE)
    agent, supervisor = cast.person("agent", Role.COLLECTION_AGENT), cast.person("supervisor", Role.AGENCY_SUPERVISOR)
    made = assign_cases(cast.officer, cast.entrustment(), [case.ref for case in cases], includes_all=False, now=cast.now)
    distribute_cases(supervisor, [each.ref for each in made], agent.person, now=cast.now)
    page = visit(f"/sign-in/at/{agency.ref}", language=language)
    page.locator("main a.primary").click()
    page.wait_for_url(f"{live.idp}/**")
    assert agent.person is not None
    page.locator("input[name=login]").fill(agent.person.login)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live.url}/work")
    if path != "/work":
        page.goto(path)
    return agent, page
