"""API keys in `Authorization: Bearer cz_…`, for DRF views.

A wrong, expired or revoked key is an anonymous request: 401 where a key is needed, and the same public answer as without
one elsewhere would hide a client's mistake, so any bad key is refused everywhere. A right key of an organisation that is not let in, or no
longer, gets 403 `organisation-not-active` everywhere. A session cookie is nothing here.
Source: RFC 6750.
"""
from typing import TYPE_CHECKING

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import ApiKey, Organisation
from accounts.selectors import api_key_for
from accounts.services import note_use
from common.errors import OrganisationNotWorking

if TYPE_CHECKING:  # rest_framework.views reads this module's name from the settings while it is being imported
    from rest_framework.views import APIView


class ApiKeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Organisation, ApiKey] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, text = header.partition(" ")
        now = timezone.now()
        key = api_key_for(text.strip(), now=now) if scheme.lower() == "bearer" else None
        if key is None:
            raise AuthenticationFailed
        if not key.organisation.working:
            # Only whoever holds the right secret learns this.
            raise OrganisationNotWorking
        note_use(key, now=now)
        return key.organisation, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def credential_of(request: Request) -> ApiKey:
    """The key that an authenticated request came with; `HasApiKey` has seen to it that there is one."""
    assert isinstance(request.auth, ApiKey)
    return request.auth


class HasApiKey(BasePermission):
    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.auth, ApiKey)
