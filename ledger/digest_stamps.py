"""A stamp while somebody waits: over the digest of a package's manifest, inside a web request.

A courtesy with bounds, because whoever asks holds a thread that could take a deposit: at most a quarter of the threads ask
at a time, the others wait a moment for their turn and then go on without, and an authority that failed is left alone for a
while. A package without this stamp says so and proves as much: its records' time comes from the checkpoints.
What this does not do: stamp checkpoints, which is the worker's job (`stamping`). Source: formats A5.
"""
import logging
import threading
import time
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ledger.errors import AuthoritiesMisconfigured
from ledger.revocation import refuse_revoked
from ledger.stamping import authorities, fresh_nonce
from ledger.timestamping import Authority, TimestampUnavailable, request_timestamp

logger = logging.getLogger(__name__)

ASKING = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 4))
# Long enough for a burst of downloads to be served by an authority that answers as it should.
TURN_S = 1.0
REST_S = 30.0
# Authority id → the moment (monotonic) from which on it may be asked again.
RESTING: dict[str, float] = {}


def stamp_digest(digest: bytes) -> bytes | None:
    """A verified token over a 32-byte SHA-256 from the first authority that answers; None when none does or too many are asking.

    No transaction may be open.
    """
    assert not transaction.get_connection().in_atomic_block
    if next(_ready(), None) is None or not ASKING.acquire(timeout=TURN_S):
        return None
    try:
        return next((token for authority in _ready() if (token := _ask(authority, digest)) is not None), None)
    finally:
        ASKING.release()


def _ready() -> Iterator[Authority]:
    """The authorities that do not rest at the moment when each one's turn comes; none when their roots cannot be read."""
    try:
        configured = authorities()
    except AuthoritiesMisconfigured:
        return
    for authority in configured:
        if time.monotonic() >= RESTING.get(authority.id, float("-inf")):
            yield authority


def _ask(authority: Authority, digest: bytes) -> bytes | None:
    now = timezone.now()
    try:
        stamped = request_timestamp(
            authority, digest, nonce=fresh_nonce(), now=now, not_before=now, timeout_s=settings.TSA_TIMEOUT_S,
            skew_s=settings.TIME_SKEW_S,
        )
        # A package whose own stamp is of a revoked certificate would fail wherever it is verified.
        refuse_revoked(authority, stamped)
    except TimestampUnavailable as unavailable:
        RESTING[authority.id] = time.monotonic() + REST_S
        logger.warning("timestamp authority %s is not asked for %.0f s: %s", authority.id, REST_S, unavailable)
        return None
    return stamped.token
