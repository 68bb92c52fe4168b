"""Limits per depositor and per process on the deposit endpoints, and per address on what anybody may ask.

Whoever cannot be counted may deposit, and verify (`common.counting`). Guesses are bounded besides: ten wrong digests of a record a day
(`evidence.disclosure`), and a record number has fifty random bits.
"""
import re
import threading
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from accounts.models import ApiKey
from accounts.networks import address_of
from common.counting import counted
from evidence.errors import RateLimited, VerificationsLimited

WAIT = re.compile(r"(?:^|[,;]\s*)wait=(\d{1,6})\s*(?:$|[,;])", re.ASCII)
LONGEST_WAIT_S = 10
# At most a quarter of the worker threads may wait for a checkpoint; the others are always free to take deposits.
WAITING = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 4))


def count_deposit(actor: str, *, now: datetime) -> None:
    """Count one deposit request of this actor (`Depositor.actor`) in the current minute. Raises RateLimited beyond the setting."""
    if counted(f"deposits:{actor}:{now:%Y%m%d%H%M}") > settings.DEPOSITS_PER_MINUTE:
        raise RateLimited(retry_after_s=60 - now.second, limit=settings.DEPOSITS_PER_MINUTE)


def count_verification(request: HttpRequest, key: ApiKey | None, *, now: datetime) -> None:
    """Count one verification or disclosure of this key, or of this address where none was shown. Raises VerificationsLimited.

    To be called before a byte of the request is read, so that the answer tells nothing of what was asked: each costs the hashing of
    whatever was sent, and one that is right a row in a record's trail.
    """
    # Behind a proxy that names nobody all are one.
    who = f"api_key:{key.pk}" if key is not None else address_of(request)
    if counted(f"verifications:{who}:{now:%Y%m%d%H%M}") > settings.VERIFICATIONS_PER_MINUTE:
        raise VerificationsLimited(retry_after_s=60 - now.second, limit=settings.VERIFICATIONS_PER_MINUTE)


def wait_seconds(prefer: str | None) -> int:
    """Seconds that the client would wait for a checkpoint, at most LONGEST_WAIT_S; 0 without the preference (RFC 7240)."""
    match = WAIT.search(prefer or "")
    return min(int(match[1]), LONGEST_WAIT_S) if match else 0
