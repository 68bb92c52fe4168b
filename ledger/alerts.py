"""Tells people of an incident by e-mail: a job row of the incident's own transaction, sent by the worker until a mail server takes it.

To the addresses of CUNZHENG_ALERT_MAIL, once for each incident. An incident holds nothing personal, so neither does the letter. Without an
address the log line CRITICAL "INCIDENT …" is the alert, and whatever watches the logs sees it.

What this does not do: tell of an incident's end; the public page does.

Source: formats A3 ("raises an alarm"); RFC 5321.
"""
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import override

from common.jobs import RetryLater
from ledger.incidents import CODES
from ledger.models import Incident
from ledger.selectors import log_origin

MAIL_TIMEOUT_S = 20


def mail_incident(incident_id: int) -> None:
    """Send the letter about one incident. Raises RetryLater while no mail server takes it."""
    incident = Incident.objects.get(pk=incident_id)
    if not settings.ALERT_MAIL:
        return  # the address was taken away since
    letter = EmailMessage(f"[Cunzheng 存证] {incident.code}: {incident.subject}", letter_of(incident), to=settings.ALERT_MAIL)
    letter.connection = get_connection(timeout=MAIL_TIMEOUT_S)
    try:
        letter.send()
    except (smtplib.SMTPException, OSError) as away:
        raise RetryLater(f"mail: {type(away).__name__}") from away


def letter_of(incident: Incident) -> str:
    """In both languages, because nobody knows who is on duty."""
    sentences = []
    for language in ("zh-hans", "en"):
        with override(language):
            sentences.append(str(CODES[incident.code]))
    facts = {
        "log": log_origin(), "code": incident.code, "subject": incident.subject, "time": f"{incident.opened_at:%Y-%m-%d %H:%M:%S} UTC",
        **incident.facts,
    }
    return "\n".join([
        *sentences, "", *(f"  {name}: {value}" for name, value in facts.items()), "",
        f"{settings.PUBLIC_URL}/#incidents", "处理步骤 / what to do: docs/operations.md", "",
    ])
