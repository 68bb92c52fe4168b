"""密钥: the operator's page of keys: those that the service signs with, and every organisation's credentials, of which it may revoke one.

A tenant makes and sees its own (`accounts.portal.keys`); the operator sees of each who holds it, what it is for and until when, never a
secret, and nothing of what it was used for.
Source: issue "People and institutions" 1: the operator handles organisations, keys and health, never content.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Count, Max, Min, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.models import ApiKey, Organisation, SigningKey
from accounts.permissions import KINDS, Act, Kind
from accounts.portal.gate import needs_person, signed_in_person, step_up
from accounts.portal.members import word
from accounts.portal.workplace import viewer_of
from accounts.selectors import credentials_of, organisation_for_operator, signing_keys_of
from common.problems import NotFound
from ledger.policies import policy_in_force
from ledger.portal.keys import Key, keys_of
from notifications.key_revocation import revoke_and_tell

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Held:
    """What an organisation's credentials amount to: how many are good, when the first of them ends, when one was used last."""

    organisation: Organisation
    kind: str
    good: int
    first_end: datetime | None
    last_used: datetime | None


def for_keys(request: HttpRequest) -> None:
    """Raises NotFound for whoever does not manage keys at the operator."""
    viewer = viewer_of(request)
    if viewer.kind != Kind.OPERATOR or not viewer.may(Act.MANAGE_KEYS):
        raise NotFound


def service_keys() -> tuple[Key, ...]:
    """() before the service was set up."""
    try:
        return keys_of(policy_in_force())
    except ImproperlyConfigured:
        return ()


def held_by_each(*, now: datetime) -> list[Held]:
    """Of every organisation that has or had a credential, by name."""
    good = Q(api_keys__revoked_at=None, api_keys__expires_at__gt=now)
    rows = Organisation.objects.filter(api_keys__isnull=False).annotate(
        good=Count("api_keys", filter=good), first_end=Min("api_keys__expires_at", filter=good), last_used=Max("api_keys__last_used_at"))
    return [
        Held(each, word(KINDS[Kind(each.kind)]), vars(each)["good"], vars(each)["first_end"], vars(each)["last_used"])
        for each in rows.order_by("name", "id")]


def ending_soon(*, now: datetime, organisation: Organisation | None = None) -> Sequence[ApiKey]:
    """Good credentials that end within thirty days, the soonest first: of this organisation, or of all for None."""
    rows = ApiKey.objects.filter(revoked_at=None, expires_at__gt=now, expires_at__lte=now + SOON)
    if organisation is not None:
        rows = rows.filter(organisation=organisation)
    return list(rows.select_related("organisation").order_by("expires_at", "id"))


@require_GET
@needs_person
@step_up(Act.MANAGE_KEYS, back="operator-keys")
def keys(request: HttpRequest) -> HttpResponse:
    """All organisations; with `?of=` the credentials of one. Raises NotFound."""
    for_keys(request)
    now, ref = timezone.now(), request.GET.get("of", "")
    chosen = organisation_for_operator(ref) if ref else None
    if ref and chosen is None:
        raise NotFound
    return render(request, "config/operator_keys.html", {
        "now": now, "service": service_keys(), "held": held_by_each(now=now), "ending": ending_soon(now=now), "chosen": chosen,
        "credentials": [] if chosen is None else [(key, key.usable_at(now)) for key in credentials_of(chosen)],
        "signing": [] if chosen is None else list(signing_keys_of(chosen)),
    })


@require_POST
@needs_person
@step_up(Act.MANAGE_KEYS, back="operator-keys")
def revoke_credential(request: HttpRequest, key_id: int) -> HttpResponse:
    """Raises NotFound."""
    for_keys(request)
    return _revoked(request, ApiKey.objects.filter(pk=key_id).select_related("organisation").first())


@require_POST
@needs_person
@step_up(Act.MANAGE_KEYS, back="operator-keys")
def revoke_signing(request: HttpRequest, key_id: int) -> HttpResponse:
    """Raises NotFound."""
    for_keys(request)
    return _revoked(request, SigningKey.objects.filter(pk=key_id).select_related("organisation").first())


def _revoked(request: HttpRequest, key: ApiKey | SigningKey | None) -> HttpResponse:
    if key is None:
        raise NotFound
    revoke_and_tell(key, by=signed_in_person(request), now=timezone.now())
    return HttpResponseRedirect(f"{reverse('operator-keys')}?of={key.organisation.ref}")
