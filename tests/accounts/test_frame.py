"""The frame of signed-in pages: for whom there is one, what it links, that every link opens; the same for whom a provider let in."""
import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation
from accounts.permissions import ROLES, Role
from accounts.portal.shell import PLACES
from notifications.kinds import CASES_GIVEN
from notifications.noticing import leave_notice_to
from sandbox.idp.server import IdentityServer
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.accounts.providers import AWAY, browser, come_in, make_agency


def links_of(page: str) -> list[str]:
    """The addresses of the navigation; [] without a frame."""
    return re.findall(r'href="(/[^"]*)"', page.partition('class="workplace"')[2].partition("</nav>")[0])


@pytest.mark.parametrize("role", Role)
def test_a_role_has_a_link_to_every_place_that_it_may_open_and_every_link_opens(role: Role, service: str) -> None:
    organisation = make_organisation(ROLES[role].kind)
    client = signed_in(make_person("somebody", role, organisation))
    shown = links_of(client.get("/home", follow=True).content.decode())
    places = [*(place.path for place in PLACES), f"/organisations/{organisation.ref}/members"]
    assert {path: client.get(path, follow=True).status_code == 200 for path in places} == {path: path in shown for path in places}
    assert set(shown) <= set(places)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_whom_the_provider_let_in_has_a_frame_and_is_told_what_waits(language: str, service: str, idp: IdentityServer) -> None:
    agency = make_agency(idp)
    agent = make_person("agent-7", Role.COLLECTION_AGENT, agency)
    leave_notice_to(agent.pk, agency.pk, kind=CASES_GIVEN, subject="a" * 32, count=7, now=timezone.now())
    client = browser()
    come_in(client, agency, "agent-7")
    unread = {"zh-hans": "1 条未读", "en": "1 unread"}[language]

    def page(path: str) -> str:
        answer = client.get(path, follow=True, headers={"Accept-Language": language})
        assert answer.status_code == 200, path
        return str(answer.content.decode())

    for path in ("/home", "/inbox", "/work", "/account"):
        assert links_of(page(path)) == ["/home", "/inbox", "/work", "/cases", "/evidence", "/dashboard"], path
        assert agency.name in page(path)
        assert unread in page(path)
    inbox = page("/inbox")
    assert {"zh-hans": "（7 件）", "en": "(7 cases)"}[language] in inbox
    [up_to] = re.findall(r'name="up_to" value="(\d+)"><button class="primary"', inbox)
    assert client.post("/inbox/read", {"up_to": up_to})["Location"] == "/inbox"
    assert unread not in page("/work")


def frames(client: Client, organisation: Organisation) -> list[bool]:
    """Whether some pages that everybody may open tell the organisation's name."""
    return [organisation.name in client.get(path).content.decode() for path in ("/", "/records")]


def test_whom_the_provider_let_in_has_no_frame_where_its_word_is_not_enough(service: str, idp: IdentityServer) -> None:
    """Outside the networks, and beside another role: no name of an organisation and no number of notices, wherever he looks."""
    agency = make_agency(idp, name="甲催收有限公司")
    make_person("agent-7", Role.COLLECTION_AGENT, agency)
    chief = make_person("chief", Role.AGENCY_SUPERVISOR, agency)
    signed_in(chief)  # leaves a second factor behind, which he has not shown here
    inside, half_way = browser(), browser()
    come_in(inside, agency, "agent-7")
    come_in(half_way, agency, "chief")
    assert frames(inside, agency) == [True, True]
    assert frames(half_way, agency) == [False, False]
    inside.defaults["REMOTE_ADDR"] = AWAY
    assert frames(inside, agency) == [False, False]
