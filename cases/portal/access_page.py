"""委案与授权: who may see which case, on what basis, until when; for the lender, and for the agency that holds cases.

One page and a form for each act. Contracts and grants ask for the second factor within ten minutes; a withdrawal asks for nothing, for
whoever must end access must not be kept waiting.
"""
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.audit.reading import names_of
from accounts.models import Organisation
from accounts.permissions import Act, Kind
from accounts.portal.gate import needs_person, step_up
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.assigning import (
    Contract,
    agents_of,
    assign_cases,
    distribute_cases,
    distribute_shown,
    end_entrustment,
    entrust,
    withdraw_cases,
    withdraw_shown,
)
from cases.errors import AgentUnsuitable, BasisMissing
from cases.granting import Opening, approve_grant, grant_access, revoke_grant
from cases.matters import submit_cases
from cases.models import Distribution, Entrustment, Grant, Matter, SubmittedCase
from cases.models.access import RECEIVERS
from cases.phases import Phase, assignments_in, entrustments_in, grants_in, matters_in, orders_in, undistributed
from cases.portal.access_words import BASES, DUTIES, assignment_state, grant_state, matter_state, with_states
from cases.portal.answering import form_of
from cases.portal.listing import CURRENT, Choice, by_phase, chosen_state, here, listed
from cases.portal.named_cases import cases_page, first_of_each
from cases.portal.standing import gates_to_approve, standing_in
from cases.portal.typed import day, number, own_cases_of, refs_of
from cases.roots import ACCEPTING
from cases.selectors import (
    assignments_for,
    assignments_given,
    assignments_held,
    cases_of_matter,
    entrustment_given,
    entrustment_seen,
    entrustments_for,
    grant_given,
    grants_for,
    matter_given,
    matters_given,
    orders_seen,
)
from common.refused import Refused

Choices = list[tuple[str, str | Promise]]
OFFERED = 1000


def access_page(request: HttpRequest, viewer: Viewer, /, *, refused: Refused | None = None, selected: Sequence[str] = ()) -> HttpResponse:
    """The whole page; after a refusal what was typed stands in its form again. `selected`: references that stand in its forms at first."""
    now, is_lender = timezone.now(), viewer.kind == Kind.LENDER
    contracts = listed(request, "contracts", entrustments_for(viewer), by_phase(entrustments_in, now))
    grants = listed(request, "grants", grants_for(viewer), by_phase(grants_in, now))
    orders = listed(request, "orders", orders_seen(viewer), by_phase(orders_in, now)) if is_lender else None
    matters = listed(request, "matters", matters_given(viewer), by_phase(matters_in, now)) if is_lender else None
    context: dict[str, Any] = {
        "viewer": viewer, "refused": refused, "now": now, "lender": is_lender, "here": here(request),
        "selected": "\n".join(selected), "chosen": len(selected), "ticked": ticked(refused),
        "may_assign": is_lender and viewer.may(Act.DISTRIBUTE),
        "may_distribute": viewer.kind == Kind.COLLECTION_AGENCY and viewer.may(Act.DISTRIBUTE),
        "may_grant": is_lender and viewer.may(Act.GRANT), "may_submit": is_lender and viewer.may(Act.PREPARE),
        "contracts": contracts, "grants": grants, "orders": orders, "ordered": is_lender and orders_seen(viewer).exists(),
        **_assignments(request, viewer, now),
        "grant_rows": _grants(viewer, grants.rows, now=now), "matters": matters,
        "matter_rows": _matters(viewer, matters.rows, now=now) if matters else [],
        **_choices(viewer, now),
    }
    return render(request, "cases/access.html", context, status=200 if refused is None else refused.error.status)


def ticked(refused: Refused | None) -> frozenset[str]:
    """The assignments that were ticked in a form that was refused."""
    typed = refused.typed if refused is not None and refused.form == "chosen" else None
    return frozenset(typed.getlist("assignments")) if isinstance(typed, QueryDict) else frozenset()


def _grants(viewer: Viewer, rows: Sequence[Grant], *, now: datetime) -> list[dict[str, Any]]:
    """Grants with their states, and who gave and approved them: by name where he is the viewer's own organisation's."""
    names = names_of(viewer.organisation, (actor for row in rows for actor in (row.granted_by, row.approved_by)))
    return [
        {**each, "basis": BASES[Grant.Basis(each["row"].basis)], "gates": gates_to_approve(viewer, each["row"]),
         "duties": DUTIES if each["row"].basis == Grant.Basis.ENTRUSTED else "",
         "granted_by": names.get(each["row"].granted_by, ""), "approved_by": names.get(each["row"].approved_by, "")}
        for each in with_states(rows, grant_state, now=now)]


def _matters(viewer: Viewer, rows: Sequence[Matter], *, now: datetime) -> list[dict[str, Any]]:
    """What the lender submitted: its cases, its state, by which root it is open to the institution, until when, who may end that."""
    cases = first_of_each(viewer, SubmittedCase.objects.all(), "matter", [row.pk for row in rows], now=now)
    names = names_of(viewer.organisation, (row.submitted_by for row in rows))
    return [
        {**each, "cases": cases[each["row"].pk], "standing": standing_in(each["row"], now=now),
         "submitted_by": names.get(each["row"].submitted_by, "")}
        for each in with_states(rows, matter_state, now=now)]


def _assignments(request: HttpRequest, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """The list of assignments, of one contract where one was chosen; then `whole` says how many of it the filter shows and can be moved."""
    ref = request.GET.get("contract", "")
    contract = entrustment_seen(viewer, ref) if ref else None
    choices = assignment_choices(viewer, now)
    shown = listed(request, "assignments", assignments_for(viewer), choices, None if contract is None else Q(entrustment=contract))
    holders = dict(Distribution.objects.filter(assignment__in=shown.rows, until=None).values_list("assignment_id", "agent__display_name"))
    movable = assignments_given(viewer) if viewer.kind == Kind.LENDER else assignments_held(viewer, now=now)
    whole = 0 if contract is None else movable.filter(choices[shown.chosen].condition, entrustment=contract).count()
    rows = [{**each, "agent": holders.get(each["row"].pk, "")} for each in with_states(shown.rows, assignment_state, now=now)]
    return {"assignments": shown, "assignment_rows": rows, "contract": contract, "whole": whole}


def assignment_choices(viewer: Viewer, now: datetime) -> dict[str, Choice]:
    """What the list of assignments can be narrowed to; an agency's first business is what nobody works on yet."""
    if viewer.kind == Kind.LENDER:
        return by_phase(assignments_in, now)
    return by_phase(assignments_in, now, undistributed=Choice(_("未分案"), undistributed(now)))


def _choices(viewer: Viewer, now: datetime) -> dict[str, Choices]:
    """What the forms offer to choose from, wherever the lists above them stand."""
    accepting = [kind.value for kind in ACCEPTING]
    agents = [(str(each.pk), f"{each.display_name} · {each.login}") for each in agents_of(viewer)]
    contracts, current = entrustments_for(viewer)[:OFFERED], by_phase(entrustments_in, now)[CURRENT].condition
    grants = grants_for(viewer).filter(grants_in(Phase.RUNNING, now), lender=viewer.organisation, receiver_kind__in=accepting)
    return {
        "bases": [(basis.value, label) for basis, label in BASES.items()],
        "filter_contracts": [(row.ref, f"{row.number} · {row.agency.name}") for row in contracts],
        "contract_choices": [
            (row.ref, f"{row.number} · {row.agency.name}") for row in entrustments_for(viewer).filter(current)[:OFFERED]],
        "agent_choices": [("", _("收回，暂不分案")), *agents],
        "agencies": _active([Kind.COLLECTION_AGENCY]), "receivers": _active(list(RECEIVERS)),
        "grant_choices": [(row.ref, f"{row.receiver.name} · {row.purpose}") for row in grants[:OFFERED]],
    }


def _active(kinds: list[Kind]) -> Choices:
    # Institutions are found by name: that they take part here is no secret, what they hold is.
    rows = Organisation.objects.filter(kind__in=kinds, status=Organisation.Status.ACTIVE)
    return list(rows.order_by("name", "id").values_list("ref", "name")[:OFFERED])


@require_GET
@needs_act(Act.DISTRIBUTE, Act.GRANT, Act.APPROVE_LARGE_GRANT)
def access(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    return access_page(request, viewer)


@require_GET
@needs_act(Act.DISTRIBUTE, Act.GRANT, Act.APPROVE_LARGE_GRANT)
def submitted_cases(request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    """All cases of a matter that the viewer's lender submitted, by pages. Raises NotFound."""
    matter = matter_given(viewer, ref)
    title, back = f"{matter.institution.name} · {matter.purpose}", (f"{reverse('access')}#matters", gettext("回到委案与授权"))
    return cases_page(request, viewer, cases_of_matter(matter), title=title, back=back)


@require_POST
@needs_person
@step_up(Act.GRANT, back="access")
@needs_act(Act.GRANT)
@form_of(access_page, "entrust", back="access")
def add_entrustment(viewer: Viewer, form: QueryDict, now: datetime) -> None:
    entrust(viewer, Contract(
        form.get("agency", ""), form.get("number", ""), form.get("scope", ""), form.get("document", ""),
        day(form, "starts_at", now=now), day(form, "ends_at", end=True)), now=now)


@require_POST
@needs_person
@step_up(Act.GRANT, back="access")
@needs_act(Act.GRANT)
@form_of(access_page, "end-{ref}", back="access")
def stop_entrustment(viewer: Viewer, _form: QueryDict, now: datetime, ref: str) -> None:
    end_entrustment(viewer, entrustment_given(viewer, ref), now=now)


@require_POST
@needs_act(Act.DISTRIBUTE)
@form_of(access_page, "assign", back="access")
def assign(viewer: Viewer, form: QueryDict, now: datetime) -> None:
    contract = entrustment_given(viewer, form.get("entrustment", ""))
    assign_cases(viewer, contract, own_cases_of(viewer.organisation, form), includes_all="includes_all" in form, now=now)


@require_POST
@needs_act(Act.DISTRIBUTE)
@form_of(access_page, "chosen", back="access")
def withdraw(viewer: Viewer, form: QueryDict, now: datetime) -> None:
    if "whole" in form:
        contract, shown = _filtered(viewer, form, now)
        withdraw_shown(viewer, contract, shown, seen=number(form, "seen"), now=now)
    else:
        withdraw_cases(viewer, refs_of(form, "assignments"), now=now)


def _filtered(viewer: Viewer, form: QueryDict, now: datetime) -> tuple[Entrustment, Q]:
    """The contract and the condition of "all that the filter shows", as the form says what its page was narrowed to. Raises NotFound."""
    choices = assignment_choices(viewer, now)
    return entrustment_seen(viewer, form.get("contract", "")), choices[chosen_state(form.get("state", ""), choices)].condition


@require_POST
@needs_act(Act.DISTRIBUTE)
@form_of(access_page, "chosen", back="access")
def distribute(viewer: Viewer, form: QueryDict, now: datetime) -> None:
    chosen = form.get("agent", "")
    agent = next((each for each in agents_of(viewer) if str(each.pk) == chosen), None)
    if chosen and agent is None:
        raise AgentUnsuitable(pointer="/agent")
    if "whole" in form:
        contract, shown = _filtered(viewer, form, now)
        distribute_shown(viewer, contract, shown, agent, seen=number(form, "seen"), now=now)
    else:
        distribute_cases(viewer, refs_of(form, "assignments"), agent, now=now)


@require_POST
@needs_person
@step_up(Act.GRANT, back="access")
@needs_act(Act.GRANT)
@form_of(access_page, "grant", back="access")
def add_grant(viewer: Viewer, form: QueryDict, now: datetime) -> None:
    basis = form.get("basis", "")
    if basis not in Grant.Basis.values:
        raise BasisMissing(pointer="/basis")
    grant_access(viewer, Opening(
        form.get("receiver", ""), Grant.Basis(basis), form.get("document", ""), form.get("purpose", ""),
        day(form, "starts_at", now=now), day(form, "ends_at", end=True), own_cases_of(viewer.organisation, form)), now=now)


@require_POST
@needs_person
@step_up(Act.APPROVE_LARGE_GRANT, back="access")
@needs_act(Act.APPROVE_LARGE_GRANT)
@form_of(access_page, "approve-{ref}", back="access")
def approve(viewer: Viewer, _form: QueryDict, now: datetime, ref: str) -> None:
    approve_grant(viewer, grant_given(viewer, ref), now=now)


@require_POST
@needs_person
@step_up(Act.GRANT, back="access")
@needs_act(Act.GRANT)
@form_of(access_page, "revoke-{ref}", back="access")
def revoke(viewer: Viewer, _form: QueryDict, now: datetime, ref: str) -> None:
    revoke_grant(viewer, grant_given(viewer, ref), now=now)


@require_POST
@needs_act(Act.PREPARE)
@form_of(access_page, "submit", back="access")
def submit(viewer: Viewer, form: QueryDict, now: datetime) -> None:
    submit_cases(
        viewer, grant_given(viewer, form.get("grant", "")), own_cases_of(viewer.organisation, form), purpose=form.get("purpose", ""),
        whole_case="whole_case" in form, now=now)
