"""From the list of cases to the page of access: the ticked cases, or all of the filter, stand in its forms then.

Nothing is written here, and no list of cases stands in an address. What this does not do: assign, grant or submit; that do the forms of
`cases.portal.access_page`.
"""
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.permissions import Act, Kind
from accounts.portal.workplace import needs_act
from accounts.selectors import REF
from accounts.viewer import Viewer
from cases.conditions import MOST_CASES
from cases.errors import CasesMissing
from cases.models import Case
from cases.portal.access_page import access_page
from cases.selectors import own_cases
from common.problems import BadRequest, NotFound
from evidence.portal.filters import filter_of
from evidence.search import cases_found

TO_ACCESS = frozenset({Act.DISTRIBUTE, Act.GRANT})
"""Whoever may do one of these at a lender has forms on the page of access that take cases."""


def takes_selection(viewer: Viewer) -> bool:
    return viewer.kind == Kind.LENDER and not viewer.acts.isdisjoint(TO_ACCESS)


@require_POST
@needs_act(*TO_ACCESS)
def select_cases(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    """Raises NotFound for others than a lender, CasesMissing (none, or too many), CaseNotFound, BadRequest (no such filter)."""
    if not takes_selection(viewer):
        raise NotFound
    cases = _of_filter(request, viewer) if "whole" in request.POST else own_cases(viewer.organisation, request.POST.getlist("chosen"))
    if not 0 < len(cases) <= MOST_CASES:
        raise CasesMissing(limit=MOST_CASES)
    return access_page(request, viewer, selected=[_name(case) for case in cases])


def _of_filter(request: HttpRequest, viewer: Viewer) -> list[Case]:
    """The viewer's own cases that the filter finds, one more than may be chosen at most."""
    chosen = filter_of(request)
    if not chosen.form.is_valid():
        raise BadRequest
    found = cases_found(viewer, chosen.wanted(), now=timezone.now()).filter(organisation=viewer.organisation)
    return list(found[: MOST_CASES + 1])


def _name(case: Case) -> str:
    """How a case is named in a form, one a line: by the client's own reference, by our id where that would be read otherwise."""
    reference = case.client_reference
    plain = reference == reference.strip() and len(reference.splitlines()) == 1 and not REF.fullmatch(reference.lower())
    return reference if plain else case.ref
