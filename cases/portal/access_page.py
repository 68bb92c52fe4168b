"""委案与授权: who may see which case, on what basis, until when; for the lender, and for the agency that holds cases.

One page and a form for each act. Contracts and grants ask for the second factor within ten minutes; a withdrawal asks for nothing, for
whoever must end access must not be kept waiting.
"""
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Organisation
from accounts.permissions import Act, Kind
from accounts.portal.gate import needs_person, step_up
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.assigning import Contract, agents_of, assign_cases, distribute_cases, end_entrustment, entrust, withdraw_cases
from cases.errors import AgentUnsuitable, OrganisationUnsuitable
from cases.granting import Opening, approve_grant, grant_access, revoke_grant
from cases.matters import submit_cases
from cases.models import Distribution, Grant
from cases.models.access import RECEIVERS
from cases.portal.access_words import BASES, assignment_state, grant_state, with_states
from cases.portal.typed import day, refs_of
from cases.selectors import assignments_for, entrustment_given, entrustments_for, grant_given, grants_for, orders_seen
from common.errors import DomainError

LISTED = 200


def access_page(request: HttpRequest, viewer: Viewer, *, error: DomainError | None = None) -> HttpResponse:
    """The whole page; what was typed stays in the fields when an error is shown."""
    now = timezone.now()
    assignments = list(assignments_for(viewer)[:LISTED])
    holders = dict(Distribution.objects.filter(assignment__in=assignments, until=None).values_list("assignment_id", "agent__display_name"))
    context: dict[str, Any] = {
        "viewer": viewer, "error": error, "typed": request.POST, "now": now, "holders": holders,
        "lender": viewer.kind == Kind.LENDER, "may_assign": viewer.kind == Kind.LENDER and viewer.may(Act.DISTRIBUTE),
        "may_distribute": viewer.kind == Kind.COLLECTION_AGENCY and viewer.may(Act.DISTRIBUTE),
        "may_grant": viewer.kind == Kind.LENDER and viewer.may(Act.GRANT),
        "may_submit": viewer.kind == Kind.LENDER and viewer.may(Act.PREPARE),
        "contracts": entrustments_for(viewer)[:LISTED],
        "assignments": [{**each, "agent": holders.get(each["row"].pk, "")}
                        for each in with_states(assignments, assignment_state, now=now)],
        "grants": [{**each, "basis": BASES[Grant.Basis(each["row"].basis)]}
                   for each in with_states(grants_for(viewer)[:LISTED], grant_state, now=now)],
        "orders": [] if viewer.kind == Kind.COURT else orders_seen(viewer)[:LISTED],
        "bases": [(basis.value, label) for basis, label in BASES.items()], "agents": agents_of(viewer),
        "agencies": _working([Kind.COLLECTION_AGENCY]), "receivers": _working(list(RECEIVERS)),
    }
    return render(request, "cases/access.html", context, status=200 if error is None else error.status)


def _working(kinds: list[Kind]) -> list[Organisation]:
    # Institutions are found by name: that they take part here is no secret, what they hold is.
    rows = Organisation.objects.filter(kind__in=kinds, status__in=[Organisation.Status.TRIAL, Organisation.Status.ACTIVE])
    return list(rows.order_by("name", "id")[:1000])


def done() -> HttpResponse:
    return HttpResponseRedirect(reverse("access"))


@require_GET
@needs_act(Act.DISTRIBUTE, Act.GRANT, Act.APPROVE_LARGE_GRANT)
def access(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    return access_page(request, viewer)


@require_POST
@needs_person
@step_up(Act.GRANT, back="access")
@needs_act(Act.GRANT)
def add_entrustment(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    form, now = request.POST, timezone.now()
    try:
        contract = Contract(
            form.get("agency", ""), form.get("number", ""), form.get("scope", ""), form.get("document", ""),
            day(form, "starts_at", now=now), day(form, "ends_at", end=True))
        entrust(viewer, contract, now=now)
    except DomainError as error:
        return access_page(request, viewer, error=error)
    return done()


@require_POST
@needs_person
@step_up(Act.GRANT, back="access")
@needs_act(Act.GRANT)
def stop_entrustment(_request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    end_entrustment(viewer, entrustment_given(viewer, ref), now=timezone.now())
    return done()


@require_POST
@needs_act(Act.DISTRIBUTE)
def assign(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    contract = entrustment_given(viewer, request.POST.get("entrustment", ""))
    try:
        assign_cases(viewer, contract, refs_of(request.POST), includes_all="includes_all" in request.POST, now=timezone.now())
    except DomainError as error:
        return access_page(request, viewer, error=error)
    return done()


@require_POST
@needs_act(Act.DISTRIBUTE)
def withdraw(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    try:
        withdraw_cases(viewer, refs_of(request.POST, "assignments"), now=timezone.now())
    except DomainError as error:
        return access_page(request, viewer, error=error)
    return done()


@require_POST
@needs_act(Act.DISTRIBUTE)
def distribute(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    chosen = request.POST.get("agent", "")
    agent = next((each for each in agents_of(viewer) if str(each.pk) == chosen), None)
    try:
        if chosen and agent is None:
            raise AgentUnsuitable(pointer="/agent")
        distribute_cases(viewer, refs_of(request.POST, "assignments"), agent, now=timezone.now())
    except DomainError as error:
        return access_page(request, viewer, error=error)
    return done()


@require_POST
@needs_person
@step_up(Act.GRANT, back="access")
@needs_act(Act.GRANT)
def add_grant(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    form, now = request.POST, timezone.now()
    try:
        if form.get("basis") not in Grant.Basis.values:
            raise OrganisationUnsuitable(pointer="/basis")
        opening = Opening(
            form.get("receiver", ""), Grant.Basis(form["basis"]), form.get("document", ""), form.get("purpose", ""),
            day(form, "starts_at", now=now), day(form, "ends_at", end=True), refs_of(form))
        grant_access(viewer, opening, now=now)
    except DomainError as error:
        return access_page(request, viewer, error=error)
    return done()


@require_POST
@needs_person
@step_up(Act.APPROVE_LARGE_GRANT, back="access")
@needs_act(Act.APPROVE_LARGE_GRANT)
def approve(request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    try:
        approve_grant(viewer, grant_given(viewer, ref), now=timezone.now())
    except DomainError as error:
        if error.status == 404:
            raise
        return access_page(request, viewer, error=error)
    return done()


@require_POST
@needs_person
@step_up(Act.GRANT, back="access")
@needs_act(Act.GRANT)
def revoke(_request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    revoke_grant(viewer, grant_given(viewer, ref), now=timezone.now())
    return done()


@require_POST
@needs_act(Act.PREPARE)
def submit(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    form = request.POST
    grant = grant_given(viewer, form.get("grant", ""))
    try:
        submit_cases(
            viewer, grant, refs_of(form), purpose=form.get("purpose", ""), whole_case="whole_case" in form, now=timezone.now())
    except DomainError as error:
        return access_page(request, viewer, error=error)
    return done()
