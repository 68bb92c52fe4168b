"""An organisation's own rules for signing its people in: networks of its workstations, when one locks, its identity provider.

The network of a provider is asked before anything is written; what is written is what answered.
"""
from datetime import datetime

from django.db import transaction

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.errors import IdleMinutesMalformed, NetworksMalformed, ProviderMalformed, ProviderMoved
from accounts.models import IdentityProvider, LinkedIdentity, Organisation, SignInRules
from accounts.networks import parse_networks, spelled
from accounts.oidc.provider import discover, is_issuer
from accounts.oidc.sealing import seal_secret
from accounts.permissions import BY_WORKSTATION, Kind, roles_of

LONGEST_SECRET = 500


def rules_of(organisation: Organisation) -> SignInRules:
    """The rules in force; the defaults, not saved, where nobody has set any."""
    return SignInRules.objects.filter(organisation=organisation).first() or SignInRules(organisation=organisation)


def keeps_agents_out(organisation: Organisation) -> bool:
    """Whether people work by workstation there, and none can, because no network is named."""
    return bool(BY_WORKSTATION.intersection(roles_of(Kind(organisation.kind)))) and not rules_of(organisation).networks


def set_rules(organisation: Organisation, *, networks: str, idle_minutes: str, now: datetime) -> None:
    """They bite with the next request. Raises NetworksMalformed, IdleMinutesMalformed."""
    try:
        parsed = parse_networks(networks)
    except ValueError:
        raise NetworksMalformed from None
    minutes = int(idle_minutes) if idle_minutes.isascii() and idle_minutes.isdecimal() and len(idle_minutes) < 4 else 0
    if not SignInRules.IDLE_FROM <= minutes <= SignInRules.IDLE_TO:
        raise IdleMinutesMalformed
    with transaction.atomic():
        SignInRules.objects.update_or_create(
            organisation=organisation, defaults={"networks": spelled(parsed), "idle_minutes": minutes})
        note(Event.RULES_CHANGED, organisation, at=now, subject=f"organisation:{organisation.ref}")


def set_provider(organisation: Organisation, *, issuer: str, client_id: str, secret: str, now: datetime) -> None:
    """Register the provider, or change what is registered; an empty `secret` keeps the one there is, for the same issuer only.

    Asks the provider for its discovery document, outside any transaction. Raises ProviderMalformed, ProviderUnusable, ProviderMoved.
    """
    issuer, client_id = issuer.strip(), client_id.strip()
    held = IdentityProvider.objects.filter(organisation=organisation).first()
    # The secret that was meant for one provider is never sent to another.
    keeps = not secret and held is not None and held.issuer == issuer
    texts = (client_id, secret)
    printable = all(text.isascii() and text.isprintable() for text in texts)
    if not is_issuer(issuer) or not 1 <= len(client_id) <= 255 or not printable or len(secret) > LONGEST_SECRET or not (secret or keeps):
        raise ProviderMalformed
    discover(issuer)
    with transaction.atomic():
        if held is not None and keeps:
            # The provider may have taken seconds to answer; what is kept must be what was looked at before.
            same = IdentityProvider.objects.filter(pk=held.pk, issuer=issuer, changed_at=held.changed_at)
            if same.update(client_id=client_id, changed_at=now) != 1:
                raise ProviderMoved
        else:
            sealed = seal_secret(secret, organisation.ref, issuer)
            IdentityProvider.objects.update_or_create(organisation=organisation, defaults={
                "issuer": issuer, "client_id": client_id, "changed_at": now, "sealed_secret": sealed})
        note(Event.PROVIDER_SET, organisation, at=now, subject=f"organisation:{organisation.ref}")


def remove_provider(organisation: Organisation, *, now: datetime) -> bool:
    """Whether there was one. Its identities are forgotten, and sessions that it vouched for end with their next page."""
    with transaction.atomic():
        if not IdentityProvider.objects.filter(organisation=organisation).delete()[0]:
            return False
        LinkedIdentity.objects.filter(organisation=organisation).delete()
        note(Event.PROVIDER_REMOVED, organisation, at=now, subject=f"organisation:{organisation.ref}")
    return True
