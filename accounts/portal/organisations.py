"""Organisations, for the operator alone; for anybody else these pages do not exist. Who they are, how to reach them, their status.

What this does not do: show anything of what an organisation deposited, or make one: letting an organisation in takes papers and two people
(`evidence.portal.applications`). The acts of which its administrators are told stand above (`notifications.portal.standing`).
"""
from functools import wraps
from typing import ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.agreeing import agreement_of
from accounts.models import Organisation
from accounts.permissions import KINDS, Act, Kind
from accounts.portal.gate import NEEDS_ACTS, View, needs_person, signed_in_person, step_up
from accounts.portal.members import word
from accounts.reviewing import confirm_review, review_under_way, reviews_due
from accounts.selectors import may_manage_organisations, organisation_for_operator, organisations_for_operator
from accounts.services import describe_organisation, is_checked
from accounts.trial import is_ready, trial_steps
from common.errors import DomainError
from common.problems import NotFound

P = ParamSpec("P")
FIELDS = ("credit_code", "contact_email", "contact_phone")


def for_operator(view: View[P, HttpResponse]) -> View[P, HttpResponse]:
    """The page is there for those who manage organisations; the right is looked up anew for each."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not may_manage_organisations(signed_in_person(request)):
            raise NotFound
        return view(request, *args, **kwargs)

    guarded.__dict__[NEEDS_ACTS] = frozenset({Act.MANAGE_ORGANISATIONS})
    return guarded


def organisation_at(ref: str) -> Organisation:
    """Raises NotFound."""
    organisation = organisation_for_operator(ref)
    if organisation is None:
        raise NotFound
    return organisation


@require_GET
@needs_person
@for_operator
def organisations(request: HttpRequest) -> HttpResponse:
    rows = [(each, word(KINDS[Kind(each.kind)])) for each in organisations_for_operator()]
    return render(request, "accounts/organisations.html", {"rows": rows, "now": timezone.now()})


@require_http_methods(["GET", "POST"])
@needs_person
@for_operator
@step_up(Act.MANAGE_ORGANISATIONS, back="organisation-details", keep=("ref",))
def details(request: HttpRequest, ref: str) -> HttpResponse:
    """统一社会信用代码 and contacts."""
    organisation = organisation_at(ref)
    if request.method != "POST":
        return details_page(request, organisation, {name: getattr(organisation, name) or "" for name in FIELDS})
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    try:
        describe_organisation(organisation, **typed, now=timezone.now())
    except DomainError as error:
        return details_page(request, organisation, typed, error)
    return HttpResponseRedirect(reverse("organisations"))


def details_page(
    request: HttpRequest, organisation: Organisation, typed: dict[str, str], error: DomainError | None = None
) -> HttpResponse:
    context = {
        "organisation": organisation, "typed": typed, "error": error, "steps": trial_steps(organisation), "ready": is_ready(organisation),
        "agreement": agreement_of(organisation), "checked": is_checked(organisation),
    }
    return render(request, "accounts/organisation.html", context, status=200 if error is None else error.status)


@require_GET
@needs_person
@for_operator
def reviews(request: HttpRequest) -> HttpResponse:
    """Organisations whose annual review is due or overdue."""
    now = timezone.now()
    rows = [(each, word(KINDS[Kind(each.kind)]), review_under_way(each)) for each in reviews_due(now=now)]
    return render(request, "accounts/reviews.html", {"rows": rows, "now": now})


@require_POST
@needs_person
@for_operator
@step_up(Act.MANAGE_ORGANISATIONS, back="reviews")
def review_organisation(request: HttpRequest, ref: str) -> HttpResponse:
    """One operator's confirmation. Raises ReviewNotDue, SamePersonTwice."""
    confirm_review(organisation_at(ref), by=signed_in_person(request), now=timezone.now())
    return HttpResponseRedirect(reverse("reviews"))
