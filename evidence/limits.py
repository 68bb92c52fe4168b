"""Limits per depositor and per process on the deposit endpoints.

Whoever cannot be counted may deposit (`common.counting`).
"""
import re
import threading
from datetime import datetime

from django.conf import settings

from common.counting import counted
from evidence.errors import RateLimited

WAIT = re.compile(r"(?:^|[,;]\s*)wait=(\d{1,6})\s*(?:$|[,;])", re.ASCII)
LONGEST_WAIT_S = 10
# At most a quarter of the worker threads may wait for a checkpoint; the others are always free to take deposits.
WAITING = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 4))


def count_deposit(actor: str, *, now: datetime) -> None:
    """Count one deposit request of this actor (`Depositor.actor`) in the current minute. Raises RateLimited beyond the setting."""
    if counted(f"deposits:{actor}:{now:%Y%m%d%H%M}") > settings.DEPOSITS_PER_MINUTE:
        raise RateLimited(retry_after_s=60 - now.second, limit=settings.DEPOSITS_PER_MINUTE)


def wait_seconds(prefer: str | None) -> int:
    """Seconds that the client would wait for a checkpoint, at most LONGEST_WAIT_S; 0 without the preference (RFC 7240)."""
    match = WAIT.search(prefer or "")
    return min(int(match[1]), LONGEST_WAIT_S) if match else 0
