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
from accounts.scopes import SCOPES_OF, Scope, acts_of
from accounts.viewer import Viewer
from cases import roots
from cases.models import Case
from cases.roots import Access, Root
from tests import test_isolation as matrix
from tests.api.test_routes import API
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


@pytest.fixture
def everybody_taken_for_the_lender(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever key is shown, the application looks with the lender's eyes; the database was told whose key it is."""
    lender = world.cast.organisations["lender"]

    def mistaken(key: ApiKey) -> Viewer:
        return Viewer(lender, acts_of(key.granted), key=key)

    for module in (authentication.__name__, "cases.api.viewing"):
        monkeypatch.setattr(f"{module}.viewer_of_key", mistaken)


@pytest.mark.parametrize("asked", [
    matrix.test_machines_read_what_is_open_to_their_organisation_and_everything_else_is_not_there,
    matrix.test_lists_hold_what_is_open_and_nothing_more,
], ids=["machines", "lists"])
def test_row_security_alone_shows_what_is_open(
    asked: Callable[[World, Client], None], world: World, application_gate_opened: None, client: Client
) -> None:
    asked(world, client)


def test_row_security_alone_shows_people_what_is_open(world: World, application_gate_opened: None) -> None:
    matrix.test_pages_of_a_case_open_by_role_and_root(world)


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


def test_the_application_alone_shows_what_is_open(world: World, row_security_off: None, client: Client) -> None:
    matrix.test_lists_hold_what_is_open_and_nothing_more(world, client)


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
