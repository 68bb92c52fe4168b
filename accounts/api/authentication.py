"""Who a machine is, and what its credential may do, for DRF views: `Authorization: Bearer` with an API key or an access token.

A wrong, expired or revoked one is an anonymous request: 401 where a key is needed, and the same public answer as without
one elsewhere would hide a client's mistake, so any bad one is refused everywhere. A right one of an organisation that is not let in, or no
longer, gets 403 `organisation-not-active` everywhere. A session cookie is nothing here.
Source: RFC 6750.
"""
from typing import TYPE_CHECKING

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.api.failures import count_failure
from accounts.api.signed_requests import verify_request
from accounts.models import ApiKey, Organisation
from accounts.scopes import TRIAL_SCOPES, Scope, acts_of
from accounts.selectors import credential_for
from accounts.services import note_use
from accounts.viewer import Viewer
from common.errors import OrganisationNotWorking, OrganisationOnTrial, ScopeMissing
from common.tenancy import tell_viewer

if TYPE_CHECKING:  # rest_framework.views reads this module's name from the settings while it is being imported
    from rest_framework.views import APIView


class MachineAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Organisation, ApiKey] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, text = header.partition(" ")
        now = timezone.now()
        key = credential_for(text.strip(), now=now) if scheme.lower() == "bearer" else None
        if key is None:
            count_failure(request._request)
            raise AuthenticationFailed
        if not key.organisation.working:
            # Only whoever holds the right secret learns this.
            raise OrganisationNotWorking
        verify_request(request._request, key, now=now)
        note_use(key, now=now)
        tell_viewer(key.organisation_id)
        return key.organisation, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def credential_of(request: Request) -> ApiKey:
    """The key that an authenticated request came with; `NeedsScope` has seen to it that there is one."""
    assert isinstance(request.auth, ApiKey)
    return request.auth


def viewer_of_key(key: ApiKey) -> Viewer:
    """The machine that shows this key, or a token of this client, as scoped selectors ask for it: its acts are its scopes' acts."""
    return Viewer(key.organisation, acts_of(key.granted), key=key)


def viewer_of_request(request: Request) -> Viewer:
    """`viewer_of_key` of the credential that an authenticated request came with."""
    return viewer_of_key(credential_of(request))


class NeedsScope(BasePermission):
    """For views that say in `scopes` which scope each of their methods needs. Raises ScopeMissing, naming it, and OrganisationOnTrial."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not isinstance(request.auth, ApiKey):
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        scope: Scope | None = getattr(view, "scopes", {}).get(method)
        if scope is None:
            # A method that the view does not have is told so, and no view has OPTIONS; one that it has and that names no scope is nobody's.
            return method == "OPTIONS" or not hasattr(view, method.lower())
        if scope not in request.auth.granted:
            raise ScopeMissing(scope=scope)
        if request.auth.organisation.on_trial and scope not in TRIAL_SCOPES:
            raise OrganisationOnTrial
        return True
