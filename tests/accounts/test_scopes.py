"""Scopes: which kinds may give them, what each opens, and that every endpoint asks for one."""
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from accounts.api.authentication import NeedsScope, viewer_of_key
from accounts.errors import ExpiryOutOfRange, LabelMalformed, ScopesUnavailable
from accounts.models import ApiKey
from accounts.permissions import CONTENT, ROLES, Act, Kind, roles_of
from accounts.scopes import SCOPES, SCOPES_OF, Scope, acts_of, read_scopes, write_scopes
from accounts.services import create_organisation, issue_api_key, issue_client
from common.errors import DomainError
from tests.api.test_routes import API, METHODS, ROWS, routes
from tests.databases import ROOT

DAY = timedelta(days=1)
CONTENT_SCOPES = frozenset({
    Scope.EVIDENCE_WRITE, Scope.EVIDENCE_READ, Scope.PACKAGES_FETCH, Scope.CASES_WRITE, Scope.CASES_READ, Scope.CASE_FILES_WRITE,
    Scope.WEBHOOKS_MANAGE,
    Scope.NOTICES_READ, Scope.MATTERS_SUBMIT, Scope.MATTERS_ACCEPT, Scope.CASE_NOTES_WRITE,
})


@pytest.mark.parametrize("kind", Kind)
def test_a_machine_does_nothing_that_no_person_of_its_kind_may_do(kind: Kind) -> None:
    people: frozenset[Act] = frozenset().union(*(ROLES[role].acts for role in roles_of(kind)))
    assert acts_of(SCOPES_OF[kind]) <= people
    if kind in (Kind.OPERATOR, Kind.AUDITOR):
        assert not SCOPES_OF[kind] & CONTENT_SCOPES
        assert not acts_of(SCOPES_OF[kind]) & CONTENT


def test_the_kinds_hold_what_the_table_says() -> None:
    reading = {Scope.EVIDENCE_READ, Scope.CASES_READ, Scope.WEBHOOKS_MANAGE, Scope.NOTICES_READ, Scope.CASE_NOTES_WRITE}
    firm = reading | {Scope.PACKAGES_FETCH, Scope.MATTERS_SUBMIT}
    institution = firm | {Scope.MATTERS_ACCEPT}
    assert {
        Kind.LENDER: set(Scope) - {Scope.MATTERS_ACCEPT}, Kind.COLLECTION_AGENCY: reading | {Scope.EVIDENCE_WRITE, Scope.CASES_WRITE},
        **dict.fromkeys((Kind.NOTARY_OFFICE, Kind.ARBITRATION_BODY), institution),
        Kind.LAW_FIRM: firm, Kind.COURT: institution | {Scope.EVIDENCE_WRITE},
        Kind.AUDITOR: set(), Kind.OPERATOR: set(),
    } == SCOPES_OF
    assert set(SCOPES) == set(Scope) == CONTENT_SCOPES


def test_scopes_are_read_as_they_are_written_and_strange_words_give_nothing() -> None:
    assert read_scopes(write_scopes(frozenset(Scope))) == set(Scope)
    assert read_scopes("evidence:read  root EVIDENCE:WRITE evidence:write\n cases") == {Scope.EVIDENCE_READ}


def test_the_page_for_engineers_names_every_scope() -> None:
    page = (ROOT / "docs/api/machines.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+:[a-z]+)` \|", page, re.MULTILINE)) == set(Scope)


def views_of_the_api() -> Iterator[tuple[str, type[APIView]]]:
    yield from ((path, route.callback.cls) for path, route in routes() if path.startswith(API))  # type: ignore[attr-defined]


def unscoped(path: str, view: type[APIView]) -> list[str]:
    """What of this view is open without being meant to be: `AllowAny` says so, otherwise each method names its scope."""
    if view.permission_classes == [AllowAny]:
        return [f"{path}: public, and names scopes"] if hasattr(view, "scopes") else []
    if view.permission_classes != [NeedsScope]:
        return [f"{path}: judged by something else"]
    missing = {method for method in METHODS if hasattr(view, method.lower())} ^ set(getattr(view, "scopes", {}))
    return [f"{path}: {method}" for method in sorted(missing)]


def test_every_endpoint_names_the_scope_of_each_of_its_methods() -> None:
    assert [fault for path, view in views_of_the_api() for fault in unscoped(path, view)] == []


def test_an_endpoint_that_forgets_its_scope_would_be_seen_and_answers_nobody(service: str) -> None:
    class Forgetful(APIView):
        scopes = {"GET": Scope.EVIDENCE_READ}

        def get(self, request: Any) -> Any: ...

        def post(self, request: Any) -> Any: ...

    class Silent(APIView):
        def get(self, request: Any) -> Any: ...

    assert (unscoped("/x", Forgetful), unscoped("/y", Silent)) == (["/x: POST"], ["/y: GET"])
    key = issue_api_key(create_organisation("甲", now=timezone.now()), label="x", now=timezone.now(), valid_for=DAY)[0]

    class Asked:
        auth = key
        method = "POST"

    asked: Any = Asked()
    assert not NeedsScope().has_permission(asked, Forgetful())


def test_each_endpoint_opens_with_its_own_scope_and_no_other(client: Client, service: str) -> None:
    """Every route that needs a key × a key with its scope alone, and a key with every other scope."""
    now = timezone.now()
    lender, office = create_organisation("甲", now=now), create_organisation("公证处", now=now, kind=Kind.NOTARY_OFFICE)

    def headers(*scopes: Scope) -> dict[str, str]:
        # No lender accepts a matter.
        where = lender if set(scopes) <= SCOPES_OF[Kind.LENDER] else office
        return {"Authorization": f"Bearer {issue_api_key(where, label='x', now=now, valid_for=DAY, scopes=scopes)[1]}"}

    alone = {scope: headers(scope) for scope in Scope}
    others = {scope: headers(*(SCOPES_OF[Kind.LENDER] - {scope})) for scope in Scope}
    views = {path: view for path, view in views_of_the_api() if view.permission_classes == [NeedsScope]}
    for (method, path), row in ROWS.items():
        if path not in views:
            continue
        needed = views[path].scopes[method]  # type: ignore[attr-defined]
        refused = row.send(client, "CZ-20261123-01234-56789-W", others[needed])
        assert (refused.status_code, refused.json()["code"], refused.json()["scope"]) == (403, "scope-missing", needed), path
        assert needed in refused.json()["detail"]
        assert row.send(client, "CZ-20261123-01234-56789-W", alone[needed]).status_code in (row.status, 404), path
    assert client.head(f"{API}/evidence", headers=others[Scope.EVIDENCE_READ]).status_code == 403
    assert client.delete(f"{API}/evidence", headers=others[Scope.EVIDENCE_READ]).status_code == 405


def test_what_is_issued_keeps_to_kind_time_and_label(database: str) -> None:
    now = timezone.now()
    office = create_organisation("公证处", now=now, kind=Kind.NOTARY_OFFICE)
    operator = create_organisation("运营", now=now, kind=Kind.OPERATOR)
    good: dict[str, Any] = {"label": "x", "now": now, "valid_for": DAY, "scopes": [Scope.EVIDENCE_READ]}
    wrong: list[tuple[Any, dict[str, Any], type[DomainError]]] = [
        (office, {"scopes": [Scope.EVIDENCE_WRITE]}, ScopesUnavailable), (office, {"scopes": []}, ScopesUnavailable),
        (operator, {"scopes": None}, ScopesUnavailable), (operator, {}, ScopesUnavailable),
        (office, {"valid_for": timedelta(days=400, seconds=1)}, ExpiryOutOfRange), (office, {"valid_for": timedelta()}, ExpiryOutOfRange),
        (office, {"label": " "}, LabelMalformed), (office, {"label": "x" * 101}, LabelMalformed),
        (office, {"label": "a\0b"}, LabelMalformed),
    ]
    for issue in (issue_api_key, issue_client):
        for organisation, changes, refusal in wrong:
            with pytest.raises(refusal):
                issue(organisation, **{**good, **changes})
    assert ApiKey.objects.count() == 0
    key, _ = issue_api_key(office, **{**good, "scopes": None, "valid_for": timedelta(days=400)})
    assert key.granted == SCOPES_OF[Kind.NOTARY_OFFICE]


def test_the_machine_as_a_viewer_has_the_acts_of_its_scopes_within_its_kind(database: str) -> None:
    now = timezone.now()
    key, _ = issue_api_key(create_organisation("甲", now=now), label="x", now=now, valid_for=DAY, scopes=[Scope.PACKAGES_FETCH])
    viewer = viewer_of_key(key)
    assert (viewer.acts, viewer.actor, viewer.person) == (frozenset({Act.READ_CASE, Act.FETCH}), f"api_key:{key.pk}", None)
    # The table decides on each request: a scope that its kind may not hold, however it came into the row, gives nothing.
    key.organisation.kind = Kind.COLLECTION_AGENCY
    assert viewer_of_key(key).acts == frozenset()
