"""Who a key looks and acts as. A key has no scopes yet: it may do what the people of its organisation's kind may do with content."""
from rest_framework.request import Request

from accounts.api.authentication import credential_of
from accounts.permissions import CONTENT, ROLES, Act, Kind, roles_of
from accounts.viewer import Viewer
from common.problems import Forbidden


def viewer_of(request: Request) -> Viewer:
    """The machine behind an authenticated request."""
    key = credential_of(request)
    roles = roles_of(Kind(key.organisation.kind))
    return Viewer(key.organisation, frozenset().union(*(ROLES[role].acts for role in roles)) & CONTENT, key=key)


def keeper_of(request: Request) -> Viewer:
    """The machine of a lender, which keeps case files. Raises Forbidden for any other."""
    viewer = viewer_of(request)
    if not viewer.may(Act.KEEP_CASE):
        raise Forbidden
    return viewer
