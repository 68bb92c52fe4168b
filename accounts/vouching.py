"""Sessions that an organisation's identity provider vouches for: which one, and whether it still does.

Such a session works at that organisation alone, whatever else the person is elsewhere. The session says so, and every request puts it onto
the person (`Person.only_at`), from which each read of memberships takes it.
"""
from django.http import HttpRequest

from accounts.models import IdentityProvider, Person

VOUCHED = "cunzheng_vouched_by"


def vouch(request: HttpRequest, provider: IdentityProvider) -> None:
    """Mark the session that has just begun."""
    request.session[VOUCHED] = [provider.organisation_id, provider.issuer]


def limit(request: HttpRequest, person: Person) -> None:
    """Let the person be, for this request, what the session lets him be."""
    vouched = request.session.get(VOUCHED)
    if vouched is not None:
        person.only_at = int(vouched[0])


def is_vouched_by(request: HttpRequest, provider: IdentityProvider) -> bool:
    """Whether this very provider began the session."""
    return request.session.get(VOUCHED) == [provider.organisation_id, provider.issuer]


def has_lapsed(request: HttpRequest) -> bool:
    """Whether the organisation no longer names the provider that began this session; never for a session that none began."""
    vouched = request.session.get(VOUCHED)
    return vouched is not None and not IdentityProvider.objects.filter(organisation_id=vouched[0], issuer=vouched[1]).exists()
