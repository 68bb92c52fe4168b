"""The alarm while a promised record waits unpublished for more than 60 s: one line when it begins to ring, one when it is over.

It rings in the worker, which sees a sequencer that died or hangs, and witnesses that give no quorum alike. What it knows of its own
ringing stands in its job's row (`last_error`), so that it rings once whatever worker looks, and whichever of them is restarted.

What this does not do: refuse deposits (`ledger.services.refuse_when_behind`, at half the promise) or say that a promise is broken
(`ledger.audit`). Nobody sees a dead worker from inside: `/readyz` says `silent` at the same time, to whoever asks from outside.

Source: formats A3 ("Alarm already when a record is unpublished for 60 s").
"""
import logging
from datetime import datetime, timedelta

from common.jobs import Job, RetryLater
from ledger.selectors import log_backlog
from tlog.times import format_time

logger = logging.getLogger(__name__)

WATCH_PUBLICATION = "ledger.watch-publication"
UNPUBLISHED = "unpublished"
LATE = timedelta(seconds=60)
EVERY = timedelta(seconds=10)


def watch_publication(*, now: datetime) -> None:
    """Look once, as the recurring job `WATCH_PUBLICATION`. Raises RetryLater while the alarm rings; the job's row remembers it."""
    since = log_backlog().oldest_unpublished_at
    rings = Job.objects.filter(kind=WATCH_PUBLICATION, last_error=UNPUBLISHED).exists()
    # SPEC: formats A3: "Alarm already when a record is unpublished for 60 s".
    if since is not None and now - since > LATE:
        if not rings:
            logger.critical(
                "ALARM: a record has waited %s s to be published, since %s: see whether the sequencer runs and what its log says of the "
                "witnesses; deposits will be refused after half the receipts' promise", int((now - since).total_seconds()),
                format_time(since.replace(microsecond=since.microsecond // 1000 * 1000)))
        raise RetryLater(UNPUBLISHED)
    if rings:
        logger.critical("the alarm is over: no record has waited more than %s s to be published", int(LATE.total_seconds()))
