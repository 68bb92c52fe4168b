"""Which member of an organisation an identity of its provider is. Nobody is made here, and nothing is given: a member was invited before.

On first use the provider's `preferred_username` has to be the login name of somebody who is a member of that very organisation now; from
then on the provider's own id (`sub`) counts, so that a name which the provider gives to somebody else opens nothing.
A provider can therefore say who somebody is at its own organisation, and nowhere else: the session works there alone (`Person.only_at`).
"""
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.errors import LoginMalformed, NotAMember
from accounts.joining import canonical_login
from accounts.models import IdentityProvider, LinkedIdentity, Membership, Organisation, Person
from accounts.oidc.id_token import Identity
from accounts.selectors import REF, person_named


def provider_at(ref: str) -> IdentityProvider | None:
    """The provider of the working organisation under this ref, with the organisation; None for anything else."""
    found = IdentityProvider.objects.filter(organisation__ref=ref).select_related("organisation").first() if REF.fullmatch(ref) else None
    return found if found is not None and found.organisation.working else None


def member_behind(provider: IdentityProvider, identity: Identity, *, now: datetime) -> Person:
    """The active member whom the identity is linked to, or whom it is now; `only_at` is set. Raises NotAMember."""
    organisation = provider.organisation
    linked = LinkedIdentity.objects.filter(
        organisation=organisation, issuer=provider.issuer, subject=identity.subject).select_related("person").first()
    person = linked.person if linked is not None else _named(identity.username)
    if person is None or not person.is_active or not _is_member(person, organisation):
        raise NotAMember
    if linked is None:
        _link(provider, identity, person, now)
    person.only_at = organisation.pk
    return person


def _named(username: str) -> Person | None:
    try:
        return person_named(canonical_login(username))
    except LoginMalformed:
        return None


def _is_member(person: Person, organisation: Organisation) -> bool:
    return Membership.objects.filter(person=person, organisation=organisation, until=None).exists()


def _link(provider: IdentityProvider, identity: Identity, person: Person, now: datetime) -> None:
    try:
        with transaction.atomic():
            LinkedIdentity.objects.create(
                organisation=provider.organisation, issuer=provider.issuer, subject=identity.subject, person=person, linked_at=now)
            note(Event.IDENTITY_LINKED, provider.organisation, at=now, subject=f"person:{person.pk}", actor=f"person:{person.pk}",
                 method="oidc")
    except IntegrityError:
        # He has another identity of this provider, or the same first sign-in came twice.
        raise NotAMember from None
