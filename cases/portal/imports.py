"""Import of cases, and of payments on them, by hand: choose a file, read what is wrong with which row, confirm. Works without a script."""
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.errors import ImportFileRefused
from cases.importing.columns import COLUMNS, PAYMENT_COLUMNS, Column, template_csv
from cases.importing.tables import MAX_BYTES, MAX_ROWS
from cases.imports import check_import, confirm_import
from cases.models import CaseImport
from common.errors import DomainError

LISTED = 200


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
        return import_page(request, sheet)
    try:
        file = request.FILES.get("file")
        if file is None:
            raise ImportFileRefused(reason=_("请选择一个文件。"))
        report = check_import(viewer, file.read(MAX_BYTES + 1), kind=sheet.kind, now=timezone.now())
    except DomainError as error:
        return import_page(request, sheet, error=error, status=error.status)
    shown, more = report.faults[:LISTED], max(0, len(report.faults) - LISTED)
    return import_page(request, sheet, report=report, faults=shown, more=more, status=422 if report.faults else 200)


@require_POST
@never_cache
@needs_act(Act.KEEP_CASE)
def confirm(request: HttpRequest, viewer: Viewer, sheet: Sheet, checked: str) -> HttpResponse:
    """Import the file that was checked, whose digest the report's form carries."""
    sha256 = request.POST.get("sha256", "")
    try:
        # What is no digest is no digest of the checked file.
        digest = sha256 if len(sha256) == 64 and all(letter in "0123456789abcdef" for letter in sha256) else "0" * 64
        done = confirm_import(viewer, checked, digest, kind=sheet.kind, now=timezone.now())
    except DomainError as error:
        return import_page(request, sheet, error=error, status=error.status)
    return import_page(request, sheet, done=done)


@require_GET
@needs_act(Act.KEEP_CASE)
def template(_request: HttpRequest, _viewer: Viewer, sheet: Sheet) -> HttpResponse:
    """A file with the columns and one example."""
    return HttpResponse(template_csv(sheet.columns), content_type="text/csv; charset=utf-8", headers={
        "Content-Disposition": f'attachment; filename="{sheet.file_name}"'})


def import_page(request: HttpRequest, sheet: Sheet, *, status: int = 200, **more: object) -> HttpResponse:
    context = {
        "columns": sheet.columns, "max_mib": MAX_BYTES // 1024**2, "max_rows": MAX_ROWS, "now": timezone.now(),
        "check_route": sheet.route, "confirm_route": f"{sheet.route}-confirm", "template_route": f"{sheet.route}-template", **more}
    return render(request, sheet.page, context, status=status)
