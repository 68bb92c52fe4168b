"""How the log grew: its published size at the end of each equal period since its first checkpoint.

Sizes grow with time, so the size at a moment is found by halving the range of row ids: twenty look-ups by primary key in a million
checkpoints, where a filter on the time would read all of them. What is past does not change and is remembered.
"""
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from django.db import connection

from ledger.models import PublishedCheckpoint
from tlog.times import CHINA

MOST_PERIODS = 24
DAY_S = 86_400
STEPS = tuple(timedelta(seconds=each) for each in (60, 600, 3600, DAY_S // 4, DAY_S, 7 * DAY_S, 28 * DAY_S, 364 * DAY_S))


@dataclass(frozen=True, slots=True)
class Period:
    """At `end` (in the last one: now) the published log had `size` entries, `added` more than at `begin`."""

    begin: datetime
    end: datetime
    size: int
    added: int


def growth_of_log(now: datetime) -> tuple[Period, ...]:
    """The periods, the oldest first, at most `MOST_PERIODS`; () before the first checkpoint."""
    first = PublishedCheckpoint.objects.order_by("id").values_list("published_at", flat=True).first()
    if first is None:
        return ()
    ends, name = _ends(first, now), str(connection.settings_dict["NAME"])
    # The last end is in the future, and what is published until now may still grow: it is asked for each time.
    sizes = [*(_remembered_size(name, end) for end in ends[:-1]), size_at(ends[-1])]
    steps = zip(pairwise(ends), pairwise(sizes), strict=True)
    return tuple(Period(begin, end, size, size - before) for (begin, end), (before, size) in steps)


def size_at(moment: datetime) -> int:
    """The published size before a moment; 0 before the first checkpoint."""
    rows = PublishedCheckpoint.objects.order_by("id")
    last = rows.values_list("id", flat=True).last()
    low, high, size = 0, (last or 0) + 1, 0
    # All rows with an id up to `low` are earlier than the moment, none from `high` on is; ids may have gaps.
    while high - low > 1:
        middle = (low + high) // 2
        row = rows.filter(id__gte=middle, id__lt=high).values_list("id", "published_at", "size").first()
        if row is None or row[1] >= moment:
            high = middle
        else:
            low, size = row[0], row[2]
    return size


@lru_cache(maxsize=1024)
def _remembered_size(_database: str, moment: datetime) -> int:
    return size_at(moment)


def _ends(first: datetime, now: datetime) -> list[datetime]:
    """The begin of the first period and the ends of all, at round times in China; the last one is after `now`."""
    step = next((step for step in STEPS if (now - first) / step < MOST_PERIODS - 1), STEPS[-1])
    zero = datetime(2000, 1, 1, tzinfo=CHINA)
    ends = [zero + (first - zero) // step * step]
    while ends[-1] <= now:
        ends.append(ends[-1] + step)
    return ends[-MOST_PERIODS - 1 :]
