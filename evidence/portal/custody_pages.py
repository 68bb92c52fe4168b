"""The trails of one's own organisation's records as a file, for a period: for whoever reads its audit log. That it left stands there.

What this does not do: show a single record's trail, which its case's page and its package do.
"""
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.errors import PeriodMalformed
from accounts.models import Organisation
from accounts.permissions import Act
from accounts.portal.audit import asked_day
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from common.downloads import begun
from common.problems import NotFound
from documents.errors import DocumentTooLarge
from evidence.custody_export import csv_lines, custody_between, json_pieces
from evidence.custody_paper import MOST_ROWS, Period, custody_pdf, custody_zip, volumes_of
from evidence.portal.exports import csv_response
from tlog.times import CHINA

FORMATS = ("csv", "json", "pdf")


def asked_period(asked: QueryDict) -> tuple[datetime | None, datetime | None]:
    """From the day `from` to the day `to`, both in China and both included, as moments. Raises PeriodMalformed."""
    since, until = asked_day(asked, "from"), asked_day(asked, "to")
    if since and until and until < since:
        raise PeriodMalformed
    return since, None if until is None else until + timedelta(days=1)


@require_GET
@needs_act(Act.READ_AUDIT)
def custody(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    return render(request, "evidence/custody.html", _context(viewer, request.GET))


@require_POST
@needs_act(Act.READ_AUDIT)
def export_custody(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Every row of the period in the format asked for. Raises NotFound for a format that there is none of, DocumentsBusy."""
    now, wanted = timezone.now(), request.POST.get("format", "csv")
    if wanted not in FORMATS:
        raise NotFound
    try:
        period = Period(*asked_period(request.POST))
        if wanted != "pdf":
            # Before the rows are begun: SQLite writes beside no open read.
            _note(request.POST, viewer)
            return _rows(wanted, viewer.organisation, period, now=now)
        response = _paper(viewer.organisation, period, now=now)
    except (PeriodMalformed, DocumentTooLarge) as error:
        return render(request, "evidence/custody.html", {**_context(viewer, request.POST), "error": error}, status=error.status)
    # The first volume is made, and none of it has left; making it may have taken seconds.
    _note(request.POST, viewer)
    return response


def _note(asked: QueryDict, viewer: Viewer) -> None:
    days = (("since", asked_day(asked, "from")), ("until", asked_day(asked, "to")))
    told = "+".join(f"{name}:{day:%Y-%m-%d}" for name, day in days if day is not None)
    with transaction.atomic():
        note(Event.CUSTODY_EXPORTED, viewer.organisation, at=timezone.now(), subject=f"organisation:{viewer.organisation.ref}", detail=told)


def _context(viewer: Viewer, asked: QueryDict) -> dict[str, object]:
    return {"organisation": viewer.organisation, "asked": asked, "most": MOST_ROWS}


def _rows(wanted: str, organisation: Organisation, period: Period, *, now: datetime) -> HttpResponseBase:
    rows = custody_between(organisation, period.since, period.until)
    if wanted == "csv":
        return csv_response("custody", csv_lines(rows), now=now)
    pieces = json_pieces(rows, organisation=organisation, made_at=now)
    return begun(pieces, content_type="application/json; charset=utf-8", file_name=f"{_name(now)}.json")


def _paper(organisation: Organisation, period: Period, *, now: datetime) -> HttpResponseBase:
    """One document, or an archive of volumes. Raises DocumentTooLarge, DocumentsBusy."""
    name, volumes = _name(now), volumes_of(organisation, period)
    if len(volumes) > 1:
        archive = custody_zip(organisation, period, volumes, name=name, made_at=now)
        return begun(archive, content_type="application/zip", file_name=f"{name}.zip")
    made = custody_pdf(organisation, period, volumes[0], name=name, made_at=now)
    return HttpResponse(made, content_type="application/pdf", headers={
        "Content-Disposition": f'attachment; filename="{name}.pdf"', "Cache-Control": "no-store"})


def _name(now: datetime) -> str:
    return f"custody-{now.astimezone(CHINA):%Y%m%dT%H%M%S}"
