"""How long the oldest entry waits for each step: to be published, to be cosigned, to be stamped. Reads only."""
from dataclasses import dataclass
from datetime import datetime

from ledger.models import LogQueue, PublishedCheckpoint
from ledger.policies import policy_in_force
from ledger.selectors import log_backlog, log_state, unpublished_since
from tlog.policy import NO_QUORUM


@dataclass(frozen=True, slots=True)
class Lag:
    """Since when the oldest one waits, None when none does; `queue_length` counts entries that are not in the log yet."""

    queue_length: int
    unpublished_since: datetime | None
    unwitnessed_since: datetime | None
    unstamped_since: datetime | None


def lag_of() -> Lag:
    """The lag at this moment. Raises ImproperlyConfigured before `init_service`."""
    # SPEC: formats A7: what a later stamp covers needs none of its own; the oldest that no stamp covers is the first after it.
    unstamped = PublishedCheckpoint.objects.filter(size__gt=log_state().stamped_size).order_by("size")
    return Lag(
        queue_length=LogQueue.objects.count(), unpublished_since=log_backlog().oldest_unpublished_at,
        unwitnessed_since=unpublished_since() if policy_in_force().quorum != NO_QUORUM else None,
        unstamped_since=unstamped.values_list("published_at", flat=True).first(),
    )
