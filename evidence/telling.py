"""Tells the owners' systems that their records are timestamped: `record.timestamped` to whoever subscribed.

A job that the ledger wakes when a checkpoint was stamped. It goes through the log from where it stopped to the newest stamped size, a
thousand entries in a transaction that inserts the deliveries and moves `StampsTold` together: each record is told once, whenever a
worker is killed. Where nobody listens it moves on and reads no entry. The deposit knows nothing of all this.

What this does not do: tell of a time that is corrected later. The event's time is the earliest verified one of this moment; an authority
that answers afterwards may have been earlier, and the record's own page says so.
"""
from django.db import transaction
from django.utils import timezone

from common.failpoints import reached
from evidence.models import Evidence, StampsTold
from ledger.selectors import log_state, stamped_between
from notifications.events import RECORD_TIMESTAMPED, Event
from notifications.selectors import listeners
from notifications.services import tell

TELL_STAMPED = "evidence.tell-stamped"
AT_ONCE = 1000


def tell_stamped(_always: int) -> None:
    """Tell of every record that the newest stamped checkpoint covers and nobody was told of."""
    told, stamped_size = StampsTold.objects.get(pk=1).size, log_state().stamped_size
    while told < stamped_size:
        organisations = listeners(RECORD_TIMESTAMPED)
        until = min(told + AT_ONCE, stamped_size) if organisations else stamped_size
        events = _events(told, until, organisations) if organisations else []
        with transaction.atomic():
            # Of two workers, because a lease ran out, the second finds the row moved, and what it wanted to tell is told.
            if StampsTold.objects.filter(pk=1, size=told).update(size=until) != 1:
                return
            tell(events, now=timezone.now())
            reached("evidence.stamps-told")
        told = until


def _events(first: int, last: int, organisations: set[int]) -> list[Event]:
    stamped = stamped_between(first, last)
    records = Evidence.objects.filter(ticket__in=stamped, organisation_id__in=organisations).order_by("ticket")
    return [
        Event(RECORD_TIMESTAMPED, organisation_id, record, "TIMESTAMPED", stamped[ticket])
        for organisation_id, record, ticket in records.values_list("organisation_id", "record", "ticket")
    ]
