"""Records across cases: the table with its filters, and what is done with a selection. A record that is not open is not found."""
from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.audit.events import Event
from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from common.request_ids import request_id_of
from evidence.errors import NothingSelected, TooManyRecords
from evidence.models import Evidence
from evidence.packages.fetching import MAX_SELECTION
from evidence.portal.batch_pages import READERS
from evidence.portal.exports import csv_response, note_export, package_response, record_lines
from evidence.portal.filters import Filter, filter_of
from evidence.portal.rows import page_of, record_rows
from evidence.search import Wanted, records_found
from evidence.selectors import record_for, records_for, selection_for
from evidence.told import note_records_exported, note_search


@require_http_methods(["GET", "POST"])
@needs_act(Act.READ_CASE)
def evidence(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The table. A POST in which nothing is typed leads to the address that says the same."""
    now, chosen = timezone.now(), filter_of(request)
    if not chosen.form.is_valid():
        return _table(request, viewer, chosen, [], now=now, status=422)
    if request.method == "POST" and not chosen.confidential:
        return HttpResponseRedirect(reverse("evidence") + chosen.query)
    after = record_for(viewer, chosen.after, now=now).pk if chosen.after else None
    wanted = chosen.wanted()
    found, more = page_of(records_found(viewer, wanted, now=now), after)
    cases = {record.case_id: record.case for record in found}
    note_search(viewer, wanted, list(cases.values()), request_id=request_id_of(request), now=now)
    return _table(request, viewer, chosen, found, now=now, cursor=found[-1].record if more else "")


@require_POST
@needs_act(Act.READ_CASE)
def export_records(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """All records of the filter, however many, as CSV; from the table's own form, those that are ticked."""
    now, chosen = timezone.now(), filter_of(request)
    if "selection" in request.POST:
        rows, told = records_for(viewer, now=now).filter(pk__in=[row.pk for row in selected(request, viewer, now=now)]), "selection"
        wanted = Wanted()
    elif chosen.form.is_valid():
        wanted, told = chosen.wanted(), chosen.told
        rows = records_found(viewer, wanted, now=now)
    else:
        return _table(request, viewer, chosen, [], now=now, status=422)
    note_export(Event.RECORDS_EXPORTED, viewer, rows, told, now=now)
    noted = note_records_exported(viewer, rows, wanted, request_id=request_id_of(request), now=now)
    return csv_response("records", record_lines(viewer, rows, noted), now=now)


@require_POST
@needs_act(Act.FETCH)
def selection_package(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The package of the selected records. Raises NothingSelected, TooManyRecords, RecordNotFound, RecordNotPublished."""
    now = timezone.now()
    records = selected(request, viewer, now=now)
    return package_response(
        viewer, records, scope="record" if len(records) == 1 else "selection", request_id=request_id_of(request), now=now)


def selected(request: HttpRequest, viewer: Viewer, *, now: datetime) -> list[Evidence]:
    """The records ticked in a table, by case and place in it. Raises NothingSelected, TooManyRecords, RecordNotFound (one is not open)."""
    numbers = request.POST.getlist("record")
    if not numbers:
        raise NothingSelected
    if len(set(numbers)) > MAX_SELECTION:
        raise TooManyRecords(limit=MAX_SELECTION)
    return selection_for(viewer, numbers, now=now)


def _table(
    request: HttpRequest, viewer: Viewer, chosen: Filter, found: Sequence[Evidence], *, now: datetime, cursor: str = "", status: int = 200
) -> HttpResponse:
    return render(request, "evidence/evidence.html", {
        "filter": chosen, "form": chosen.form, "rows": record_rows(found), "cursor": cursor, "now": now, "fetches": viewer.may(Act.FETCH),
        "sees_batches": not viewer.acts.isdisjoint(READERS),
        "crumbs": [("", _("存证记录"))],
    }, status=status)
