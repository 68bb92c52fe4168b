"""Incidents (异常事件): what must not happen and did. Each is a public row, an alert, and an `incident` entry in the log.

One incident of a code and subject is open at a time; saying it again changes nothing, so whoever notices may say it as often as it
looks. An end is a row of its own. The codes are a closed list; `CODES` has the sentence for each.

What this does not do: mend anything, or judge whether an incident is over; whoever noticed it does.

Source: threats of this project, 1.1 and section 3; formats A2 (entry kind `incident`), A3 (breach of a receipt).
"""
import logging
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.jobs import enqueue_job
from ledger.errors import LogClosed, LogFrozen
from ledger.models import Incident, IncidentEnd, OwnStatement
from ledger.own_statements import write_own_statement
from tlog.times import format_time

logger = logging.getLogger(__name__)

MAIL_INCIDENT = "ledger.mail-incident"
RECEIPT_BREACHED, WITNESS_AHEAD, FORK, TIMES_DISAGREE, CLOCK_SKEWED, STATEMENT_LOST, SELF_CHECK_FAILED, RENEWAL_OVERDUE = (
    "receipt-breached", "witness-ahead", "fork", "timestamps-disagree", "clock-skewed", "statement-lost", "self-check-failed",
    "renewal-overdue")
ORIGINAL_CHANGED = "original-changed"

CODES: Mapping[str, str | Promise] = {
    RECEIPT_BREACHED: _("回执承诺的期限已过，条目仍未发布。"),
    WITNESS_AHEAD: _("见证节点已联署本日志所不知道的更大的检查点。"),
    FORK: _("同一日志密钥签署了互相矛盾的历史。"),
    TIMES_DISAGREE: _("不同时间戳机构对同一检查点给出的时间相差过大。"),
    CLOCK_SKEWED: _("本服务的时钟与时间戳机构的时间相差过大。"),
    STATEMENT_LOST: _("日志中的条目，其声明已遗失。"),
    SELF_CHECK_FAILED: _("本服务从外部核验自己的日志，结果不符。"),
    RENEWAL_OVERDUE: _("检查点的时间戳即将失效，仍未能续期。"),
    ORIGINAL_CHANGED: _("保管库中的一份原件与存证时不符，已隔离。"),
}


def open_incident(code: str, subject: str, facts: Mapping[str, str | int], *, now: datetime) -> Incident | None:
    """Record an incident, alert, and put it in the log; None when it is open already. No transaction need be open.

    `code` is one of `CODES`; `subject` and `facts` hold nothing personal, and become public.
    """
    assert code in CODES, code
    now = _to_the_millisecond(now)
    try:
        with transaction.atomic():
            last = Incident.objects.filter(code=code, subject=subject).order_by("-episode").first()
            if last is not None and not IncidentEnd.objects.filter(incident=last).exists():
                return None
            episode = last.episode + 1 if last else 1
            incident = Incident(code=code, subject=subject, episode=episode, facts=dict(facts), opened_at=now)
            incident.statement = _logged("incident", incident_claim(incident), now)
            incident.save()
            if settings.ALERT_MAIL:
                enqueue_job(MAIL_INCIDENT, incident.pk, now=now)
    except IntegrityError:
        # Two processes noticed at one moment; the constraint on the episode let one of them record it.
        if Incident.objects.filter(code=code, subject=subject, end=None).exists():
            return None
        raise
    # What an operator's alerting looks for: one line for each incident, never again for the same one.
    logger.critical("INCIDENT %s: %s %s", code, subject, dict(facts))
    return incident


def end_incident(code: str, subject: str, *, how: str, now: datetime) -> bool:
    """Record, and put in the log, that the open incident is over, `how` in a few words; False when none is open."""
    incident = Incident.objects.filter(code=code, subject=subject, end=None).order_by("-episode").first()
    if incident is None:
        return False
    now = max(_to_the_millisecond(now), incident.opened_at)
    try:
        with transaction.atomic():
            end = IncidentEnd(incident=incident, ended_at=now, how=how)
            end.statement = _logged("incident_end", end_claim(end), now)
            end.save()
    except IntegrityError:
        if IncidentEnd.objects.filter(incident=incident).exists():
            return False
        raise
    logger.warning("the incident is over: %s: %s (%s)", code, subject, how)
    return True


def incident_claim(incident: Incident) -> dict[str, object]:
    """The value of the claim `incident` of its statement."""
    return {
        "code": incident.code, "subject": incident.subject, "episode": incident.episode, "at": format_time(incident.opened_at),
        "facts": incident.facts,
    }


def end_claim(end: IncidentEnd) -> dict[str, object]:
    """The value of the claim `incident_end` of its statement."""
    incident = end.incident
    return {
        "code": incident.code, "subject": incident.subject, "episode": incident.episode, "at": format_time(end.ended_at), "how": end.how,
    }


def incidents() -> list[Incident]:
    """Every incident with its end and statement, the newest first."""
    return list(Incident.objects.select_related("end", "statement").order_by("-opened_at", "-id"))


def open_incidents() -> list[Incident]:
    """Those that are not over, the newest first."""
    return [incident for incident in incidents() if not hasattr(incident, "end")]


def _logged(claim: str, value: Mapping[str, object], now: datetime) -> OwnStatement | None:
    """The statement in the log; None when the log takes no entry any more."""
    try:
        return write_own_statement("incident", {claim: value}, now=now)
    except (LogClosed, LogFrozen):
        return None


def _to_the_millisecond(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
