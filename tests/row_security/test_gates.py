"""Each gate alone holds: the matrix of isolation with the application's gate opened, and with row-level security off.

Here, and nowhere else, code of ours is patched: a gate is taken away to see that the other one holds.
The whole matrix with both is `tests/test_isolation.py`; on SQLite, where there is no second gate, it shows the first alone with every page.
"""
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from django.db.models import F, Q, QuerySet
from django.test import Client
from pytest_django import Settings

from accounts.api import authentication
from accounts.models import ApiKey
from accounts.permissions import Kind, Role
from accounts.scopes import SCOPES_OF, Scope, acts_of
from accounts.viewer import Viewer
from cases import roots
from cases.models import Case, Grant, Matter, Order
from cases.roots import Access, Root
from common.problems import NotFound
from tests import test_isolation as matrix
from tests.api.test_routes import API
from tests.cases import test_relations as relations
from tests.test_isolation import CASE_FILE, LISTS, OF_A_CASE, OF_A_RECORD, WRITES, World, cast, ids_of, machines, states, world
from tests.web_role import MIDDLEWARE

__all__ = ["cast", "world"]


@pytest.fixture
def row_security_off(world: World, settings: Settings) -> None:
    """Requests are made by the owner of the tables."""
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if each != MIDDLEWARE]


@pytest.fixture
def application_gate_opened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who may read cases reads every case and every record, as far as the application cares."""

    def every_case(_viewer: Viewer, _now: datetime) -> "QuerySet[Any]":
        return Case.objects.annotate(case_id=F("id"))

    def some_root(viewer: Viewer, cases: Sequence[Case], now: datetime) -> dict[int, list[Access]]:
        opened = {case.pk: [Access(case.pk, Root.GRANTED, "opened for a test")] for case in cases}
        return {pk: [*found, *opened[pk]] for pk, found in roots.accesses(viewer, cases, now).items()}

    monkeypatch.setattr("cases.selectors.foreign_case_ids", lambda viewer, now: [every_case(viewer, now)])
    monkeypatch.setattr("cases.selectors.assigned_now", every_case)
    monkeypatch.setattr("cases.selectors.accesses", some_root)
    monkeypatch.setattr("evidence.selectors._covered", lambda _viewer, _now: Q())
    for name, model in (("docket.matter_held", Matter), ("docket.order_of", Order), ("mandates.grant_held", Grant)):
        monkeypatch.setattr(f"cases.portal.{name}", paper_of_anybody(model))


def paper_of_anybody(model: type[Matter | Order | Grant]) -> Callable[[Viewer, str], Matter | Order | Grant]:
    """Every institution holds every matter, order and grant. A lender holds none; its own gate sees those that concern it."""

    def found(viewer: Viewer, ref: str) -> Matter | Order | Grant:
        row = None if viewer.kind == Kind.LENDER else model._default_manager.filter(ref=ref).first()
        if row is None:
            raise NotFound
        return row

    return found


@pytest.fixture
def everybody_taken_for_the_lender(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever key is shown, the application looks with the lender's eyes; the database was told whose key it is."""
    lender = world.cast.organisations["lender"]

    def mistaken(key: ApiKey) -> Viewer:
        return Viewer(lender, acts_of(key.granted), key=key)

    for module in (authentication.__name__, "cases.api.viewing"):
        monkeypatch.setattr(f"{module}.viewer_of_key", mistaken)


def test_row_security_alone_holds(world: World, application_gate_opened: None, client: Client) -> None:
    ask_everything(world, client, ROLES_BY_GATE)


def test_the_application_alone_holds(world: World, row_security_off: None, client: Client) -> None:
    """By fewer people: on SQLite the whole matrix with every role is the application's gate alone, and here `test_every_table.py`."""
    ask_everything(world, client, (Role.COLLECTION_AGENT, Role.LEGAL_OFFICER, Role.NOTARY, Role.JUDGE))


# Of each kind the role with the most acts on cases, and both of an agency: the database is told the organisation, and whether somebody
# sees only what was distributed to himself. Of roles and acts it knows nothing. The people of every role ask each gate in
# `test_every_table.py`, every table and selector; the pages, behind both gates, in `tests/test_isolation.py`.
ROLES_BY_GATE = (
    Role.COLLECTION_AGENT, Role.AGENCY_SUPERVISOR, Role.LEGAL_OFFICER, Role.NOTARY, Role.LAWYER, Role.CASE_SECRETARY, Role.JUDGE)


def ask_everything(world: World, client: Client, roles: Sequence[Role]) -> None:
    """The tests of the matrix one after the other in one world: what each reads is not changed by the others, and who writes comes last."""
    matrix.test_machines_read_what_is_open_to_their_organisation_and_everything_else_is_not_there(world, client)
    matrix.test_lists_hold_what_is_open_and_nothing_more(world, client)
    matrix.test_searching_finds_what_is_open_and_nothing_more(world, client)
    matrix.test_pages_of_a_case_open_by_role_and_root(world, roles)
    matrix.test_records_are_shown_fetched_and_marked_by_role_and_root(world, roles)
    matrix.test_the_cases_of_a_matter_or_an_order_are_told_to_its_institution_alone(world, roles)
    matrix.test_strangers_change_nothing_by_any_route(world, client, roles)
    relations.test_a_case_file_is_there_by_kind_and_root_and_written_by_its_owner_alone(world, client)
    relations.test_no_root_opens_a_case_for_writing(world, client, roles)


def test_row_security_alone_withstands_who_is_taken_for_another(
    world: World, everybody_taken_for_the_lender: None, client: Client
) -> None:
    there, before = ids_of(world), states()
    for kind, rival, headers in machines(world):
        if not rival:
            continue
        for path, name in LISTS.items():
            answer = client.get(path, headers=headers)
            rows = answer.json()["records" if name == "evidence" else name] if answer.status_code == 200 else []
            assert rows == [], (kind, path)
        for name, case in world.cases.items():
            for path in (CASE_FILE, *OF_A_CASE):
                assert client.get(path.replace("{case}", case.ref), headers=headers).status_code in (403, 404), (kind, name, path)
            for number in world.records[name] if name != "other" else ():
                for path in OF_A_RECORD:
                    assert client.get(path.replace("{record}", number), headers=headers).status_code in (403, 404), (kind, name, path)
        for path in (path for path in WRITES if not path.endswith("{order}")):
            answer = client.post(there.fill(path), there.body(path), "application/json", headers=headers)
            assert answer.status_code in (403, 404, 422), (kind, path, answer.content)
    assert states() == before


def test_with_both_gates_open_a_stranger_sees_everything(
    world: World, row_security_off: None, application_gate_opened: None, client: Client
) -> None:
    """The tests above would find an open gate: they find these."""
    seen = 0
    for kind, rival, headers in machines(world):
        if rival and Scope.EVIDENCE_READ in SCOPES_OF[kind]:
            listed = {each["case"] for each in client.get(f"{API}/cases", headers=headers).json()["cases"]}
            assert {case.ref for case in world.cases.values()} <= listed, kind
            number = next(iter(world.records["own"]))
            assert client.get(OF_A_RECORD[0].replace("{record}", number), headers=headers).status_code == 200
            seen += 1
    assert seen >= 3
