"""Before every sensitive act the second factor is shown again: a session that showed it 601 s ago is asked for it, and nothing is changed.

Which pages these are is not taken from the marks that are judged here, but from what opens a page (`needs_act`, `for_operator`), from the
table of routes, and from the two pages below that find out for themselves whom they serve.
"""
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client

from accounts.models import Person
from accounts.permissions import NOT_YET, ROLES, SENSITIVE, Act, Kind, Role
from accounts.portal.gate import ASKS_AGAIN, NEEDS_ACTS
from accounts.sign_in import ENROLLED_AT
from tests.accounts.people import make_person, signed_in
from tests.accounts.test_page_routes import Place, make_place
from tests.api.page_table import PEOPLE
from tests.api.test_routes import routes
from tests.databases import ROOT
from tests.rows import digests

NOWHERE = "0" * 32
FRESH_S, STALE_S = 500, 601
# They list, and one takes a selection of cases to the forms; nothing is changed by them, and an organisation's list is not its content.
READING = frozenset({
    "/quarantines",
    "/access", "/access/selection", "/access/matters/{ref}/cases", "/orders", "/orders/{ref}/cases", "/organisations", "/applications",
    "/reviews", "/operations"})
# The pages of an administrator's own organisation, which has no address of its own.
OF_OWN_ORGANISATION = frozenset({"/organisation", "/agreement"})
MANAGED = ("managers", "own", "operator")
# Who acts: the first role that may.
BY = {
    Act.GRANT: Role.LEGAL_OFFICER, Act.APPROVE_LARGE_GRANT: Role.LEGAL_OFFICER, Act.RELEASE: Role.LEGAL_OFFICER,
    Act.ORDER: Role.JUDGE, Act.MANAGE_MEMBERS: Role.COURT_ADMIN,
    Act.MANAGE_KEYS: Role.COURT_ADMIN, Act.MANAGE_ORGANISATIONS: Role.OPERATOR,
}
Browsers = dict[Role, tuple[Client, Place]]


def views() -> dict[str, Callable[..., Any]]:
    return {path: route.callback for path, route in routes() if path in PEOPLE}


def sensitive() -> set[str]:
    """Every page that is there for a sensitive act, read from everything but the mark."""
    by_act = {path for path, view in views().items() if SENSITIVE.intersection(getattr(view, NEEDS_ACTS, ()))}
    return (by_act | {path for path, page in PEOPLE.items() if page.who in MANAGED} | OF_OWN_ORGANISATION) - READING


def marked() -> dict[str, Act]:
    return {path: getattr(view, ASKS_AGAIN) for path, view in views().items() if hasattr(view, ASKS_AGAIN)}


def test_every_page_of_a_sensitive_act_asks_again_and_before_that_act() -> None:
    found = marked()
    assert set(found) == sensitive()
    needs = {path: getattr(view, NEEDS_ACTS) for path, view in views().items() if hasattr(view, NEEDS_ACTS)}
    assert {path for path, act in found.items() if path in needs and act not in needs[path]} == set()


def test_a_page_that_does_not_ask_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    view: Any = views()["/access/grants"]
    monkeypatch.delattr(view, ASKS_AGAIN)
    with pytest.raises(AssertionError):
        test_every_page_of_a_sensitive_act_asks_again_and_before_that_act()


def shown_before(client: Client, seconds: float) -> None:
    """Let this session have shown everything that long ago."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {**shown, "at": time.time() - seconds} for shown in session[AUTHENTICATION_METHODS_SESSION_KEY]]
    session.pop(ENROLLED_AT, None)
    session.save()


def browsers() -> Browsers:
    made: Browsers = {}
    for kind in (Kind.LENDER, Kind.COURT, Kind.OPERATOR):
        organisation, place = make_place(kind, f"{kind}")
        for role in {role for role in BY.values() if ROLES[role].kind == kind}:
            made[role] = signed_in(make_person(role, role, organisation)), place
    return made


def test_a_session_of_601_seconds_is_asked_again_and_changes_nothing(service: str) -> None:
    visitors, asked = browsers(), 0
    for client, _ in visitors.values():
        shown_before(client, STALE_S)
    before = digests()
    for path, act in marked().items():
        client, place = visitors[BY[act]]
        address = place.address(re.sub(r"\{paper_id\}", "1", path).replace("{reference}", NOWHERE[:12]))
        answers = [client.get(address), client.post(address, {"key": "k" * 32})]
        asks = [answer for answer in answers if answer.status_code != 405]
        assert asks, path
        assert {(answer.status_code, answer.headers["Location"].partition("?")[0]) for answer in asks} == {(302, "/account/confirm")}, path
        asked += len(asks)
    assert asked > len(marked())
    for path in READING:
        for client, place in visitors.values():
            assert client.post(place.address(path), {"key": "k" * 32}).status_code in (200, 403, 404, 405, 422), path
    assert digests() == before


def test_within_ten_minutes_nobody_is_asked_again(service: str) -> None:
    """Else the test before this one would have been sent to the confirmation by something else."""
    for client, place in browsers().values():
        shown_before(client, FRESH_S)
        for path, act in marked().items():
            if visits(client, act):
                answer = client.get(place.address(path.replace("{reference}", NOWHERE[:12]).replace("{paper_id}", "1")))
                assert not answer.headers.get("Location", "").startswith("/account/confirm"), path


def visits(client: Client, act: Act) -> bool:
    person = Person.objects.get(pk=client.session["_auth_user_id"])
    return person.login == BY[act]


def test_acts_that_nothing_asks_for_are_said_to_be_not_yet_there() -> None:
    """Also the other way round: who writes the first page of such an act takes it out of the list."""
    told = [path.read_text(encoding="utf-8") for path in code_of_the_rooms()]
    used = {act for act in Act if any(re.search(rf"Act\.{act.name}\b", text) for text in told)}
    assert set(Act) - used == NOT_YET


def code_of_the_rooms() -> list[Path]:
    rooms = {path.parent for path in ROOT.glob("*/migrations")}
    return [path for room in rooms for path in room.rglob("*.py") if path.name != "permissions.py"]
