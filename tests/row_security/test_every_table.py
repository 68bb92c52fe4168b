"""Each gate alone, for everybody: every table behind row-level security without a selector, every scoped selector without row security.

For the people of every role, at the organisation that was let in and at its rival, in one world with a row of every kind. What a person
should see is said once, in `tables.py`. The pages and endpoints that use all this are `test_gates.py`'s, by fewer roles.
"""
import inspect
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from django.db.models import Model, Q
from django.utils import timezone

from accounts.permissions import Act, Kind, Role
from accounts.portal.workplace import told
from accounts.viewer import Viewer
from cases import roots
from cases import selectors as of_cases
from cases.errors import CaseNotFound, CasesUnknown
from cases.models import Assignment, Case, Entrustment, Grant, GrantedCase, Matter, Order, OrderedCase, SubmittedCase
from common.problems import NotFound
from common.tenancy import forget
from evidence import selectors as of_evidence
from evidence.errors import RecordNotFound, RecordNumberMalformed
from evidence.models import Evidence
from tests.cases.cast import viewer_of
from tests.row_security.tables import PATHS, Sight, fill, sight_of
from tests.row_security.test_policies import guarded
from tests.test_isolation import TO_HIM, World, cast, visitors, world
from tests.web_role import acting_as

__all__ = ["cast", "world"]


class Visitor(NamedTuple):
    role: Role
    at_home: bool
    viewer: Viewer
    sight: Sight

    @property
    def name(self) -> tuple[str, bool, str]:
        assert self.viewer.person is not None
        return self.role, self.at_home, self.viewer.person.login


@pytest.fixture
def everybody(world: World) -> list[Visitor]:
    """The people of every role, when every table has its rows."""
    fill(world)
    forget()
    found = []
    for role in Role:
        for person, at_home in visitors(world.cast, role):
            viewer = viewer_of(person)
            without = role == Role.COLLECTION_AGENT and person.login != TO_HIM
            found.append((role, at_home, viewer, without))
    return [Visitor(role, at_home, viewer, sight_of(world, viewer.organisation, at_home=at_home, agent_without=without))
            for role, at_home, viewer, without in found]


def ids(rows: Iterable[Model]) -> set[int]:
    return {row.pk for row in rows}


def test_row_security_alone_shows_of_every_table_to_every_role_what_is_open_to_it(everybody: list[Visitor], world: World, web: str) -> None:
    """A table without rule or rows fails, and so does one of which everybody sees all: nothing of it would be shown."""
    assert set(PATHS) == set(guarded())
    whole = {model: ids(model._default_manager.all()) for model in PATHS}
    wanted = {(*each.name, model.__name__): each.sight.rows(model) for each in everybody for model in PATHS}
    found: dict[tuple[str, bool, str, str], set[int]] = {}
    with acting_as(web):
        for each in everybody:
            told(each.viewer)
            found |= {(*each.name, model.__name__): ids(model._default_manager.all()) for model in PATHS}
            forget()
    assert {key: (rows, wanted[key]) for key, rows in found.items() if rows != wanted[key]} == {}
    for model, rows in whole.items():
        seen = [found[*each.name, model.__name__] for each in everybody]
        assert rows, model
        assert any(seen), model
        assert any(some < rows for some in seen), model


Get = Callable[[Viewer, datetime], set[int]]
Wanted = Callable[[Visitor], set[int]]


class Selector(NamedTuple):
    """The ids of what a selector gives a viewer, and of what it should give."""

    get: Get
    wanted: Wanted


def one_by_one(model: type[Model], get: Callable[[Viewer, Any, datetime], object]) -> Get:
    """What a look-up of one gives for every row that there is; refused is not found."""
    def found(viewer: Viewer, now: datetime) -> Iterator[int]:
        for row in EVERY[model]:
            try:
                given = get(viewer, row, now)
            except (NotFound, CaseNotFound, CasesUnknown, RecordNotFound, RecordNumberMalformed):
                continue
            if given:
                yield row.pk

    return lambda viewer, now: set(found(viewer, now))


# Papers, and the world's cases with their records, read by the owner before a gate is asked: what is looked up one after the other.
EVERY: dict[type[Model], list[Any]] = {}


def among(model: type[Model], get: Get, wanted: Wanted) -> Selector:
    """A selector that is asked about these rows and no others."""
    return Selector(lambda viewer, now: get(viewer, now) & ids(EVERY[model]), lambda each: wanted(each) & ids(EVERY[model]))


def one(model: type[Model], get: Callable[[Viewer, Any, datetime], object], wanted: Wanted) -> Selector:
    return among(model, one_by_one(model, get), wanted)


def reading(each: Visitor) -> set[int]:
    return set(each.sight.cases) if each.viewer.may(Act.READ_CASE) else set()


def own(each: Visitor) -> set[int]:
    return ids(Case.objects.filter(organisation=each.sight.organisation))


def depositing(each: Visitor) -> set[int]:
    kind = each.viewer.kind
    cases = own(each) if kind != Kind.COLLECTION_AGENCY else set(each.sight.cases) - own(each)
    return cases if each.viewer.may(Act.DEPOSIT) else set()


def records(each: Visitor) -> set[int]:
    return set(each.sight.records) if each.viewer.may(Act.READ_CASE) else set()


def of_side(model: type[Model], *sides: str, **conditions: object) -> Wanted:
    """Those of which the visitor's organisation is one of these sides."""
    def wanted(each: Visitor) -> set[int]:
        rows = model._default_manager.filter(**conditions)
        return set().union(*(ids(rows.filter(**{side: each.sight.organisation})) for side in sides))

    return wanted


def opened_by(model: type[Model]) -> Wanted:
    """Rows of one's own papers by which others' cases are open now."""
    side = {Assignment: "entrustment__agency", GrantedCase: "grant__receiver", SubmittedCase: "matter__institution",
            OrderedCase: "order__court"}[model]
    return lambda each: ids(model._default_manager.filter(
        Q(case__in=each.sight.cases) & ~Q(case__organisation=each.sight.organisation), LIVE[model], **{side: each.sight.organisation}))


LIVE: dict[type[Model], Q] = {
    Assignment: Q(withdrawn_at=None), GrantedCase: Q(grant__revoked_at=None), SubmittedCase: Q(matter__accepted_at__isnull=False),
    OrderedCase: Q(order__opened_at__isnull=False),
}


SELECTORS: dict[Callable[..., Any], Selector] = {
    of_cases.cases_for: Selector(lambda viewer, now: ids(of_cases.cases_for(viewer, now=now)), reading),
    of_cases.case_for: one(Case, lambda viewer, row, now: of_cases.case_for(viewer, row.ref, now=now), reading),
    of_cases.case_file_for: one(Case, lambda viewer, row, now: of_cases.case_file_for(viewer, row.ref, now=now), reading),
    of_cases.cases_referenced: one(
        Case, lambda viewer, row, now: of_cases.cases_referenced(viewer, row.client_reference, now=now).filter(pk=row.pk), reading),
    of_cases.roots_of: one(Case, lambda viewer, row, now: of_cases.roots_of(viewer, [row], now=now)[row.pk], reading),
    of_cases.access_to: one(Case, lambda viewer, row, now: of_cases.access_to(viewer, row, now=now), reading),
    of_cases.open_references: among(
        Case, lambda viewer, now: set(of_cases.open_references(viewer, [row.pk for row in EVERY[Case]], now=now)), reading),
    of_cases.cases_to_deposit_in: Selector(lambda viewer, now: ids(of_cases.cases_to_deposit_in(viewer, now=now)), depositing),
    of_cases.case_to_deposit_in: one(Case, lambda viewer, row, now: of_cases.case_to_deposit_in(viewer, row.ref, now=now), depositing),
    of_cases.own_case: one(Case, lambda viewer, row, _: of_cases.own_case(viewer, row.ref), own),
    of_cases.own_cases: one(Case, lambda viewer, row, _: of_cases.own_cases(viewer.organisation, [row.ref]), own),
    of_cases.own_case_refs: one(Case, lambda viewer, row, _: of_cases.own_case_refs(viewer.organisation, [row.ref]), own),
    of_cases.loans_of: among(
        Case, lambda viewer, _: {case.pk for case, _ in of_cases.loans_of(viewer, [row.pk for row in EVERY[Case]])}, own),
    of_cases.cases_by_reference: among(
        Case, lambda viewer, _: {pk for found in of_cases.cases_by_reference(
            viewer, {row.client_reference for row in EVERY[Case]}).values() for pk in found}, own),
    of_cases.entrustments_for: Selector(
        lambda viewer, _: ids(of_cases.entrustments_for(viewer)), of_side(Entrustment, "lender", "agency")),
    of_cases.entrustment_seen: one(
        Entrustment, lambda viewer, row, _: of_cases.entrustment_seen(viewer, row.ref), of_side(Entrustment, "lender", "agency")),
    of_cases.entrustment_given: one(
        Entrustment, lambda viewer, row, _: of_cases.entrustment_given(viewer, row.ref), of_side(Entrustment, "lender")),
    of_cases.assignments_for: Selector(
        lambda viewer, _: ids(of_cases.assignments_for(viewer)), of_side(Assignment, "entrustment__lender", "entrustment__agency")),
    of_cases.assignments_given: Selector(
        lambda viewer, _: ids(of_cases.assignments_given(viewer)), of_side(Assignment, "entrustment__lender", withdrawn_at=None)),
    of_cases.assignments_held: Selector(
        lambda viewer, now: ids(of_cases.assignments_held(viewer, now=now)),
        of_side(Assignment, "entrustment__agency", withdrawn_at=None)),
    of_cases.grants_for: Selector(lambda viewer, _: ids(of_cases.grants_for(viewer)), of_side(Grant, "lender", "receiver")),
    of_cases.grant_given: one(Grant, lambda viewer, row, _: of_cases.grant_given(viewer, row.ref), of_side(Grant, "lender")),
    of_cases.grants_held: Selector(lambda viewer, _: ids(of_cases.grants_held(viewer)), of_side(Grant, "receiver")),
    of_cases.grant_held: one(Grant, lambda viewer, row, _: of_cases.grant_held(viewer, row.ref), of_side(Grant, "receiver")),
    of_cases.matters_for: Selector(lambda viewer, _: ids(of_cases.matters_for(viewer)), of_side(Matter, "grant__lender", "institution")),
    of_cases.matters_given: Selector(lambda viewer, _: ids(of_cases.matters_given(viewer)), of_side(Matter, "grant__lender")),
    of_cases.matter_given: one(Matter, lambda viewer, row, _: of_cases.matter_given(viewer, row.ref), of_side(Matter, "grant__lender")),
    of_cases.matter_held: one(Matter, lambda viewer, row, _: of_cases.matter_held(viewer, row.ref), of_side(Matter, "institution")),
    of_cases.orders_for: Selector(lambda viewer, _: ids(of_cases.orders_for(viewer)), of_side(Order, "court")),
    of_cases.order_of: one(Order, lambda viewer, row, _: of_cases.order_of(viewer, row.ref), of_side(Order, "court")),
    of_cases.orders_seen: Selector(lambda viewer, _: ids(of_cases.orders_seen(viewer)), lambda each: each.sight.rows(Order)),
    of_cases.order_seen: one(Order, lambda viewer, row, _: of_cases.order_seen(viewer, row.ref), lambda each: each.sight.rows(Order)),
    of_cases.rows_of_order: Selector(
        lambda viewer, _: set().union(*(ids(of_cases.rows_of_order(viewer, row)) for row in EVERY[Order])),
        lambda each: each.sight.rows(OrderedCase)),
    roots.assigned_now: Selector(lambda viewer, now: ids(roots.assigned_now(viewer, now)), opened_by(Assignment)),
    roots.granted_now: Selector(lambda viewer, now: ids(roots.granted_now(viewer, now)), opened_by(GrantedCase)),
    roots.accepted_now: Selector(lambda viewer, now: ids(roots.accepted_now(viewer, now)), opened_by(SubmittedCase)),
    roots.ordered_now: Selector(lambda viewer, now: ids(roots.ordered_now(viewer, now)), opened_by(OrderedCase)),
    roots.foreign_case_ids: Selector(
        lambda viewer, now: {row.case_id for rows in roots.foreign_case_ids(viewer, now) for row in rows},
        lambda each: set(each.sight.cases) - own(each)),
    roots.accesses: among(
        Case, lambda viewer, now: {pk for pk, found in roots.accesses(viewer, EVERY[Case], now).items() if found},
        lambda each: set(each.sight.cases)),
    of_evidence.records_for: Selector(lambda viewer, now: ids(of_evidence.records_for(viewer, now=now)), records),
    of_evidence.record_for: one(Evidence, lambda viewer, row, now: of_evidence.record_for(viewer, row.record, now=now), records),
    of_evidence.selection_for: one(Evidence, lambda viewer, row, now: of_evidence.selection_for(viewer, [row.record], now=now), records),
    of_evidence.case_records_for: among(
        Evidence, lambda viewer, now: set().union(*(
            ids(of_evidence.case_records_for(viewer, row, now=now)) for row in EVERY[Case])), records),
    of_evidence.records_counted: among(
        Case, lambda viewer, now: set(of_evidence.records_counted(viewer, [row.pk for row in EVERY[Case]], now)),
        lambda each: set(Evidence.objects.filter(pk__in=records(each)).values_list("case", flat=True))),
    of_evidence.own_paper: one(
        Evidence, lambda viewer, row, _: of_evidence.own_paper(viewer.organisation.pk, row.record),
        of_side(Evidence, "organisation", deposited_by=None)),
}
# Selectors that give no rows of their own: they choose among what those above gave, or are asked about a row that one of them gave.
AMONG = {
    of_cases.place_of_note, of_cases.cases_of_person, of_cases.owners_for, of_cases.is_entrusted, of_cases.owner_of_assigned,
    of_cases.references_with_file, of_cases.cases_by_drawdown, of_cases.cases_of_grant, of_cases.cases_of_matter,
    of_cases.cases_of_order, of_cases.accesses_of, of_cases.grants_to_approve,
    roots.live_assignment, roots.live_grant, roots.live_submission, roots.live_order, roots.whole_file_case_ids,
    of_evidence.canonical_number, of_evidence.is_whole_case, of_evidence.public_record, of_evidence.claims_of, of_evidence.custody_of,
}


def selectors_of(module: ModuleType) -> set[Callable[..., Any]]:
    return {each for name, each in inspect.getmembers(module, inspect.isfunction)
            if each.__module__ == module.__name__ and not name.startswith("_")}


def test_every_selector_is_asked() -> None:
    assert set(SELECTORS) | AMONG == set().union(*(selectors_of(module) for module in (of_cases, roots, of_evidence)))


def test_the_application_alone_gives_every_role_by_every_selector_what_is_open_to_it(
    everybody: list[Visitor], world: World, web: str
) -> None:
    """By the owner of the tables, whom no policy binds; and by the web's role the same, so that the second gate takes nothing away.

    A selector that gives nobody anything fails, and so does one that gives everybody everything.
    """
    for model in (Entrustment, Grant, Matter, Order):
        EVERY[model] = list(model._default_manager.order_by("pk"))
    EVERY[Case] = list(world.cases.values())
    EVERY[Evidence] = list(Evidence.objects.filter(case__in=EVERY[Case]))
    now = timezone.now()
    wanted = {(*each.name, get.__name__): selector.wanted(each) for each in everybody for get, selector in SELECTORS.items()}
    alone = {(*each.name, get.__name__): selector.get(each.viewer, now) for each in everybody for get, selector in SELECTORS.items()}
    assert {key: (found, wanted[key]) for key, found in alone.items() if found != wanted[key]} == {}
    both: dict[tuple[str, bool, str, str], set[int]] = {}
    with acting_as(web):
        for each in everybody:
            told(each.viewer)
            both |= {(*each.name, get.__name__): selector.get(each.viewer, now) for get, selector in SELECTORS.items()}
            forget()
    assert {key: (found, wanted[key]) for key, found in both.items() if found != wanted[key]} == {}
    for get in SELECTORS:
        given = [alone[*each.name, get.__name__] for each in everybody]
        assert any(given), get
        assert len({frozenset(some) for some in given}) > 1, get
