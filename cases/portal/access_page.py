"""委案与授权: who may see which case, on what basis, until when; for the lender, and for the agency that holds cases.

One page and a form for each act. Contracts and grants ask for the second factor within ten minutes; a withdrawal asks for nothing, for
whoever must end access must not be kept waiting.
"""
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.audit.reading import names_of
from accounts.models import Organisation
from accounts.permissions import Act, Kind
from accounts.portal.gate import needs_person, step_up
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.assigning import Contract, agents_of, assign_cases, distribute_cases, end_entrustment, entrust, withdraw_cases
from cases.errors import AgentUnsuitable, BasisMissing
from cases.granting import Opening, approve_grant, grant_access, revoke_grant
from cases.matters import submit_cases
from cases.models import Distribution, Entrustment, Grant
from cases.models.access import RECEIVERS
from cases.portal.access_words import BASES, assignment_state, grant_state, with_states
from cases.portal.answering import form_of
from cases.portal.standing import gates_to_approve
from cases.portal.typed import day, refs_of
from cases.roots import ACCEPTING
from cases.selectors import assignments_for, entrustment_given, entrustments_for, grant_given, grants_for, orders_seen
from common.refused import Refused

Choices = list[tuple[str, str | Promise]]
LISTED = 200


def access_page(request: HttpRequest, viewer: Viewer, /, *, refused: Refused | None = None) -> HttpResponse:
    """The whole page; after a refusal what was typed stands in its form again."""
    now, is_lender = timezone.now(), viewer.kind == Kind.LENDER
    assignments, contracts = list(assignments_for(viewer)[:LISTED]), list(entrustments_for(viewer)[:LISTED])
    holders = dict(Distribution.objects.filter(assignment__in=assignments, until=None).values_list("assignment_id", "agent__display_name"))
    grants = _grants(viewer, now=now)
    context: dict[str, Any] = {
        "viewer": viewer, "refused": refused, "now": now, "lender": is_lender,
        "may_assign": is_lender and viewer.may(Act.DISTRIBUTE),
        "may_distribute": viewer.kind == Kind.COLLECTION_AGENCY and viewer.may(Act.DISTRIBUTE),
        "may_grant": is_lender and viewer.may(Act.GRANT), "may_submit": is_lender and viewer.may(Act.PREPARE),
        "assignments": [{**each, "agent": holders.get(each["row"].pk, "")}
                        for each in with_states(assignments, assignment_state, now=now)],
        "contracts": contracts, "grants": grants, "orders": [] if viewer.kind == Kind.COURT else orders_seen(viewer)[:LISTED],
        **_choices(viewer, contracts, grants),
    }
    return render(request, "cases/access.html", context, status=200 if refused is None else refused.error.status)


def _grants(viewer: Viewer, *, now: datetime) -> list[dict[str, Any]]:
    """The grants with their states, and who gave and approved them: by name where he is the viewer's own organisation's."""
    rows = list(grants_for(viewer)[:LISTED])
    names = names_of(viewer.organisation, (actor for row in rows for actor in (row.granted_by, row.approved_by)))
    return [
        {**each, "basis": BASES[Grant.Basis(each["row"].basis)], "gates": gates_to_approve(viewer, each["row"]),
         "granted_by": names.get(each["row"].granted_by, ""), "approved_by": names.get(each["row"].approved_by, "")}
        for each in with_states(rows, grant_state, now=now)]


def _choices(viewer: Viewer, contracts: list[Entrustment], grants: list[dict[str, Any]]) -> dict[str, Choices]:
    """What the forms offer to choose from."""
    accepting = [kind.value for kind in ACCEPTING]
    agents = [(str(each.pk), f"{each.display_name} · {each.login}") for each in agents_of(viewer)]
    return {
        "bases": [(basis.value, label) for basis, label in BASES.items()],
        "contract_choices": [(row.ref, f"{row.number} · {row.agency.name}") for row in contracts],
        "agent_choices": [("", _("收回，暂不分案")), *agents],
        "agencies": _active([Kind.COLLECTION_AGENCY]), "receivers": _active(list(RECEIVERS)),
        "grant_choices": [
            (each["row"].ref, f"{each['row'].receiver.name} · {each['row'].purpose}")
            for each in grants if each["tone"] == "good" and each["row"].receiver_kind in accepting],
    }


def _active(kinds: list[Kind]) -> Choices:
    # Institutions are found by name: that they take part here is no secret, what they hold is.
    rows = Organisation.objects.filter(kind__in=kinds, status=Organisation.Status.ACTIVE)
    return list(rows.order_by("name", "id").values_list("ref", "name")[:1000])


@require_GET
@needs_act(Act.DISTRIBUTE, Act.GRANT, Act.APPROVE_LARGE_GRANT)
def access(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    return access_page(request, viewer)


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
    assign_cases(viewer, contract, refs_of(form), includes_all="includes_all" in form, now=now)


@require_POST
@needs_act(Act.DISTRIBUTE)
@form_of(access_page, "chosen", back="access")
def withdraw(viewer: Viewer, form: QueryDict, now: datetime) -> None:
    withdraw_cases(viewer, refs_of(form, "assignments"), now=now)


@require_POST
@needs_act(Act.DISTRIBUTE)
@form_of(access_page, "chosen", back="access")
def distribute(viewer: Viewer, form: QueryDict, now: datetime) -> None:
    chosen = form.get("agent", "")
    agent = next((each for each in agents_of(viewer) if str(each.pk) == chosen), None)
    if chosen and agent is None:
        raise AgentUnsuitable(pointer="/agent")
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
        day(form, "starts_at", now=now), day(form, "ends_at", end=True), refs_of(form)), now=now)


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
        viewer, grant_given(viewer, form.get("grant", "")), refs_of(form), purpose=form.get("purpose", ""),
        whole_case="whole_case" in form, now=now)
