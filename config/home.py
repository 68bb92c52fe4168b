"""`/home`: the first page after the sign-in: of operators, auditors, administrators. Of who works on cases it is `evidence.portal.home`.

An operator sees what waits for him, what another operator has to do or confirm, whether the service is well, what ends soon, and who opened
which paper of an application; an auditor what he may read, the newest incidents, and what the service's own checks found; an administrator
how many of his people still lack a second factor, what ends soon, and what happened last in his organisation. Whoever works
nowhere comes to his account. What this does not do: show anything of a case or a record; the full figures are on `/operations`.
"""
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.audit.events import Event
from accounts.audit.reading import entries_of, logs_for, names_in
from accounts.audit.words import event_label
from accounts.checking import open_applications
from accounts.models import AuditEntry, Organisation, Person
from accounts.permissions import Act, Kind
from accounts.portal.audit import who
from accounts.portal.gate import needs_person, signed_in_person
from accounts.portal.members import word
from accounts.portal.workplace import viewer_of
from accounts.replacing import open_replacements
from accounts.reviewing import reviews_due, reviews_under_way
from accounts.selectors import members_of, open_invitations, without_second_factor
from accounts.viewer import Viewer
from common.errors import OrganisationNotWorking
from common.jobs import last_done
from common.problems import Forbidden
from config.operations import SOON_DAYS, health_at
from config.operator_keys import ending_soon
from evidence.copies import waiting_count
from evidence.fact_words import KIND_WORDS
from evidence.fixity import latest_rounds
from evidence.platform_facts import endings_within
from evidence.portal.home import broken_for, home_of
from ledger.incidents import CODES, RECEIPT_BREACHED, incidents
from ledger.tasks import AUDIT_RECEIPTS

SHOWN, SHOWN_OF_LOG = 10, 5


@dataclass(frozen=True, slots=True)
class Pending:
    """What takes two operators and has one: what it is, of whom, since when; `mine`: the one is the reader, who cannot be the other."""

    what: str
    name: str
    address: str
    at: datetime
    mine: bool


@require_GET
@needs_person
def home(request: HttpRequest) -> HttpResponse:
    """The home of the workplace."""
    try:
        viewer = viewer_of(request)
    except (Forbidden, OrganisationNotWorking):
        return HttpResponseRedirect(reverse("account"))
    if viewer.may(Act.MANAGE_ORGANISATIONS):
        return render(request, "config/home_operator.html", operators_home(viewer, signed_in_person(request), now=timezone.now()))
    if viewer.may(Act.READ_HEALTH):
        return render(request, "config/home_auditor.html", auditors_home(viewer, now=timezone.now()))
    if not viewer.may(Act.READ_CASE):
        return render(request, "config/home_administrator.html", administrators_home(viewer, now=timezone.now()))
    return home_of(request, viewer)


def operators_home(viewer: Viewer, person: Person, *, now: datetime) -> dict[str, Any]:
    """What the template shows to this operator."""
    waiting, pending = list(open_applications()), pending_for(person)
    papers = list(entries_of(viewer.organisation, since=None, until=None, event=Event.PAPER_OPENED)[:SHOWN])
    names = names_in(viewer.organisation, papers)
    return {
        "now": now, "waiting": [each for each in waiting if each.first_checker_id is None][:SHOWN],
        "waiting_count": sum(each.first_checker_id is None for each in waiting), "pending": pending,
        "for_me": sum(not each.mine for each in pending), "reviews": list(reviews_due(now=now)[:SHOWN]),
        "on_trial": list(Organisation.objects.filter(status__in=["checked", "agreed", "trial"]).order_by("id")[:SHOWN]),
        "endings": [(fact, KIND_WORDS[fact.kind], left) for fact, left in endings_within(SOON_DAYS, now=now)],
        "keys": ending_soon(now=now), "papers": [(row, who(row.actor, names), reference_of(row)) for row in papers],
        "notices": broken_for(viewer), **alarms(now),
    }


def pending_for(person: Person) -> list[Pending]:
    """Applications, administrators and reviews that one operator has said yes to, the longest waiting first."""
    found = [
        *(Pending("application", each.name, reverse("application", args=[each.reference]), each.created_at,
                  each.first_checker_id == person.pk) for each in open_applications().exclude(first_checker=None)),
        *(Pending("administrator", each.organisation.name, reverse("administrator", args=[each.organisation.ref]), each.proposed_at,
                  each.proposed_by_id == person.pk) for each in open_replacements()),
        *(Pending("review", each.organisation.name, reverse("reviews"), each.first_at, each.first_by_id == person.pk)
          for each in reviews_under_way()),
    ]
    return sorted(found, key=lambda each: each.at)


def reference_of(row: AuditEntry) -> str:
    """Of the application whose paper the row is about."""
    return row.subject.partition(":")[2]


def auditors_home(viewer: Viewer, *, now: datetime) -> dict[str, Any]:
    """What the template shows to an auditor: his own organisation's log and the operator's, and of the service what its checks found."""
    logs = [(each, entries_of(each, since=None, until=None).first(), each.kind == Kind.OPERATOR) for each in logs_for(viewer)]
    return {
        "now": now, "logs": logs, "scrub": latest_rounds()[:1], "uncopied": waiting_count(), "audited_at": last_done(AUDIT_RECEIPTS),
        "notices": broken_for(viewer), **alarms(now),
    }


def administrators_home(viewer: Viewer, *, now: datetime) -> dict[str, Any]:
    """What waits for whoever administers an organisation, and what its audit log says last."""
    own, soon = viewer.organisation, now + timedelta(days=SOON_DAYS)
    invited = open_invitations(own, now=now)
    rows = list(entries_of(own, since=None, until=None)[:SHOWN_OF_LOG])
    names = names_in(own, rows)
    return {
        "now": now, "organisation": own, "members": members_of(own).values("person").distinct().count(), "invited": invited.count(),
        "lacking": without_second_factor(own).values("person").distinct().count(),
        "invitations_end": invited.order_by("expires_at").first(),
        "keys": ending_soon(now=now, organisation=own),
        "review": own.review_due_at if own.review_due_at is not None and own.review_due_at <= soon else None,
        "rows": [(row, word(event_label(row.event)), who(row.actor, names), who(row.subject, names)) for row in rows],
        "notices": broken_for(viewer),
    }


def alarms(now: datetime) -> dict[str, Any]:
    """How the service is at this moment, and its incidents: those that run, then the newest of the others."""
    found, health = list(incidents()), health_at(now)
    running = [each for each in found if not hasattr(each, "end")]
    shown = [*running, *(each for each in found if hasattr(each, "end"))][:SHOWN]
    return {
        "health": health, "running": len(running), "breaches": sum(each.code == RECEIPT_BREACHED for each in running),
        "incidents": [(each, CODES.get(each.code, each.code)) for each in shown],
    }
