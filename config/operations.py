"""The operator's home: who waits to be let in, whose review is due, how the service is and what its own audits found.
An auditor sees the last two, and changes nothing.

Figures are those of `/readyz` and `/metrics`, read anew for each page; nothing here is about a record, a case or a person.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.checking import open_applications
from accounts.models import Organisation
from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.reviewing import reviews_due
from accounts.viewer import Viewer
from common.jobs import last_done
from config.health import OK, checks_at
from evidence.copies import waiting_count
from evidence.fact_words import KIND_WORDS
from evidence.fixity import latest_rounds
from evidence.platform_facts import endings_within
from ledger.incidents import RECEIPT_BREACHED, incidents
from ledger.lag import Lag, lag_of
from ledger.measurements import Answers, answers
from ledger.selectors import LogFacts, log_facts
from ledger.tasks import AUDIT_RECEIPTS
from vault.selectors import originals_in_the_clear

SOON_DAYS = 90
PARTS: Mapping[str, str | Promise] = {
    "database": _("数据库"), "storage": _("存储"), "log": _("日志"), "sequencer": _("定序器"), "witnesses": _("见证节点"),
}


@dataclass(frozen=True, slots=True)
class Health:
    """`facts` and `lag` are None before the service was set up; `wrong` says what is not well."""

    facts: LogFacts | None
    lag: Lag | None
    checks: dict[str, str]
    answers: list[Answers]

    @property
    def wrong(self) -> bool:
        return any(word not in (OK, "closed") for word in self.checks.values())


def health_at(now: datetime) -> Health:
    """Also when nothing was set up yet: the page that tells of it must not fail with it."""
    try:
        return Health(log_facts(), lag_of(), checks_at(now), answers())
    except ImproperlyConfigured:
        return Health(None, None, checks_at(now), answers())


@require_GET
@needs_act(Act.MANAGE_ORGANISATIONS, Act.READ_HEALTH)
def operations(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    now = timezone.now()
    found, health = list(incidents()), health_at(now)
    running = [each for each in found if not hasattr(each, "end")]
    context = {
        "viewer": viewer, "now": now, "health": health, "parts": [(PARTS[name], word) for name, word in health.checks.items()],
        "manages": viewer.may(Act.MANAGE_ORGANISATIONS),
        "open_incidents": running, "incidents": found[:20], "audited_at": last_done(AUDIT_RECEIPTS),
        "scrub": latest_rounds(), "uncopied": waiting_count(), "in_the_clear": originals_in_the_clear(),
        "breaches": sum(each.code == RECEIPT_BREACHED for each in running),
    }
    if viewer.may(Act.MANAGE_ORGANISATIONS):
        context |= {
            "waiting": list(open_applications()[:50]), "reviews": list(reviews_due(now=now)[:50]),
            "endings": [(fact, KIND_WORDS[fact.kind], left) for fact, left in endings_within(SOON_DAYS, now=now)],
            "on_trial": list(Organisation.objects.filter(status__in=["checked", "agreed", "trial"]).order_by("id")[:50]),
        }
    return render(request, "config/operations.html", context)
