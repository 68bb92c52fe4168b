"""The first page after the sign-in, by what somebody does where he works: today's deposits, what waits and what went wrong; the docket.

What this does not do: the agent's work list, to which it leads; the homes of operators, auditors and administrators (`config.home`).
"""
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import is_valid_path
from django.utils import timezone

from accounts.permissions import Act, Kind, Role
from accounts.viewer import Viewer
from cases.phases import Phase, grants_in, matters_in, undistributed
from cases.portal.standing import SOON_DAYS
from cases.selectors import assignments_held, cases_for, grants_held, grants_to_approve, matters_for
from evidence.figures import standing_of
from evidence.kinds import kind_word
from evidence.portal.rows import case_rows, record_rows
from evidence.quarantine import quarantined_among
from evidence.releasing import releases_to_agree_to
from evidence.selectors import records_for
from notifications.kinds import WEBHOOK_FAILING, WEBHOOK_GONE
from notifications.models import Notice
from notifications.selectors import unread_of

INSTITUTIONS = frozenset({Kind.NOTARY_OFFICE, Kind.LAW_FIRM, Kind.ARBITRATION_BODY, Kind.COURT})
SHOWN, SOON = 10, timedelta(days=SOON_DAYS)
# What broke; everything else that people are told of stands in the inbox only.
EXCEPTIONS = (WEBHOOK_GONE, WEBHOOK_FAILING)


def home_of(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The home of whoever works with cases."""
    if viewer.roles == {Role.COLLECTION_AGENT} and viewer.may(Act.DEPOSIT) and is_valid_path("/work"):
        return HttpResponseRedirect("/work")
    return docket(request, viewer) if viewer.kind in INSTITUTIONS else deposits(request, viewer)


def deposits(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """For those who deposit: today, what waits, exceptions."""
    now = timezone.now()
    standing, records = standing_of(viewer, now=now), records_for(viewer, now=now)
    return render(request, "evidence/home_deposits.html", {
        "quarantined": list(quarantined_among(records).values_list("record", flat=True)[:SHOWN]), "releases": viewer.may(Act.RELEASE),
        "to_agree": releases_to_agree_to(viewer), "to_approve": grants_to_approve(viewer, now=now).count(),
        "to_distribute": to_distribute(viewer, now=now),
        "standing": standing, "kinds": [(kind_word(kind), number) for kind, number in standing.today_by_kind],
        "rows": record_rows(list(records[:SHOWN])), "notices": broken_for(viewer), "now": now,
    })


def to_distribute(viewer: Viewer, *, now: datetime) -> int:
    """How many cases of an agency nobody works on, for whoever distributes them; 0 for others."""
    if viewer.kind != Kind.COLLECTION_AGENCY or not viewer.may(Act.DISTRIBUTE):
        return 0
    return assignments_held(viewer, now=now).filter(undistributed(now)).count()


def broken_for(viewer: Viewer) -> list[Notice]:
    """What broke, as far as it concerns the viewer and he has not read it in his inbox."""
    return list(unread_of(viewer).filter(kind__in=EXCEPTIONS)[:SHOWN])


def docket(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """For the institutions: the cases that are open to them, and how much lies on the docket of whoever may open it."""
    now = timezone.now()
    cases = cases_for(viewer, now=now).select_related("organisation")
    return render(request, "evidence/home_docket.html", {
        "rows": case_rows(viewer, list(cases[:SHOWN]), now=now), "count": cases.count(), "now": now,
        "firm": viewer.kind == Kind.LAW_FIRM,
        "docket": on_docket(viewer, now=now) if viewer.acts & {Act.ACCEPT, Act.PREPARE} else None})


def on_docket(viewer: Viewer, *, now: datetime) -> tuple[int, int]:
    """Of a law firm: grants that run, and those of them that end within a week; of others: matters that wait, and that are in hand."""
    if viewer.kind == Kind.LAW_FIRM:
        running = grants_held(viewer).filter(grants_in(Phase.RUNNING, now))
        return running.count(), running.filter(ends_at__lte=now + SOON).count()
    matters = matters_for(viewer).filter(institution=viewer.organisation)
    return matters.filter(matters_in(Phase.WAITING, now)).count(), matters.filter(matters_in(Phase.RUNNING, now)).count()
