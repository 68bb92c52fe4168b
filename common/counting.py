"""Counters of requests in Django's cache, shared by the web processes where there is a Redis.

They are a courtesy to other clients, not a security boundary, so losing them is harmless: what cannot be counted passes.
"""
import logging
import time

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

KEPT_S = 120
# After a failure nothing is counted for so long: a Redis that hangs must not cost every request a second.
UNCOUNTED_S = 30.0
_uncounted_until = [float("-inf")]


def counted(key: str) -> int:
    """The counter under this name after this request; 0 when it was lost or cannot be asked."""
    if time.monotonic() < _uncounted_until[0]:
        return 0
    try:
        cache.add(key, 0, timeout=KEPT_S)
        return cache.incr(key)
    except ValueError:
        return 0  # the cache was full and forgot it between the two calls
    except RedisError as away:
        _uncounted_until[0] = time.monotonic() + UNCOUNTED_S
        logger.warning("requests are not counted for %.0f s: %s", UNCOUNTED_S, type(away).__name__)
        return 0
