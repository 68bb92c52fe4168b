"""Letters to people by the mail server of the settings (`CUNZHENG_SMTP`), through Django's mail backend.

A letter keeps its Message-ID in every attempt: one that the server took while we died has the same when it comes twice.
What this does not do: know whether anybody has read it, or whether the mailbox is there once the server took the letter.
"""
import smtplib
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from notifications.outside import Away, Refused

TIMEOUT_S = 10
PERMANENT = 500


def send_letter(address: str, subject: str, text: str, *, ref: str) -> None:
    """Hand the letter to the server. Raises Refused for an answer 5yz to its recipient or to itself, Away for anything else.

    What a server says to its greeting, to the sign-in or to the sender's address is about our own set-up, not about this letter.
    """
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    headers = {"Message-ID": f"<{ref}@{host}>", "Auto-Submitted": "auto-generated"}
    letter = EmailMessage(subject, text, to=[address], headers=headers, connection=get_connection(timeout=TIMEOUT_S))
    try:
        letter.send()
    except smtplib.SMTPRecipientsRefused as refused:
        raise _judged([code for code, _ in refused.recipients.values()]) from None
    except smtplib.SMTPDataError as answer:
        raise _judged([answer.smtp_code]) from None
    except smtplib.SMTPAuthenticationError:
        raise Away("mail-sign-in") from None
    except smtplib.SMTPResponseException as answer:
        raise Away(f"mail-{answer.smtp_code}") from None
    except (smtplib.SMTPException, OSError) as away:
        raise Away(f"mail-{type(away).__name__}"[:40]) from None


def _judged(codes: list[int]) -> Refused | Away:
    return Refused(f"mail-{codes[0]}") if min(codes) >= PERMANENT else Away(f"mail-{codes[0]}")
