"""解除隔离 for whoever may: the quarantines of his own organisation, and for each record what was proposed and the forms to act on it.

The state of a quarantine stands on the record's page, for everybody to whom the record is open. What this does not do: decide
(`evidence.releasing`), or read an original.
"""
from collections.abc import Mapping
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import Act
from accounts.portal.gate import needs_person, step_up
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from common.errors import DomainError
from evidence.errors import RecordNotFound, ReleaseUnsuitable
from evidence.models import Evidence
from evidence.portal.work import see_other
from evidence.quarantine import LONGEST_REASON
from evidence.quarantine_rows import Quarantine
from evidence.releasing import (
    approve_release,
    is_alone,
    may_release,
    propose_release,
    quarantine_of,
    quarantines_of,
    waiting_for,
    withdraw_release,
)
from evidence.selectors import record_for

CAUSES: Mapping[str, str | Promise] = {
    Quarantine.Cause.FIXITY: _("原件与存证时不符"), Quarantine.Cause.MALWARE: _("检出恶意程序"),
}


@require_GET
@needs_act(Act.RELEASE)
def quarantines(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    found = quarantines_of(viewer)
    waiting = waiting_for(found)
    rows = [(row, CAUSES[row.cause], waiting.get(row.pk)) for row in found]
    return render(request, "evidence/quarantines.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@needs_person
@step_up(Act.RELEASE, back="record-release", keep=("number",))
@needs_act(Act.RELEASE)
def release_record(request: HttpRequest, viewer: Viewer, /, number: str) -> HttpResponse:
    """The page, and what its forms ask for. Raises RecordNotFound, also for another's record, RecordNumberMalformed."""
    now = timezone.now()
    record = record_for(viewer, number, now=now)
    if not may_release(viewer, record):
        raise RecordNotFound
    if request.method == "GET":
        return _page(request, viewer, record)
    try:
        _act(request, viewer, record, now)
    except DomainError as error:
        return _page(request, viewer, record, error=error)
    return see_other(reverse("record-release", args=[record.record]))


def _act(request: HttpRequest, viewer: Viewer, record: Evidence, now: datetime) -> None:
    form = request.POST
    if form.get("act") == "propose":
        propose_release(viewer, record, reason=form.get("reason", ""), now=now)
        return
    found = quarantine_of(record)
    waiting = None if found is None else waiting_for([found]).get(found.pk)
    # What a page offered stands in its form: whoever agrees agrees to the reason that he read, and to none that took its place.
    if waiting is None or form.get("release") != str(waiting.pk) or form.get("act") not in ("approve", "withdraw"):
        raise ReleaseUnsuitable
    act = approve_release if form["act"] == "approve" else withdraw_release
    act(viewer, record, waiting, now=now)


def _page(request: HttpRequest, viewer: Viewer, record: Evidence, *, error: DomainError | None = None) -> HttpResponse:
    found = quarantine_of(record)
    waiting = None if found is None else waiting_for([found]).get(found.pk)
    return render(request, "evidence/release.html", {
        "record": record, "quarantine": found, "cause": None if found is None else CAUSES[found.cause], "waiting": waiting,
        "mine": waiting is not None and waiting.proposed_by == viewer.person, "error": error, "longest": LONGEST_REASON,
        "typed": request.POST.get("reason", ""), "alone": is_alone(viewer),
    }, status=200 if error is None else error.status)
