"""The page on which the administrator of an organisation that was checked reads the agreement and accepts it.

His organisation does not work yet, so this page, his account and the sign-in are all that he has.
"""
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_http_methods

from accounts.agreeing import LANGUAGES, VERSION, acceptance_bytes, administered, agreement_of, agreement_text
from accounts.models import Organisation
from accounts.permissions import Act
from accounts.portal.gate import needs_person, signed_in_person, step_up
from accounts.portal.organisation import own_organisation
from common.errors import DomainError
from common.problems import NotFound
from evidence.agreements import ACCEPTANCE_NAME, accept_and_deposit


@require_http_methods(["GET", "POST"])
@needs_person
@step_up(Act.MANAGE_MEMBERS, back="agreement")
def agreement(request: HttpRequest) -> HttpResponse:
    """Raises NotFound when the person administers no organisation that has an agreement to accept."""
    person = signed_in_person(request)
    waiting = administered(person)
    if not waiting:
        raise NotFound
    if request.method != "POST":
        return agreement_page(request, waiting[0])
    chosen = next((each for each in waiting if each.ref == request.POST.get("organisation")), None)
    if chosen is None:
        raise NotFound
    try:
        made = accept_and_deposit(chosen, version=request.POST.get("version", ""), by=person, now=timezone.now())
    except DomainError as error:
        return agreement_page(request, chosen, error)
    return HttpResponseRedirect(reverse("organisation" if made.record else "agreement"))


def agreement_page(request: HttpRequest, organisation: Organisation, error: DomainError | None = None) -> HttpResponse:
    language = "en" if get_language() == "en" else LANGUAGES[0]
    return render(request, "evidence/agreement.html", {
        "organisation": organisation, "version": VERSION, "text": agreement_text(VERSION, language).decode(), "error": error,
        "accepted": agreement_of(organisation), "original": agreement_text(VERSION, LANGUAGES[0]).decode() if language == "en" else "",
    }, status=200 if error is None else error.status)


@require_GET
@needs_person
def acceptance(request: HttpRequest) -> HttpResponse:
    """The acceptance statement that was deposited, so that the organisation can verify its record. Raises Forbidden, NotFound."""
    made = agreement_of(own_organisation(request))
    if made is None or not made.record:
        raise NotFound
    response = HttpResponse(acceptance_bytes(made), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{ACCEPTANCE_NAME}"'
    return response
