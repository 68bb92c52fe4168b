"""更换管理员 for operators: propose who is to administer an organisation, and confirm or take back what another one proposed.

At the operator itself: a further operator, or one's sign-in. For anybody else these pages do not exist. They stand in this room because
the organisation is told in the same transaction.
"""
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Organisation, Replacement
from accounts.permissions import KINDS, Act, Kind
from accounts.portal.gate import needs_person, signed_in_person, step_up
from accounts.portal.members import word
from accounts.portal.organisations import for_operator, organisation_at
from accounts.replacing import Proposal, administrators_of, is_replaceable, replacements_of
from accounts.replacing import withdraw as take_back
from common.errors import DomainError
from common.problems import NotFound
from evidence.replacing import confirm_and_tell, propose_and_tell

FIELDS = ("login", "display_name", "reason", "replaces")
LONGEST_FIELD = 1000


@require_http_methods(["GET", "POST"])
@needs_person
@for_operator
@step_up(Act.MANAGE_ORGANISATIONS, back="administrator", keep=("ref",))
def administrator(request: HttpRequest, ref: str) -> HttpResponse:
    """The open proposal, those before it, and the form of a new one; POST proposes."""
    organisation = _at(ref)
    if request.method != "POST":
        return administrator_page(request, organisation)
    typed = {name: request.POST.get(name, "")[:LONGEST_FIELD] for name in FIELDS}
    try:
        proposal = Proposal(**typed, resets=request.POST.get("resets") == "yes")
        propose_and_tell(organisation, proposal, by=signed_in_person(request), now=timezone.now())
    except DomainError as error:
        typed["resets"] = request.POST.get("resets", "")[:3]
        return administrator_page(request, organisation, error=error, typed=typed)
    return HttpResponseRedirect(reverse("administrator", args=[ref]))


@require_POST
@needs_person
@for_operator
@step_up(Act.MANAGE_ORGANISATIONS, back="administrator", keep=("ref",))
def confirm(request: HttpRequest, /, ref: str, replacement_id: int) -> HttpResponse:
    """The new administrator's link; it is shown once, on the page that answers."""
    organisation = _at(ref)
    try:
        token = confirm_and_tell(_of(organisation, replacement_id), by=signed_in_person(request), now=timezone.now())
    except DomainError as error:
        return administrator_page(request, organisation, error=error)
    return administrator_page(request, organisation, link=settings.PUBLIC_URL + reverse("invitation", args=[token]))


@require_POST
@needs_person
@for_operator
@step_up(Act.MANAGE_ORGANISATIONS, back="administrator", keep=("ref",))
def withdraw(request: HttpRequest, /, ref: str, replacement_id: int) -> HttpResponse:
    organisation = _at(ref)
    try:
        take_back(_of(organisation, replacement_id), by=signed_in_person(request), now=timezone.now())
    except DomainError as error:
        return administrator_page(request, organisation, error=error)
    return HttpResponseRedirect(reverse("administrator", args=[ref]))


def _at(ref: str) -> Organisation:
    """Raises NotFound, also for one whose administrators are not replaced this way."""
    organisation = organisation_at(ref)
    if not is_replaceable(organisation):
        raise NotFound
    return organisation


def _of(organisation: Organisation, replacement_id: int) -> Replacement:
    """Raises NotFound."""
    found = Replacement.objects.filter(pk=replacement_id, organisation=organisation).select_related("organisation").first()
    if found is None:
        raise NotFound
    return found


def administrator_page(
    request: HttpRequest, organisation: Organisation, *, error: DomainError | None = None, typed: dict[str, str] | None = None,
    link: str = "",
) -> HttpResponse:
    rows = list(replacements_of(organisation))
    waiting = next((each for each in rows if each.confirmed_at is None and each.withdrawn_at is None), None)
    return render(request, "evidence/administrator.html", {
        "organisation": organisation, "kind": word(KINDS[Kind(organisation.kind)]), "administrators": administrators_of(organisation),
        "waiting": waiting, "mine": waiting is not None and waiting.proposed_by_id == signed_in_person(request).pk,
        "decided": [each for each in rows if each is not waiting], "typed": typed or {}, "error": error, "link": link,
        "operators": organisation.kind == Kind.OPERATOR,
    }, status=200 if error is None else error.status)
