"""The cases that a matter, a grant or an order names, as its institution's pages show them: the client's reference as long as the case is
open to the viewer, our id always. A list shows the first few, a page of its own all of them.
"""
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.selectors import REF
from accounts.viewer import Viewer
from cases.case_refs import CaseRef
from cases.models import GrantedCase, OrderedCase, SubmittedCase
from cases.selectors import open_references
from common.problems import NotFound

FIRST, PAGE = 5, 100
Rows = QuerySet[SubmittedCase] | QuerySet[GrantedCase] | QuerySet[OrderedCase]


@dataclass(frozen=True, slots=True)
class NamedCase:
    """`reference`: the client's own, "" when the case is not open to the viewer now."""

    ref: str
    reference: str


@dataclass(frozen=True, slots=True)
class Named:
    """The first of them, and how many there are in all."""

    first: Sequence[NamedCase]
    count: int


def first_of_each(viewer: Viewer, rows: QuerySet[Any], parent: str, ids: Collection[int], *, now: datetime) -> dict[int, Named]:
    """Of the papers of these ids, by the field `parent` of `rows`: the first cases of each, and their number; four queries."""
    mine = rows.filter(**{f"{parent}__in": ids})
    counts = dict(mine.order_by().values_list(parent).annotate(count=Count("pk")))
    placed = mine.annotate(
        case_ref=CaseRef(), place=Window(RowNumber(), partition_by=[F(f"{parent}_id")], order_by=[F("case_id").asc()]))
    found = list(placed.filter(place__lte=FIRST).order_by("case_id").values_list(f"{parent}_id", "case_id", "case_ref"))
    known = open_references(viewer, {case_id for _, case_id, _ in found}, now=now)
    first: dict[int, list[NamedCase]] = {id_: [] for id_ in ids}
    for id_, case_id, ref in found:
        first[id_].append(NamedCase(ref, known.get(case_id, "")))
    return {id_: Named(first[id_], counts.get(id_, 0)) for id_ in ids}


def page_of_cases(request: HttpRequest, viewer: Viewer, rows: Rows, *, now: datetime) -> tuple[Iterable[NamedCase], str]:
    """One page of the cases of one matter, grant or order, behind the case that the address names; cursor of the next, "" on the last.

    Raises NotFound for a cursor that is none of them.
    """
    after = request.GET.get("after", "")
    wanted: QuerySet[Any] = rows
    if after:
        last = wanted.filter(case_ref=after).values_list("case_id", flat=True).first() if REF.fullmatch(after) else None
        if last is None:
            raise NotFound
        wanted = wanted.filter(case_id__gt=last)
    found = list(wanted.values_list("case_id", "case_ref")[: PAGE + 1])
    known = open_references(viewer, [case_id for case_id, _ in found[:PAGE]], now=now)
    return [NamedCase(ref, known.get(case_id, "")) for case_id, ref in found[:PAGE]], found[PAGE - 1][1] if len(found) > PAGE else ""


def cases_page(request: HttpRequest, viewer: Viewer, rows: Rows, *, title: str, back: tuple[str, str]) -> HttpResponse:
    """The page of all cases of one matter, grant or order. `back`: address, words of the way back. Raises what `page_of_cases` raises."""
    now = timezone.now()
    cases, cursor = page_of_cases(request, viewer, rows, now=now)
    return render(request, "cases/named_cases.html", {
        "title": title, "cases": cases, "cursor": cursor, "count": rows.count(), "now": now, "back": back,
        "filter": {"after": request.GET.get("after", ""), "query": ""},
    })
