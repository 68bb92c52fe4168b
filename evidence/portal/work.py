"""The work list of people who deposit by hand, and a case's own page for it: the same form, with and without a script.

A row's form is sent by a script, which asks for JSON; without one the case's page sends it and comes back to itself.
"""
import secrets
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Act, Kind
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.errors import CaseNotFound, CaseTakenBack
from cases.models import Case
from cases.selectors import case_to_deposit_in, cases_to_deposit_in
from common.errors import DomainError
from common.failures import DATABASE_FAILURES
from common.idempotency import IdempotentRequest
from common.problems import answer_problem, as_domain_error, problem_response, wants_json
from evidence.capture import DepositItem, Depositor
from evidence.corrections import superseded_among
from evidence.figures import day_begin
from evidence.intake import admit, deposit_upload
from evidence.kinds import KINDS, RULES, kind_word
from evidence.multipart import MultipartForm
from evidence.portal.deposit_form import item_of, retry_of
from evidence.portal.kind_forms import kind_form, kind_forms, self_checks
from evidence.portal.relation_fields import relation_inputs
from evidence.selectors import records_for
from evidence.trail import roles_of
from evidence.worklist import work_list

# The cases among which a phone's page lets choose; any other is reached from its own page.
OFFERED = 1000


def depositor_of(viewer: Viewer) -> Depositor:
    """This person as a depositor; to an agency's depositor a case is named by our ref, for it is the lender's."""
    assert viewer.person is not None
    agent = viewer.kind == Kind.COLLECTION_AGENCY and not viewer.may(Act.DISTRIBUTE)
    return Depositor(viewer.organisation, person_id=viewer.person.pk, only_distributed=agent, role=roles_of(viewer))


def form_context() -> dict[str, object]:
    """What each page with a deposit form needs; the key makes one record of a form, however often it is sent."""
    return {
        "kinds": KINDS.items(), "rules": RULES, "key": secrets.token_hex(16), "self_checks": self_checks(), "relations": relation_inputs()}


@require_GET
@needs_act(Act.DEPOSIT)
def work(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    now = timezone.now()
    after = request.GET.get("after")
    found = work_list(viewer, now=now, after=None if after is None else case_to_deposit_in(viewer, after, now=now))
    return render(request, "evidence/work.html", {
        "list": found, "now": now, "first": after is None, "forms": kind_forms(), **form_context()})


@require_GET
@needs_act(Act.DEPOSIT)
def work_case(request: HttpRequest, viewer: Viewer, /, case_ref: str) -> HttpResponse:
    now = timezone.now()
    return case_page(request, viewer, case_to_deposit_in(viewer, case_ref, now=now), now=now)


@require_GET
@needs_act(Act.DEPOSIT)
def visit(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    """For a phone: the cases to choose among, and the form whose items a script keeps until the network is there."""
    now = timezone.now()
    cases = list(cases_to_deposit_in(viewer, now=now).order_by("-pk")[:OFFERED])
    chosen = request.GET.get("case")
    if chosen is not None and all(case.ref != chosen for case in cases):
        cases = [case_to_deposit_in(viewer, chosen, now=now), *cases]
    return render(request, "evidence/visit.html", {
        "cases": cases, "chosen": chosen, "now": now, "owner": viewer.actor, "form": kind_form("visit"), **form_context()})


def case_page(
    request: HttpRequest, viewer: Viewer, case: Case, *, now: datetime, error: DomainError | None = None, typed: QueryDict | None = None
) -> HttpResponse:
    """The case's form with today's deposits in it; after a refusal with what was typed, but for the file, which no page can keep."""
    today = list(records_for(viewer, now=now).filter(case=case, received_at__gte=day_begin(now)))
    mistaken = superseded_among(today)
    rows = [(row, kind_word(row.kind), row.pk in mistaken) for row in today]
    done, kind = request.GET.get("deposited"), (request.GET if typed is None else typed).get("kind")
    return render(request, "evidence/work_case.html", {
        "case": case, "today": rows, "now": now, "typed": {"kind": kind} if typed is None else typed, "error": error, **form_context(),
        "form": None if kind is None or kind not in KINDS else kind_form(kind, typed_texts(typed)),
        "relations": relation_inputs(typed_texts(typed)),
        "deposited": next((row.record for row, *_ in rows if row.record == done), None),
    }, status=200 if error is None else error.status)


@csrf_exempt  # until its fields have been read: Django would put the whole body, gigabytes of it, into a file to look for the token
@require_POST
@needs_act(Act.DEPOSIT)
def deposit_to_case(request: HttpRequest, viewer: Viewer, /, case_ref: str) -> HttpResponse:
    """One record from a form. Nothing of a file is read before the form's token was checked."""
    try:
        case = case_to_deposit_in(viewer, case_ref, now=timezone.now())
        form = MultipartForm(case.organisation.ref)
        form.read_fields(request)
        arrived = timezone.now()
    except DomainError as error:
        return answer_problem(request, error)
    typed = QueryDict(mutable=True)
    typed.update(form.fields)
    request.POST = typed  # type: ignore[assignment]
    return _deposit(request, viewer, case, form, arrived)


@csrf_protect
def _deposit(request: HttpRequest, viewer: Viewer, case: Case, form: MultipartForm, arrived: datetime) -> HttpResponse:
    depositor = depositor_of(viewer)
    made: list[DepositItem] = []

    def read() -> tuple[DepositItem, IdempotentRequest | None]:
        form.read_files()
        made.append(item_of(case.ref if depositor.entrusted else case.client_reference, form, arrived=arrived))
        return made[0], retry_of(request.path, depositor.actor, form)

    try:
        admit(depositor, retried=True, now=timezone.now())
        [number] = deposit_upload(depositor, form, read).records
    except CaseNotFound:
        # He had it when the form came; no form of this case can be sent again.
        return answer_problem(request, CaseTakenBack())
    except (DomainError, *DATABASE_FAILURES, OSError) as fault:
        error = as_domain_error(fault)
        if wants_json(request):
            return problem_response(error)
        return case_page(request, viewer, case, now=timezone.now(), error=error, typed=request.POST)
    if wants_json(request):
        # The digests are ours: the script compares them with what the browser computed.
        return JsonResponse({"record": number, "sha256": [file.sha256 for file in made[0].files]}, status=201)
    return see_other(f"{reverse('work-case', args=[case.ref])}?deposited={number}")


def typed_texts(typed: QueryDict | None) -> dict[str, str]:
    """What was typed, by field; nothing on a page that is asked for anew."""
    return {} if typed is None else {name: str(typed[name]) for name in typed}


def see_other(address: str) -> HttpResponse:
    """SPEC: RFC 9110 15.4.4: the answer to a form that was accepted is at another address, which may be loaded again."""
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response
