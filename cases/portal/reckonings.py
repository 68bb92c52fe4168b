"""The reckoning sheet as a page and as a file for a spreadsheet, to the day that its reader asks for.

What this does not do: deposit the sheet; its page has the form, and the room above takes it.
"""
import secrets
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.errors import DayMalformed, ReckoningImpossible
from cases.papers import deposited_paper
from cases.portal.file_page import Word
from cases.portal.opening import opened_file
from cases.portal.terms import terms_view
from cases.portal.words import COMPONENTS, CONVENTIONS, REASONS, ROWS, ground_word, sheet_words
from cases.reckoning.reckoner import Reckoning
from cases.reckoning.rows import Row
from cases.reckoning.sheet import sheet_csv
from cases.reckonings import day_of, day_offered, reckoning_of
from cases.selectors import CaseFile
from common.errors import DomainError
from common.refused import Refused
from tlog.times import CHINA

LONGEST_NUMBER = 60


@dataclass(frozen=True, slots=True)
class RowView:
    """`grounds`: each with whether it is quoted in Chinese."""

    number: int
    kind: Word
    component: Word
    reason: Word
    grounds: tuple[tuple[Word, bool], ...]
    row: Row


def today_in_china() -> date:
    return timezone.now().astimezone(CHINA).date()


@require_GET
@never_cache
@needs_act(Act.READ_CASE)
def reckoning(request: HttpRequest, viewer: Viewer, case: str) -> HttpResponse:
    """With `?on=2026-11-23` to that day, else to today. A day that is none, and a file that cannot be reckoned, are told on the page."""
    file = opened_file(request, viewer, case, now=timezone.now())
    return sheet_page(request, viewer, file, request.GET.get("on", "")[:10])


def sheet_page(request: HttpRequest, viewer: Viewer, file: CaseFile, typed: str, *, error: DomainError | None = None) -> HttpResponse:
    """The sheet of the day that was typed, "" for today; `error`: why it was not deposited."""
    found: Reckoning | None = None
    try:
        found = reckoning_of(file, day_of(typed) if typed else day_offered(file, today_in_china()))
    except DayMalformed:
        error = DayMalformed(pointer="/on")
    except ReckoningImpossible as refusal:
        error = refusal
    told = request.GET.get("deposited", "")[:LONGEST_NUMBER]
    return render(request, "cases/sheet.html", {
        "case": file.case, "sheet": found, "rows": _views(found), "conventions": CONVENTIONS,
        "terms": terms_view(found.loan.agreement) if found else None, "now": timezone.now(),
        "refused": None if error is None else Refused("sheet", error, {"on": typed}), "on": found.at.isoformat() if found else typed,
        "may_deposit": file.own and viewer.may(Act.KEEP_CASE), "key": request.POST.get("key") or secrets.token_hex(16),
        "deposited": paper.number if told and (paper := deposited_paper(viewer.organisation.pk, told)) else None,
    }, status=error.status if error else 200)


@require_GET
@never_cache
@needs_act(Act.READ_CASE)
def reckoning_csv(request: HttpRequest, viewer: Viewer, case: str) -> HttpResponse:
    """The sheet's rows, with the words of the reader's language. Raises CaseNotFound, DayMalformed, ReckoningImpossible."""
    typed = request.GET.get("on", "")
    file = opened_file(request, viewer, case, now=timezone.now())
    found = reckoning_of(file, day_of(typed) if typed else day_offered(file, today_in_china()))
    return HttpResponse(sheet_csv(found, sheet_words()), content_type="text/csv; charset=utf-8", headers={
        "Content-Disposition": f'attachment; filename="reckoning-{case}-{found.at}.csv"'})


def _views(found: Reckoning | None) -> list[RowView]:
    return [
        RowView(
            number, ROWS[row.kind], COMPONENTS[row.component] if row.component else "", REASONS[row.reason] if row.reason else "",
            tuple((word, False) if (word := ground_word(each)) else (each.text, True) for each in row.grounds), row)
        for number, row in enumerate(found.rows if found else (), 1)]
