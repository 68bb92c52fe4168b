"""The operator's acts on an organisation of which its administrators are told: activate, suspend, let in again.

The pages with their buttons are `accounts.portal.organisations`.
"""
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.permissions import Act
from accounts.portal.gate import needs_person, step_up
from accounts.portal.organisations import for_operator, organisation_at
from accounts.services import CHANGES
from common.problems import NotFound
from notifications.standing import activate_and_tell, change_status_and_tell


@require_POST
@needs_person
@for_operator
@step_up(Act.MANAGE_ORGANISATIONS, back="organisations")
def set_status(request: HttpRequest, ref: str) -> HttpResponse:
    organisation, status = organisation_at(ref), request.POST.get("status", "")
    if status not in CHANGES:
        raise NotFound
    change_status_and_tell(organisation, to=status, now=timezone.now())
    return HttpResponseRedirect(reverse("organisations"))


@require_POST
@needs_person
@for_operator
@step_up(Act.MANAGE_ORGANISATIONS, back="organisation-details", keep=("ref",))
def activate_organisation(_request: HttpRequest, /, ref: str) -> HttpResponse:
    """From trial to active. Raises ActivationIncomplete."""
    activate_and_tell(organisation_at(ref), now=timezone.now())
    return HttpResponseRedirect(reverse("organisation-details", args=[ref]))
