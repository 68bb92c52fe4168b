"""An organisation's page for those who administer it: how far it was let in, who it is, how it is reached, what was agreed.

What this does not do: change kind, name or code, which two operators checked; members and keys have pages of their own.
"""
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.agreeing import agreement_of
from accounts.models import Organisation
from accounts.permissions import KINDS, Act, Kind, invited_by_operator
from accounts.portal.gate import needs_person, step_up
from accounts.portal.members import word
from accounts.portal.workplace import viewer_of
from accounts.services import change_contacts
from accounts.trial import trial_steps
from common.errors import DomainError
from common.problems import Forbidden

FIELDS = ("contact_email", "contact_phone")


def own_organisation(request: HttpRequest) -> Organisation:
    """The organisation that whoever asks administers and works at now. Raises Forbidden, OrganisationNotWorking."""
    viewer = viewer_of(request)
    if viewer.roles.isdisjoint(invited_by_operator(viewer.kind)):
        raise Forbidden
    return viewer.organisation


@require_http_methods(["GET", "POST"])
@needs_person
@step_up(Act.MANAGE_MEMBERS, back="organisation")
def organisation(request: HttpRequest) -> HttpResponse:
    """POST changes the contacts."""
    found = own_organisation(request)
    if request.method != "POST":
        return organisation_page(request, found, {name: getattr(found, name) for name in FIELDS})
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    try:
        change_contacts(found, **typed, now=timezone.now())
    except DomainError as error:
        return organisation_page(request, found, typed, error)
    return HttpResponseRedirect(reverse("organisation"))


def organisation_page(
    request: HttpRequest, found: Organisation, typed: dict[str, str], error: DomainError | None = None
) -> HttpResponse:
    return render(request, "accounts/own_organisation.html", {
        "organisation": found, "kind": word(KINDS[Kind(found.kind)]), "typed": typed, "error": error, "agreement": agreement_of(found),
        "steps": trial_steps(found), "now": timezone.now(),
    }, status=200 if error is None else error.status)
