"""授权案件: a law firm's docket, which is what lenders granted it: from whom, for what purpose, on which basis, until when, which cases.

A law firm accepts nothing in the sense of the procedures (受理), so that its root is the grant, and no act stands here: the lender may end
it at any time. What this does not do: the mandates and demands of a lawyer, which the procedures bring.
Source: issue "People and institutions" 2 and 4; 个人信息保护法（2021年）第二十一条、第二十三条.
"""
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.viewer import Viewer
from cases.models import Grant, GrantedCase
from cases.phases import grants_in
from cases.portal.access_words import BASES, DUTIES, grant_state, with_states
from cases.portal.listing import by_phase, listed
from cases.portal.named_cases import cases_page, first_of_each
from cases.portal.standing import standing_of
from cases.selectors import cases_of_grant, grant_held, grants_held


def mandates_page(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The grants that the viewer's firm holds, by state and by pages."""
    now = timezone.now()
    shown = listed(request, "grants", grants_held(viewer), by_phase(grants_in, now))
    cases = first_of_each(viewer, GrantedCase.objects.all(), "grant", [row.pk for row in shown.rows], now=now)
    grants = [
        {**each, "cases": cases[each["row"].pk], "standing": standing_of(each["row"], now=now),
         "basis": BASES[Grant.Basis(each["row"].basis)], "duties": DUTIES if each["row"].basis == Grant.Basis.ENTRUSTED else ""}
        for each in with_states(shown.rows, grant_state, now=now)]
    return render(request, "cases/mandates.html", {"list": shown, "grants": grants, "now": now})


def mandate_cases(request: HttpRequest, viewer: Viewer, ref: str) -> HttpResponse:
    """All cases of a grant that the viewer's firm holds, by pages. Raises NotFound."""
    grant = grant_held(viewer, ref)
    return cases_page(request, viewer, cases_of_grant(grant), title=grant.purpose, back=(reverse("docket"), _("回到授权案件")))
