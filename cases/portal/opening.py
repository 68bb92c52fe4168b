"""Opening a case's file for a page: the row that says who read it comes first."""
from datetime import datetime

from django.http import HttpRequest

from accounts.viewer import Viewer
from cases.selectors import CaseFile, case_file_for
from cases.watching import read_case
from common.request_ids import request_id_of


def opened_file(request: HttpRequest, viewer: Viewer, ref: str, *, now: datetime) -> CaseFile:
    """The case's file as the viewer may read it. Raises CaseNotFound."""
    found = case_file_for(viewer, ref, now=now)
    read_case(viewer, found.case, request_id=request_id_of(request), now=now)
    return found
