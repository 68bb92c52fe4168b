"""`/organisations/{ref}/sign-in`: how an organisation's people are signed in, and by which passkeys of its workstations.

For its own managers of members, never the operator.

Whoever names the provider decides who is whom at this organisation, so that everything here is a sensitive act, as inviting is.
"""
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import IdentityProvider, Organisation
from accounts.networks import address_of
from accounts.permissions import BY_WORKSTATION, Act, Kind, roles_of
from accounts.portal.gate import needs_person, signed_in_person, step_up
from accounts.portal.members import managed
from accounts.sign_in_rules import keeps_agents_out, remove_provider, rules_of, set_provider, set_rules
from accounts.workstation_factors import approve_factor, factors_at, revoke_factor
from common.errors import DomainError
from common.problems import NotFound


def own_organisation(request: HttpRequest, ref: str) -> Organisation:
    """Raises NotFound, Forbidden, OrganisationNotWorking."""
    where = managed(signed_in_person(request), ref)
    if not where.own:
        raise NotFound
    return where.organisation


@require_http_methods(["GET", "POST"])
@needs_person
@step_up(Act.MANAGE_MEMBERS, back="organisation-sign-in", keep=("ref",))
def sign_in_rules(request: HttpRequest, ref: str) -> HttpResponse:
    """Networks and the idle lock."""
    organisation = own_organisation(request, ref)
    if request.method != "POST":
        return settings_page(request, organisation)
    typed = {name: request.POST.get(name, "") for name in ("networks", "idle_minutes")}
    try:
        set_rules(organisation, networks=typed["networks"], idle_minutes=typed["idle_minutes"].strip(), now=timezone.now())
    except DomainError as error:
        return settings_page(request, organisation, typed, error)
    return HttpResponseRedirect(reverse("organisation-sign-in", args=[ref]))


@require_POST
@needs_person
@step_up(Act.MANAGE_MEMBERS, back="organisation-sign-in", keep=("ref",))
def register_provider(request: HttpRequest, ref: str) -> HttpResponse:
    organisation = own_organisation(request, ref)
    typed = {name: request.POST.get(name, "") for name in ("issuer", "client_id")}
    try:
        set_provider(organisation, **typed, secret=request.POST.get("client_secret", ""), now=timezone.now())
    except DomainError as error:
        return settings_page(request, organisation, typed, error)
    return HttpResponseRedirect(reverse("organisation-sign-in", args=[ref]))


@require_POST
@needs_person
@step_up(Act.MANAGE_MEMBERS, back="organisation-sign-in", keep=("ref",))
def forget_provider(request: HttpRequest, ref: str) -> HttpResponse:
    """Raises NotFound where there is none."""
    if not remove_provider(own_organisation(request, ref), now=timezone.now()):
        raise NotFound
    return HttpResponseRedirect(reverse("organisation-sign-in", args=[ref]))


@require_POST
@needs_person
@step_up(Act.MANAGE_MEMBERS, back="organisation-sign-in", keep=("ref",))
def approve_workstation(request: HttpRequest, ref: str, key_id: int) -> HttpResponse:
    """Raises NotFound for what does not wait, is of another's member, or one's own."""
    if not approve_factor(own_organisation(request, ref), key_id, by=signed_in_person(request), now=timezone.now()):
        raise NotFound
    return HttpResponseRedirect(reverse("organisation-sign-in", args=[ref]) + "#workstations")


@require_POST
@needs_person
@step_up(Act.MANAGE_MEMBERS, back="organisation-sign-in", keep=("ref",))
def revoke_workstation(request: HttpRequest, ref: str, key_id: int) -> HttpResponse:
    """Raises NotFound where there is none."""
    if not revoke_factor(own_organisation(request, ref), key_id, now=timezone.now()):
        raise NotFound
    return HttpResponseRedirect(reverse("organisation-sign-in", args=[ref]) + "#workstations")


def settings_page(
    request: HttpRequest, organisation: Organisation, typed: dict[str, str] | None = None, error: DomainError | None = None
) -> HttpResponse:
    """What is typed stands in the fields, else what is in force; a secret is never shown again."""
    rules, provider = rules_of(organisation), IdentityProvider.objects.filter(organisation=organisation).first()
    held = {
        "networks": rules.networks.replace(" ", "\n"), "idle_minutes": str(rules.idle_minutes),
        "issuer": provider.issuer if provider else "", "client_id": provider.client_id if provider else "",
    }
    return render(request, "accounts/sign_in_settings.html", {
        "organisation": organisation, "rules": rules, "provider": provider, "typed": {**held, **(typed or {})}, "error": error,
        "kept_out": keeps_agents_out(organisation), "factors": factors_at(organisation), "now": timezone.now(),
        "own_address": address_of(request), "by_workstation": bool(BY_WORKSTATION.intersection(roles_of(Kind(organisation.kind)))),
        "sign_in_address": settings.PUBLIC_URL + reverse("sign-in-at", args=[organisation.ref]),
        "redirect_address": settings.PUBLIC_URL + reverse("sign-in-at-callback", args=[organisation.ref]),
    }, status=200 if error is None else error.status)
