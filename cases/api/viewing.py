"""Who a key looks and acts as, for the views of cases."""
from rest_framework.request import Request

from accounts.api.authentication import credential_of, viewer_of_key
from accounts.permissions import Act
from accounts.viewer import Viewer
from common.problems import Forbidden


def viewer_of(request: Request) -> Viewer:
    """The machine behind an authenticated request."""
    return viewer_of_key(credential_of(request))


def keeper_of(request: Request) -> Viewer:
    """The machine of a lender, which keeps case files. Raises Forbidden for any other."""
    viewer = viewer_of(request)
    if not viewer.may(Act.KEEP_CASE):
        raise Forbidden
    return viewer
