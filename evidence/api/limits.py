"""Limits per credential and per process on the deposit endpoints.

Counters live in Django's cache: they are a courtesy to other clients, not a security boundary, so losing them is harmless.
Whoever cannot be counted may deposit.
"""
import logging
import re
import threading
import time
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from evidence.errors import RateLimited

logger = logging.getLogger(__name__)

WAIT = re.compile(r"(?:^|[,;]\s*)wait=(\d{1,6})\s*(?:$|[,;])", re.ASCII)
LONGEST_WAIT_S = 10
# At most a quarter of the worker threads may wait for a checkpoint; the others are always free to take deposits.
WAITING = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 4))
# After a failure nothing is counted for so long: a Redis that hangs must not cost every deposit a second.
UNCOUNTED_S = 30.0
_uncounted_until = [float("-inf")]


def count_deposit(credential_id: int, *, now: datetime) -> None:
    """Count one deposit request in the current minute. Raises RateLimited beyond the setting."""
    if _counted(f"deposits:{credential_id}:{now:%Y%m%d%H%M}") > settings.DEPOSITS_PER_MINUTE:
        raise RateLimited(retry_after_s=60 - now.second, limit=settings.DEPOSITS_PER_MINUTE)


def _counted(key: str) -> int:
    """The counter after this request; 0 when it was lost or cannot be asked."""
    if time.monotonic() < _uncounted_until[0]:
        return 0
    try:
        cache.add(key, 0, timeout=120)
        return cache.incr(key)
    except ValueError:
        return 0  # the cache was full and forgot it between the two calls
    except RedisError as away:
        _uncounted_until[0] = time.monotonic() + UNCOUNTED_S
        logger.warning("deposits are not counted for %.0f s: %s", UNCOUNTED_S, type(away).__name__)
        return 0


def wait_seconds(prefer: str | None) -> int:
    """Seconds that the client would wait for a checkpoint, at most LONGEST_WAIT_S; 0 without the preference (RFC 7240)."""
    match = WAIT.search(prefer or "")
    return min(int(match[1]), LONGEST_WAIT_S) if match else 0
