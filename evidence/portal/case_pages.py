"""Cases: the list that is searched and filtered, and the workspace of one case. A case that is not open to the viewer is not found.

What this does not do: change a case; that do the forms of the workspace (`case_acts`) and the pages to which its parts lead.
"""
from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.audit.events import Event
from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.conditions import MOST_CASES
from cases.consenting import consents_of, grants_without_consent
from cases.models import Case
from cases.portal.access_words import DUTIES, rows_of_case
from cases.portal.fact_forms import choices_of
from cases.portal.file_page import file_page
from cases.portal.opening import opened_file
from cases.portal.words import STAGES
from cases.selectors import cases_for, is_entrusted
from common.problems import NotFound
from common.refused import Refused
from common.request_ids import request_id_of
from evidence.case_evidence import panels_of, records_that_count
from evidence.looking import note_others
from evidence.portal.case_selection import takes_selection
from evidence.portal.exports import case_lines, csv_response, note_export, package_response
from evidence.portal.filters import Filter, filter_of
from evidence.portal.rows import case_rows, page_of, record_rows
from evidence.portal.timeline import timeline_of
from evidence.search import CASE_REF, cases_found
from evidence.selectors import case_records_for, is_whole_case, records_for
from evidence.told import note_cases_exported, note_search
from tlog.times import CHINA


@require_http_methods(["GET", "POST"])
@needs_act(Act.READ_CASE)
def cases(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The list. A POST in which nothing is typed leads to the address that says the same."""
    now, chosen = timezone.now(), filter_of(request)
    if not chosen.form.is_valid():
        return _list(request, viewer, chosen, [], now=now, status=422)
    if request.method == "POST" and not chosen.confidential:
        return HttpResponseRedirect(reverse("cases") + chosen.query)
    after = open_case(viewer, chosen.after, now=now).pk if chosen.after else None
    found, more = page_of(cases_found(viewer, chosen.wanted(), now=now).select_related("organisation"), after)
    note_search(viewer, chosen.wanted(), found, request_id=request_id_of(request), now=now)
    return _list(request, viewer, chosen, found, now=now, cursor=found[-1].ref if more else "")


@require_POST
@needs_act(Act.READ_CASE)
def export_cases(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """All cases of the filter, however many, as CSV."""
    now, chosen = timezone.now(), filter_of(request)
    if not chosen.form.is_valid():
        return _list(request, viewer, chosen, [], now=now, status=422)
    found = cases_found(viewer, chosen.wanted(), now=now)
    note_export(Event.CASES_EXPORTED, viewer, found, chosen.told, now=now)
    noted = note_cases_exported(viewer, found, chosen.wanted(), request_id=request_id_of(request), now=now)
    return csv_response("cases", case_lines(viewer, found, noted, now=now), now=now)


@require_GET
@needs_act(Act.READ_CASE)
def case(request: HttpRequest, viewer: Viewer, ref: str) -> HttpResponse:
    """Raises CaseNotFound."""
    return workspace(request, viewer, ref)


def workspace(request: HttpRequest, viewer: Viewer, ref: str, *, refused: Refused | None = None) -> HttpResponse:
    """The page of a case, after a refusal with what was typed into the form that was refused. Raises CaseNotFound, TrailBusy."""
    now = timezone.now()
    file = opened_file(request, viewer, ref, now=now)
    found = file.case
    keeps = file.own and viewer.may(Act.KEEP_CASE)
    open_to = records_for(viewer, now=now).filter(case=found)
    records, more = page_of(open_to, None)
    counting = records_that_count(viewer, found, now=now)
    # Titles, what is missing of their provenance and what they serve are read from sealed claims: of others' there is a row of it first.
    shown = {record.pk: record for record in (*records, *counting)}
    note_others(viewer, list(shown.values()), request_id=request_id_of(request), now=now)
    return render(request, "evidence/case.html", {
        "case": found, "file": file_page(file, today=now.astimezone(CHINA).date()), "rows": record_rows(records), "more": more,
        "count": open_to.count() if more else len(records), "chain": file.sight.chain,
        "access": rows_of_case(found, now=now) if file.own else None, "timeline": timeline_of(records), "now": now,
        "fetches": viewer.may(Act.FETCH), "refused": refused, "panels": panels_of(viewer, file, counting, now=now),
        "duties": DUTIES if not file.own and is_entrusted(viewer, found, now=now) else "",
        "unconsented": grants_without_consent(found, consents_of(file.facts), now=now) if file.own else (),
        "keeps": choices_of(file) if keeps and found.file_version else None, "may_import": keeps,
        "stages": stages_from(found) if keeps else (),
        "crumbs": [(reverse("cases"), _("案件")), ("", found.client_reference)],
    }, status=200 if refused is None else refused.error.status)


def stages_from(found: Case) -> list[tuple[str, str | Promise]]:
    """The stages to choose from when the case is moved: an empty choice, then every stage but its own."""
    return [("", _("请选择")), *((each.value, word) for each, word in STAGES.items() if each.value != found.stage)]


@require_POST
@needs_act(Act.FETCH)
def case_package(request: HttpRequest, viewer: Viewer, ref: str) -> HttpResponseBase:
    """The package of all records of the case. Raises NotFound, RecordNotFound (there is none), RecordNotPublished."""
    now = timezone.now()
    found = open_case(viewer, ref, now=now)
    records = case_records_for(viewer, found, now=now)
    return package_response(
        viewer, records, scope="case" if is_whole_case(records) else "selection", request_id=request_id_of(request), now=now)


@require_GET
def case_print_style(_request: HttpRequest, ref: str) -> HttpResponse:
    """The running header of a printed workspace; it says what the address says, and nothing of a case. Raises NotFound."""
    if not CASE_REF.fullmatch(ref):
        raise NotFound
    style = f'@page {{ @top-left {{ content: "{ref}"; }} }}\n'
    return HttpResponse(style, content_type="text/css; charset=utf-8", headers={"Cache-Control": "public, max-age=86400"})


def open_case(viewer: Viewer, ref: str, *, now: datetime) -> Case:
    """The case of this reference. Raises NotFound when it is not open to the viewer, or is not there."""
    rows = cases_for(viewer, now=now).select_related("organisation")
    found = rows.filter(ref=ref).first() if CASE_REF.fullmatch(ref) else None
    if found is None:
        raise NotFound
    return found


def _list(
    request: HttpRequest, viewer: Viewer, chosen: Filter, found: Sequence[Case], *, now: datetime, cursor: str = "", status: int = 200
) -> HttpResponse:
    return render(request, "evidence/cases.html", {
        "filter": chosen, "form": chosen.form, "rows": case_rows(viewer, found, now=now), "cursor": cursor, "now": now,
        "keeps": viewer.may(Act.KEEP_CASE), "selects": takes_selection(viewer), "most": MOST_CASES, "crumbs": [("", _("案件"))],
    }, status=status)
