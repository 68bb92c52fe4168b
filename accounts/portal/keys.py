"""What an organisation's machines show: API keys, OAuth clients, and the public keys that they sign requests with.

For whoever manages keys in his own organisation; the operator manages its own and nobody else's. A secret is shown once, on the page that
answers.
"""
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.models import ApiKey, Organisation, Person, SigningKey
from accounts.permissions import Act, Kind
from accounts.portal.gate import needs_person, signed_in_person, step_up
from accounts.portal.members import word
from accounts.scopes import SCOPES, Scope, scopes_of
from accounts.selectors import credentials_of, organisation_of, signing_keys_of
from accounts.services import LONGEST_VALIDITY, client_id_of, issue_api_key, issue_client, revoke_api_key
from accounts.signing_keys import register_signing_key, revoke_signing_key
from common.errors import DomainError, OrganisationNotWorking
from common.problems import Forbidden, NotFound
from common.tenancy import tell_viewer

USUAL_DAYS = 365


def organisation_with_keys(person: Person, ref: str) -> Organisation:
    """The organisation of this ref, which the database session is told: whoever asks may work at another of his at the moment.

    Raises NotFound (no role there), Forbidden (a role that does not manage keys), OrganisationNotWorking.
    """
    found = organisation_of(person, ref)
    if found is None:
        raise NotFound
    if Act.MANAGE_KEYS not in found[1]:
        raise Forbidden
    if not found[0].working:
        raise OrganisationNotWorking
    tell_viewer(found[0].pk)
    return found[0]


@require_GET
@needs_person
@step_up(Act.MANAGE_KEYS, back="organisation-keys", keep=("ref",))
def keys(request: HttpRequest, ref: str) -> HttpResponse:
    return keys_page(request, organisation_with_keys(signed_in_person(request), ref))


@require_POST
@needs_person
@step_up(Act.MANAGE_KEYS, back="organisation-keys", keep=("ref",))
def new_key(request: HttpRequest, ref: str) -> HttpResponse:
    """Make a key or a client; its secret is shown once, on the page that answers."""
    person = signed_in_person(request)
    organisation, form = organisation_with_keys(person, ref), request.POST
    issue = issue_client if form.get("way") == "client" else issue_api_key
    try:
        key, secret = issue(
            organisation, label=form.get("label", ""), now=timezone.now(), valid_for=timedelta(days=_days(form.get("days", ""))),
            scopes=[scope for scope in Scope if scope in form.getlist("scopes")], must_sign="must_sign" in form, by=person)
    except DomainError as error:
        return keys_page(request, organisation, error=error, status=error.status, typed=form, chosen=form.getlist("scopes"))
    return keys_page(request, organisation, made=key, secret=secret, client_id=client_id_of(key) if key.application_id else "")


def _days(text: str) -> int:
    """What was typed; 0, which no service takes, for anything that is no small number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


@require_POST
@needs_person
@step_up(Act.MANAGE_KEYS, back="organisation-keys", keep=("ref",))
def revoke_key(request: HttpRequest, ref: str, key_id: int) -> HttpResponse:
    person = signed_in_person(request)
    key = ApiKey.objects.filter(organisation=organisation_with_keys(person, ref), pk=key_id).first()
    if key is None:
        raise NotFound
    revoke_api_key(key, now=timezone.now(), by=person)
    return HttpResponseRedirect(reverse("organisation-keys", args=[ref]))


@require_POST
@needs_person
@step_up(Act.MANAGE_KEYS, back="organisation-keys", keep=("ref",))
def new_signing_key(request: HttpRequest, ref: str) -> HttpResponse:
    person = signed_in_person(request)
    organisation = organisation_with_keys(person, ref)
    try:
        register_signing_key(
            organisation, request.POST.get("public_key", ""), label=request.POST.get("label", ""), by=person, now=timezone.now())
    except DomainError as error:
        # The key is typed anew: what was pasted may have been a private one.
        return keys_page(request, organisation, error=error, status=error.status, key_label=request.POST.get("label", ""))
    return HttpResponseRedirect(reverse("organisation-keys", args=[ref]))


@require_POST
@needs_person
@step_up(Act.MANAGE_KEYS, back="organisation-keys", keep=("ref",))
def revoke_public_key(request: HttpRequest, ref: str, key_id: int) -> HttpResponse:
    person = signed_in_person(request)
    key = SigningKey.objects.filter(organisation=organisation_with_keys(person, ref), pk=key_id).first()
    if key is None:
        raise NotFound
    revoke_signing_key(key, now=timezone.now(), by=person)
    return HttpResponseRedirect(reverse("organisation-keys", args=[ref]))


def keys_page(request: HttpRequest, organisation: Organisation, *, status: int = 200, **more: object) -> HttpResponse:
    scopes, now = scopes_of(Kind(organisation.kind)), timezone.now()
    rows = [(key, [scope for scope in scopes if scope in key.granted], key.usable_at(now)) for key in credentials_of(organisation)]
    return render(request, "accounts/keys.html", {
        "organisation": organisation, "token_url": settings.PUBLIC_URL + settings.TOKEN_PATH,
        "credentials": rows, "signing_keys": signing_keys_of(organisation),
        "scopes": [(scope.value, word(SCOPES[scope].label)) for scope in scopes],
        "usual_days": USUAL_DAYS, "longest_days": LONGEST_VALIDITY.days, **more,
    }, status=status)
