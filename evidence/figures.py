"""Figures for dashboards and homes: what came in, how far it got and how long that took, within what a viewer may read.

Ages are measured on the newest records only, so that a dashboard costs the same however much an organisation ever deposited.
"""
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate

from accounts.models import Organisation
from accounts.viewer import Viewer
from cases.selectors import cases_for
from evidence.custody import PUBLIC, CustodyAction
from evidence.models import OTHERS_ROOTS, CustodyEvent
from evidence.search import Progress, progress_is
from evidence.selectors import records_for
from ledger.selectors import TicketFacts, facts_for, log_state
from ledger.trust import quorums_of
from tlog.times import CHINA

SAMPLE = 2000
SHARES = (0.5, 0.9, 0.99)
READ = (CustodyAction.VIEWED, CustodyAction.PLAYED, CustodyAction.DOWNLOADED, CustodyAction.FETCHED)


@dataclass(frozen=True, slots=True)
class Funnel:
    """One step of the way into the log: how many of the sample got there, and within how many seconds of their receipt for each of SHARES.

    `after_s` is empty for the first step, and for one that nothing has reached.
    """

    step: str
    count: int
    after_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a viewer's records stand: received today in China, still on their way, and past the time that a receipt promised."""

    today: int
    today_by_kind: tuple[tuple[str, int], ...]
    queued: int
    logged: int
    overdue: int


def standing_of(viewer: Viewer, *, now: datetime) -> Standing:
    """The counts of a home page."""
    records = records_for(viewer, now=now).order_by()
    today = records.filter(received_at__gte=day_begin(now)).values_list("kind").annotate(number=Count("pk")).order_by("-number", "kind")
    by_kind = tuple((kind, number) for kind, number in today)
    queued, logged, overdue = (
        records.filter(progress_is(step, now)).count() for step in (Progress.QUEUED, Progress.LOGGED, Progress.OVERDUE))
    return Standing(sum(number for _, number in by_kind), by_kind, queued, logged, overdue)


def day_begin(now: datetime) -> datetime:
    """Midnight of this day in China."""
    return now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)


def deposits_per_day(viewer: Viewer, *, days: int, now: datetime) -> tuple[list[date], dict[str, list[int]]]:
    """The last `days` days in China, today the last, and for each kind the deposits of each day; the most frequent kind first."""
    begin = day_begin(now) - timedelta(days=days - 1)
    dates = [begin.date() + timedelta(days=number) for number in range(days)]
    rows = records_for(viewer, now=now).order_by().filter(received_at__gte=begin)
    counted = rows.annotate(day=TruncDate("received_at", tzinfo=CHINA)).values_list("kind", "day").annotate(Count("pk"))
    found: dict[str, list[int]] = {}
    for kind, day, number in counted:
        if day in dates:
            found.setdefault(kind, [0] * days)[dates.index(day)] = number
    return dates, dict(sorted(found.items(), key=lambda each: (-sum(each[1]), each[0])))


def cases_by_stage(viewer: Viewer, *, now: datetime) -> dict[str, int]:
    """How many of the cases open to this viewer stand at each stage; a stage without any is not in it."""
    return dict(cases_for(viewer, now=now).order_by().values_list("stage").annotate(Count("pk")))


@dataclass(frozen=True, slots=True)
class Readings:
    """How often an institution looked at records of an organisation, played recordings, downloaded originals, took packages, and asked
    the service whether a file is the record's; each record counts."""

    institution: str
    viewed: int
    played: int
    downloaded: int
    fetched: int
    verified: int

    @property
    def total(self) -> int:
        return self.viewed + self.played + self.downloaded + self.fetched + self.verified


def readings_by_institution(viewer: Viewer, *, days: int, now: datetime) -> list[Readings]:
    """What other organisations did with the viewer's own organisation's records in the last `days` days in China, the most first.

    Only the trail of records is counted: whoever verified a package offline left none there, and whoever showed no credential no name.
    """
    begin = day_begin(now) - timedelta(days=days - 1)
    own = CustodyEvent.objects.filter(at__gte=begin, evidence__organisation=viewer.organisation).order_by()
    # A verification needs no root of access: a number and a digest are enough for it. Each of the two questions has an index of its own.
    verified = own.filter(event=CustodyAction.VERIFIED).exclude(organisation_ref__in=[viewer.organisation.ref, PUBLIC])
    counted: dict[str, dict[str, int]] = {}
    for rows in (own.filter(root__in=OTHERS_ROOTS, event__in=READ), verified):
        for ref, event, number in rows.values_list("organisation_ref", "event").annotate(Count("pk")):
            counted.setdefault(ref, {})[event] = number
    names = dict(Organisation.objects.filter(ref__in=counted).values_list("ref", "name"))
    found = [
        Readings(names[ref], *(by_event.get(event, 0) for event in (*READ, CustodyAction.VERIFIED))) for ref, by_event in counted.items()]
    return sorted(found, key=lambda each: (-each.total, each.institution))


def funnel_of(viewer: Viewer, *, now: datetime) -> list[Funnel]:
    """How far the newest records got: received, committed, witnessed, timestamped."""
    received = dict(records_for(viewer, now=now).values_list("ticket", "received_at")[:SAMPLE])
    facts, applied = facts_for(received), log_state().applied_size
    witnessed = quorums_of({known.published_size for known in facts.values() if known.published_size is not None})

    def reached(known: TicketFacts) -> dict[str, datetime | None]:
        return {
            "COMMITTED": known.sequenced_at if known.index is not None and known.index < applied else None,
            "WITNESSED": known.published_at if known.published_size in witnessed else None,
            "TIMESTAMPED": known.stamped_at,
        }

    ages: dict[str, list[float]] = {"COMMITTED": [], "WITNESSED": [], "TIMESTAMPED": []}
    for ticket, known in facts.items():
        for step, at in reached(known).items():
            if at is not None:
                # A token's time is the authority's own and may lie a moment before our receipt.
                ages[step].append(max(0.0, (at - received[ticket]).total_seconds()))
    return [Funnel("RECEIVED", len(received), ()), *(Funnel(step, len(each), percentiles(each)) for step, each in ages.items())]


def percentiles(values: Iterable[float], shares: Sequence[float] = SHARES) -> tuple[float, ...]:
    """For each share the smallest value that at least this share of the values do not exceed (nearest rank); () without values."""
    ordered = sorted(values)
    return tuple(ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in shares) if ordered else ()
