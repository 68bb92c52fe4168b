"""Import of cases, and of payments on them, by hand: choose a file, read what is wrong with which row, confirm, see what came of it.

Works without a script; one only loads the page of a running import again when it stands elsewhere.
"""
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.errors import ImportFileRefused
from cases.importing.columns import COLUMNS, PAYMENT_COLUMNS, Column, template_csv
from cases.importing.tables import MAX_BYTES, MAX_ROWS
from cases.importing_jobs import faults_of
from cases.imports import AT_ONCE_ROWS, check_import, confirm_import, import_of, latest_imports
from cases.models import CaseImport
from common.errors import DomainError

LISTED = 200
# A file is written as one: progress is which of these a job has done, and never a part of the rows.
STEPS = {CaseImport.State.WAITING: 0, CaseImport.State.JUDGING: 1, CaseImport.State.WRITING: 2}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One kind of file: `page` is its template, `route` what the names of its routes begin with."""

    kind: CaseImport.Kind
    page: str
    route: str
    columns: Sequence[Column]
    file_name: str


CASES = Sheet(CaseImport.Kind.CASES, "cases/import.html", "case-import", COLUMNS, "cases-template.csv")
PAYMENTS = Sheet(CaseImport.Kind.PAYMENTS, "cases/import_payments.html", "payment-import", PAYMENT_COLUMNS, "payments-template.csv")


@require_http_methods(["GET", "POST"])
@never_cache
@needs_act(Act.KEEP_CASE)
def import_file(request: HttpRequest, viewer: Viewer, sheet: Sheet) -> HttpResponse:
    """The form; after a file was sent, the report of its check. Nothing of a case is written."""
    if request.method != "POST":
        return import_page(request, viewer, sheet)
    try:
        file = request.FILES.get("file")
        if file is None:
            raise ImportFileRefused(reason=_("请选择一个文件。"))
        report = check_import(viewer, file.read(MAX_BYTES + 1), kind=sheet.kind, now=timezone.now())
    except DomainError as error:
        return import_page(request, viewer, sheet, error=error, status=error.status)
    shown, more = report.faults[:LISTED], max(0, len(report.faults) - LISTED)
    return import_page(request, viewer, sheet, report=report, faults=shown, more=more, status=422 if report.faults else 200)


@require_POST
@never_cache
@needs_act(Act.KEEP_CASE)
def confirm(request: HttpRequest, viewer: Viewer, sheet: Sheet, checked: str) -> HttpResponse:
    """Import the file that was checked, whose digest the report's form carries."""
    sha256 = request.POST.get("sha256", "")
    try:
        # What is no digest is no digest of the checked file.
        digest = sha256 if len(sha256) == 64 and all(letter in "0123456789abcdef" for letter in sha256) else "0" * 64
        confirm_import(viewer, checked, digest, kind=sheet.kind, now=timezone.now())
    except DomainError as error:
        return import_page(request, viewer, sheet, error=error, status=error.status)
    return HttpResponseRedirect(reverse("import-standing", args=[checked]))


@require_GET
@never_cache
@needs_act(Act.KEEP_CASE)
def standing(request: HttpRequest, viewer: Viewer, checked: str) -> HttpResponse:
    """How far an import is, and what came of it, for as long as its row is there. Raises ImportNotFound."""
    found = import_of(viewer, checked)
    faults = faults_of(found, get_language() or "")
    return render(request, "cases/import_standing.html", {
        "found": found, "state": found.state, "steps": STEPS, "done": STEPS.get(found.state), "faults": faults[:LISTED],
        "more": max(0, found.faults - LISTED) if faults else 0, "now": timezone.now(),
        "sheet": PAYMENTS if found.kind == CaseImport.Kind.PAYMENTS else CASES})


@require_GET
@never_cache
@needs_act(Act.KEEP_CASE)
def standing_state(request: HttpRequest, viewer: Viewer, checked: str) -> JsonResponse:
    """Whether the import stands elsewhere than the page that asks has it. Raises ImportNotFound."""
    return JsonResponse({"ready": import_of(viewer, checked).state != request.GET.get("shown")})


@require_GET
@needs_act(Act.KEEP_CASE)
def template(_request: HttpRequest, _viewer: Viewer, sheet: Sheet) -> HttpResponse:
    """A file with the columns and one example."""
    return HttpResponse(template_csv(sheet.columns), content_type="text/csv; charset=utf-8", headers={
        "Content-Disposition": f'attachment; filename="{sheet.file_name}"'})


def import_page(request: HttpRequest, viewer: Viewer, sheet: Sheet, *, status: int = 200, **more: object) -> HttpResponse:
    context = {
        "columns": sheet.columns, "max_mib": MAX_BYTES // 1024**2, "max_rows": MAX_ROWS, "now": timezone.now(),
        "latest": latest_imports(viewer), "at_once": AT_ONCE_ROWS,
        "check_route": sheet.route, "confirm_route": f"{sheet.route}-confirm", "template_route": f"{sheet.route}-template", **more}
    return render(request, sheet.page, context, status=status)
