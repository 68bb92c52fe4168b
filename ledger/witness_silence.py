"""A sequencer that has heard no witness since its start says so, because from outside it looks like one that is dead.

It commits nothing then: what is committed on top of an old copy could not be taken back (design.md §3). Its queue grows, no checkpoint is
signed, and `/readyz` would turn deposits away, which are safe to take until half of the receipts' promise is gone.

What this does not do: decide anything about the log. It is one row for people and load balancers, and nothing is lost with it.
"""
from datetime import datetime, timedelta

from ledger.models import WitnessSilence

BELIEVED_FOR = timedelta(seconds=30)
"""The word of a sequencer that was killed is not believed for longer."""


def say_unheard(now: datetime) -> None:
    """No witness has answered since this start. Said again about once a second while that lasts."""
    if not WitnessSilence.objects.filter(pk=1, said_at__gt=now - BELIEVED_FOR, since__lte=now).update(said_at=now):
        WitnessSilence.objects.update_or_create(pk=1, defaults={"since": now, "said_at": now})


def say_heard() -> None:
    """A witness has answered."""
    WitnessSilence.objects.all().delete()


def unheard_since(now: datetime) -> datetime | None:
    """Since when a sequencer that is alive waits for any witness to answer; None when none does."""
    return WitnessSilence.objects.filter(said_at__gt=now - BELIEVED_FOR).values_list("since", flat=True).first()
