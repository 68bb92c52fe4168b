"""Who a key looks and acts as, for the views of cases; a file that is opened leaves its trace."""
from datetime import datetime

from rest_framework.request import Request

from accounts.api.authentication import credential_of, viewer_of_key
from accounts.permissions import Act
from accounts.viewer import Viewer
from cases.selectors import CaseFile, case_file_for
from cases.watching import read_case
from common.problems import Forbidden
from common.request_ids import request_id_of


def viewer_of(request: Request) -> Viewer:
    """The machine behind an authenticated request."""
    return viewer_of_key(credential_of(request))


def opened_file(request: Request, case: str, *, now: datetime) -> CaseFile:
    """The case's file as the key may read it, and the row that says so, which comes first. Raises CaseNotFound."""
    viewer = viewer_of(request)
    found = case_file_for(viewer, case, now=now)
    read_case(viewer, found.case, request_id=request_id_of(request), now=now)
    return found


def keeper_of(request: Request) -> Viewer:
    """The machine of a lender, which keeps case files. Raises Forbidden for any other."""
    viewer = viewer_of(request)
    if not viewer.may(Act.KEEP_CASE):
        raise Forbidden
    return viewer
