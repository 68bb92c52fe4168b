"""受理: what was submitted to the institution; accept, and close. 调取令: a court's orders; write down, open, end.

The procedures of each institution take the docket over later; here it is one act to accept and one to close.
"""
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Act, Kind
from accounts.portal.gate import needs_person, step_up
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.case_refs import CaseRef
from cases.matters import accept_matter, close_matter
from cases.models import SubmittedCase
from cases.orders import Paper, end_order, open_order, upload_order
from cases.portal.access_words import matter_state, order_state, with_states
from cases.portal.typed import day, number, refs_of
from cases.selectors import cases_of_order, matter_held, matters_for, order_of, orders_for
from common.errors import DomainError
from common.problems import NotFound

LISTED = 200


def docket_page(request: HttpRequest, viewer: Viewer, *, error: DomainError | None = None) -> HttpResponse:
    now = timezone.now()
    rows = list(matters_for(viewer).filter(institution=viewer.organisation)[:LISTED])
    cases: dict[int, list[str]] = {row.pk: [] for row in rows}
    named = SubmittedCase.objects.filter(matter__in=rows).order_by("case_id").annotate(case_ref=CaseRef())
    for matter_id, ref in named.values_list("matter_id", "case_ref"):
        cases[matter_id].append(ref)
    matters = [{**each, "cases": cases[each["row"].pk]}
               for each in with_states(rows, matter_state, now=now)]
    context = {"matters": matters, "may_accept": viewer.may(Act.ACCEPT), "error": error, "typed": request.POST, "now": now}
    return render(request, "cases/docket.html", context, status=200 if error is None else error.status)


@require_GET
@needs_act(Act.ACCEPT, Act.PREPARE)
def docket(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    return docket_page(request, viewer)


@require_POST
@needs_act(Act.ACCEPT)
def accept(request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    matter = matter_held(viewer, ref)
    try:
        accept_matter(
            viewer, matter, number=request.POST.get("number", ""), file_days=number(request.POST, "file_days"), now=timezone.now())
    except DomainError as error:
        return docket_page(request, viewer, error=error)
    return HttpResponseRedirect(reverse("docket"))


@require_POST
@needs_act(Act.ACCEPT)
def close(request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    matter = matter_held(viewer, ref)
    try:
        close_matter(viewer, matter, now=timezone.now())
    except DomainError as error:
        return docket_page(request, viewer, error=error)
    return HttpResponseRedirect(reverse("docket"))


def orders_page(request: HttpRequest, viewer: Viewer, *, error: DomainError | None = None) -> HttpResponse:
    """A court's own; for any other organisation there is no such page."""
    if viewer.kind != Kind.COURT:
        raise NotFound
    now = timezone.now()
    orders = [{**each, "cases": cases_of_order(viewer, each["row"])}
              for each in with_states(orders_for(viewer).prefetch_related("kinds")[:LISTED], order_state, now=now)]
    context = {
        "orders": orders, "may_open": viewer.may(Act.ORDER), "me": viewer.actor, "error": error, "typed": request.POST, "now": now}
    return render(request, "cases/orders.html", context, status=200 if error is None else error.status)


@require_GET
@needs_act(Act.ORDER, Act.PREPARE)
def orders(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    return orders_page(request, viewer)


@require_POST
@needs_act(Act.PREPARE)
def add_order(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    form, now = request.POST, timezone.now()
    try:
        paper = Paper(
            form.get("number", ""), form.get("document", ""), form.get("scope", ""), day(form, "starts_at", now=now),
            day(form, "ends_at", end=True), refs_of(form), refs_of(form, "kinds"))
        upload_order(viewer, paper, now=now)
    except DomainError as error:
        return orders_page(request, viewer, error=error)
    return HttpResponseRedirect(reverse("orders"))


@require_POST
@needs_person
@step_up(Act.ORDER, back="orders")
@needs_act(Act.ORDER)
def open_one(request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    order = order_of(viewer, ref)
    try:
        open_order(viewer, order, now=timezone.now())
    except DomainError as error:
        return orders_page(request, viewer, error=error)
    return HttpResponseRedirect(reverse("orders"))


@require_POST
@needs_person
@step_up(Act.ORDER, back="orders")
@needs_act(Act.ORDER)
def end_one(_request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    end_order(viewer, order_of(viewer, ref), now=timezone.now())
    return HttpResponseRedirect(reverse("orders"))
