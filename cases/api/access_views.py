"""Assignments, grants, matters, orders and readings over HTTP. A foreign id is an unknown one.

Contracts, grants, approvals and the opening of orders are not here: they ask for a second factor and some for a second person.
"""
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import viewer_of_request
from accounts.scopes import Scope
from accounts.selectors import REF
from cases.api import access_answers as answers
from cases.api import access_payloads as payloads
from cases.api import access_schema as schema
from cases.assigning import agents_of, assign_cases, distribute_cases, withdraw_cases
from cases.errors import AgentUnsuitable
from cases.matters import accept_matter, close_matter, submit_cases
from cases.orders import Paper, upload_order
from cases.selectors import (
    accesses_of,
    assignments_for,
    cases_of_order,
    entrustment_given,
    entrustments_for,
    grant_given,
    grants_for,
    matter_held,
    matters_for,
    order_seen,
    orders_seen,
    own_case,
)
from common.bodies import answer, decode_with, read_json
from common.problems import NotFound

PAGE = 50
LONGEST_LIST = 1000


def page_of(request: Request, name: str, rows: QuerySet[Any], facts: Callable[[Any], dict[str, object]]) -> HttpResponse:
    """Fifty rows from the cursor on, which is a row's ref. Raises NotFound for a cursor that is none of them."""
    after = request.query_params.get("cursor")
    if after is not None:
        last = rows.filter(ref=after).first() if REF.fullmatch(after) else None
        if last is None:
            raise NotFound
        rows = rows.filter(id__lt=last.pk)
    page = list(rows[: PAGE + 1])
    cursor = page[PAGE - 1].ref if len(page) > PAGE else None
    return answer({name: [facts(row) for row in page[:PAGE]], "next_cursor": cursor})


class EntrustmentsView(APIView):
    scopes = {"GET": Scope.CASES_READ}

    @extend_schema(**schema.ENTRUSTMENTS)
    def get(self, request: Request) -> HttpResponse:
        return page_of(request, "entrustments", entrustments_for(viewer_of_request(request)), answers.entrustment_facts)


class AssignmentsView(APIView):
    """GET lists what was given or is held; POST assigns a batch of own cases."""

    scopes = {"GET": Scope.CASES_READ, "POST": Scope.CASES_WRITE}

    @extend_schema(**schema.ASSIGNMENTS)
    def get(self, request: Request) -> HttpResponse:
        return page_of(request, "assignments", assignments_for(viewer_of_request(request)), answers.assignment_facts)

    @extend_schema(**schema.ASSIGN)
    def post(self, request: Request) -> HttpResponse:
        viewer, wanted = viewer_of_request(request), decode_with(payloads.NEW_ASSIGNMENTS, read_json(request))
        made = assign_cases(
            viewer, entrustment_given(viewer, wanted.entrustment), wanted.cases, includes_all=wanted.includes_all, now=timezone.now())
        return answer({"assignments": [answers.assignment_facts(row) for row in made]}, status=201)


class WithdrawalsView(APIView):
    scopes = {"POST": Scope.CASES_WRITE}

    @extend_schema(**schema.WITHDRAW)
    def post(self, request: Request) -> HttpResponse:
        wanted = decode_with(payloads.WITHDRAWAL, read_json(request))
        return answer({"changed": withdraw_cases(viewer_of_request(request), wanted.assignments, now=timezone.now())})


class DistributionsView(APIView):
    scopes = {"POST": Scope.CASES_WRITE}

    @extend_schema(**schema.DISTRIBUTE)
    def post(self, request: Request) -> HttpResponse:
        viewer, wanted = viewer_of_request(request), decode_with(payloads.NEW_DISTRIBUTION, read_json(request))
        agent = None if wanted.agent is None else next((each for each in agents_of(viewer) if each.login == wanted.agent), None)
        if wanted.agent is not None and agent is None:
            raise AgentUnsuitable(pointer="/agent")
        return answer({"changed": distribute_cases(viewer, wanted.assignments, agent, now=timezone.now())})


class GrantsView(APIView):
    scopes = {"GET": Scope.CASES_READ}

    @extend_schema(**schema.GRANTS)
    def get(self, request: Request) -> HttpResponse:
        return page_of(request, "grants", grants_for(viewer_of_request(request)), answers.grant_facts)


class MattersView(APIView):
    """GET lists the docket, or what was submitted; POST submits cases under a grant of one's own."""

    scopes = {"GET": Scope.CASES_READ, "POST": Scope.MATTERS_SUBMIT}

    @extend_schema(**schema.MATTERS)
    def get(self, request: Request) -> HttpResponse:
        return page_of(request, "matters", matters_for(viewer_of_request(request)), answers.matter_facts)

    @extend_schema(**schema.SUBMIT)
    def post(self, request: Request) -> HttpResponse:
        viewer, wanted = viewer_of_request(request), decode_with(payloads.NEW_MATTER, read_json(request))
        made = submit_cases(
            viewer, grant_given(viewer, wanted.grant), wanted.cases, purpose=wanted.purpose, whole_case=wanted.whole_case,
            now=timezone.now())
        return answer(answers.matter_facts(made), status=201)


class MatterAcceptanceView(APIView):
    scopes = {"POST": Scope.MATTERS_ACCEPT}

    @extend_schema(**schema.ACCEPT)
    def post(self, request: Request, matter: str) -> HttpResponse:
        viewer, wanted = viewer_of_request(request), decode_with(payloads.ACCEPTANCE, read_json(request))
        accept_matter(viewer, matter_held(viewer, matter), number=wanted.number, file_days=wanted.file_days, now=timezone.now())
        return answer(answers.matter_facts(matter_held(viewer, matter)))


class MatterClosingView(APIView):
    scopes = {"POST": Scope.MATTERS_ACCEPT}

    @extend_schema(**schema.CLOSE)
    def post(self, request: Request, matter: str) -> HttpResponse:
        viewer = viewer_of_request(request)
        close_matter(viewer, matter_held(viewer, matter), now=timezone.now())
        return answer(answers.matter_facts(matter_held(viewer, matter)))


class OrdersView(APIView):
    """GET lists a court's orders, and to a lender those that opened its cases; POST writes down a court's own."""

    scopes = {"GET": Scope.CASES_READ, "POST": Scope.MATTERS_SUBMIT}

    @extend_schema(**schema.ORDERS)
    def get(self, request: Request) -> HttpResponse:
        viewer = viewer_of_request(request)
        return page_of(
            request, "orders", orders_seen(viewer), lambda order: answers.order_facts(order, cases_of_order(viewer, order)))

    @extend_schema(**schema.UPLOAD)
    def post(self, request: Request) -> HttpResponse:
        viewer, wanted = viewer_of_request(request), decode_with(payloads.NEW_ORDER, read_json(request))
        starts_at, ends_at = payloads.moment(wanted.starts_at, "/starts_at"), payloads.moment(wanted.ends_at, "/ends_at")
        paper = Paper(wanted.number, wanted.document, wanted.scope, starts_at, ends_at, wanted.cases, wanted.kinds)
        order = upload_order(viewer, paper, now=timezone.now())
        return answer(answers.order_facts(order, cases_of_order(viewer, order)), status=201)


class OrderView(APIView):
    scopes = {"GET": Scope.CASES_READ}

    @extend_schema(**schema.READ_ORDER)
    def get(self, request: Request, order: str) -> HttpResponse:
        viewer = viewer_of_request(request)
        found = order_seen(viewer, order)
        return answer(answers.order_facts(found, cases_of_order(viewer, found)))


class CaseAccessesView(APIView):
    """Who read the case, for the organisation whose case it is."""

    scopes = {"GET": Scope.CASES_READ}

    @extend_schema(**schema.ACCESSES)
    def get(self, request: Request, case: str) -> HttpResponse:
        found = own_case(viewer_of_request(request), case)
        return answer({"accesses": [answers.access_facts(row) for row in accesses_of(found)[:LONGEST_LIST]]})
