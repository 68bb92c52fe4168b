"""受理: what was submitted to the institution; accept, and close. 调取令: a court's orders; write down, open, end.

The procedures of each institution take the docket over later; here it is one act to accept and one to close. What this does not do: take
a new order, whose document has to be deposited; the page has the form, and the room above takes it. A law firm's docket is its grants.
"""
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Organisation
from accounts.permissions import Act, Kind
from accounts.portal.gate import needs_person, step_up
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.evidence_kinds import ORDERABLE
from cases.matters import accept_matter, close_matter
from cases.models import OrderedCase, SubmittedCase
from cases.orders import Paper, end_order, open_order
from cases.phases import matters_in, orders_in
from cases.portal.access_words import matter_state, order_state, with_states
from cases.portal.answering import form_of
from cases.portal.listing import by_phase, here, listed
from cases.portal.mandates import mandate_cases, mandates_page
from cases.portal.named_cases import cases_page, first_of_each
from cases.portal.standing import gates_to_accept, gates_to_open, standing_by, standing_in
from cases.portal.typed import day, number, refs_of
from cases.roots import ACCEPTING
from cases.selectors import cases_of_matter, matter_held, matters_for, order_of, orders_for, rows_of_order
from common.problems import NotFound
from common.refused import Refused

OFFERED = 1000


def docket_page(request: HttpRequest, viewer: Viewer, /, *, refused: Refused | None = None) -> HttpResponse:
    """Of those who accept; for any other organisation there is no such page."""
    if viewer.kind not in ACCEPTING:
        raise NotFound
    now = timezone.now()
    shown = listed(request, "matters", matters_for(viewer).filter(institution=viewer.organisation), by_phase(matters_in, now))
    cases = first_of_each(viewer, SubmittedCase.objects.all(), "matter", [row.pk for row in shown.rows], now=now)
    matters = [
        {**each, "cases": cases[each["row"].pk], "standing": standing_in(each["row"], now=now),
         "gates": gates_to_accept(viewer, each["row"], now=now) if each["tone"] == "wait" else []}
        for each in with_states(shown.rows, matter_state, now=now)]
    context = {
        "list": shown, "matters": matters, "may_accept": viewer.may(Act.ACCEPT), "refused": refused, "now": now, "here": here(request)}
    return render(request, "cases/docket.html", context, status=200 if refused is None else refused.error.status)


@require_GET
@needs_act(Act.ACCEPT, Act.PREPARE)
def docket(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    return mandates_page(request, viewer) if viewer.kind == Kind.LAW_FIRM else docket_page(request, viewer)


@require_GET
@needs_act(Act.ACCEPT, Act.PREPARE)
def matter_cases(request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    """All cases of a matter on the docket, or of a grant on a law firm's, by pages. Raises NotFound."""
    if viewer.kind == Kind.LAW_FIRM:
        return mandate_cases(request, viewer, ref)
    matter = matter_held(viewer, ref)
    return cases_page(request, viewer, cases_of_matter(matter), title=matter.purpose, back=(reverse("docket"), _("回到受理")))


@require_POST
@needs_act(Act.ACCEPT)
@form_of(docket_page, "accept-{ref}", back="docket")
def accept(viewer: Viewer, form: QueryDict, now: datetime, ref: str) -> None:
    accept_matter(
        viewer, matter_held(viewer, ref), number=form.get("number", ""), file_days=number(form, "file_days"), now=now)


@require_POST
@needs_act(Act.ACCEPT)
@form_of(docket_page, "close-{ref}", back="docket")
def close(viewer: Viewer, _form: QueryDict, now: datetime, ref: str) -> None:
    close_matter(viewer, matter_held(viewer, ref), now=now)


def orders_page(request: HttpRequest, viewer: Viewer, /, *, refused: Refused | None = None) -> HttpResponse:
    """A court's own; for any other organisation there is no such page."""
    if viewer.kind != Kind.COURT:
        raise NotFound
    now, ticked = timezone.now(), refs_of(request.POST, "kinds")
    shown = listed(request, "orders", orders_for(viewer).prefetch_related("kinds"), by_phase(orders_in, now))
    cases = first_of_each(viewer, OrderedCase.objects.all(), "order", [row.pk for row in shown.rows], now=now)
    orders = [
        {**each, "cases": cases[each["row"].pk], "standing": standing_by(each["row"], now=now),
         "kinds": [ORDERABLE.get(kind.kind, kind.kind) for kind in each["row"].kinds.all()],
         "gates": gates_to_open(viewer, each["row"], now=now)}
        for each in with_states(shown.rows, order_state, now=now)]
    context = {"list": shown, "orders": orders, "may_open": viewer.may(Act.ORDER), "me": viewer.actor, "refused": refused, "now": now,
        "kinds": [(kind, word, kind in ticked) for kind, word in ORDERABLE.items()], "here": here(request),
        "may_prepare": viewer.may(Act.PREPARE), "lenders": [("", _("不按客户案件编号")), *lenders_offered()],
        "key": request.POST.get("key") or secrets.token_hex(16)}
    return render(request, "cases/orders.html", context, status=200 if refused is None else refused.error.status)


def lenders_offered() -> list[tuple[str, str]]:
    """Lenders that an order may name: also one that is suspended, for its cases are there still. That they take part here is no secret."""
    known = [Organisation.Status.ACTIVE, Organisation.Status.SUSPENDED]
    rows = Organisation.objects.filter(kind=Kind.LENDER, status__in=known).order_by("name", "id")
    return list(rows.values_list("ref", "name")[:OFFERED])


@require_GET
@needs_act(Act.ORDER, Act.PREPARE)
def orders(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    return orders_page(request, viewer)


@require_GET
@needs_act(Act.ORDER, Act.PREPARE)
def order_cases(request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    """All cases of an order of the viewer's court, by pages. Raises NotFound."""
    order = order_of(viewer, ref)
    return cases_page(request, viewer, rows_of_order(viewer, order), title=order.number, back=(reverse("orders"), _("回到调取令")))


def paper_of(form: QueryDict, document: str, cases: Sequence[str], *, now: datetime) -> Paper:
    """An order as its form describes it, with the record number of its document and the refs of its cases. Raises PeriodUnsuitable."""
    return Paper(
        form.get("number", ""), document, form.get("scope", ""), day(form, "starts_at", now=now), day(form, "ends_at", end=True),
        cases, refs_of(form, "kinds"))


@require_POST
@needs_person
@step_up(Act.ORDER, back="orders")
@needs_act(Act.ORDER)
@form_of(orders_page, "open-{ref}", back="orders")
def open_one(viewer: Viewer, form: QueryDict, now: datetime, ref: str) -> None:
    open_order(viewer, order_of(viewer, ref), seen=form.get("seen"), now=now)


@require_POST
@needs_person
@step_up(Act.ORDER, back="orders")
@needs_act(Act.ORDER)
@form_of(orders_page, "end-{ref}", back="orders")
def end_one(viewer: Viewer, _form: QueryDict, now: datetime, ref: str) -> None:
    end_order(viewer, order_of(viewer, ref), now=now)
