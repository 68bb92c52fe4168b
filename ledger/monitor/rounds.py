"""One round of the monitor: what it finds becomes incidents, which end by themselves when a later round finds nothing wrong.

A front door that does not answer proves nothing against the log: it is reported as away, and after five minutes an alarm says so, once.
An alarm is a CRITICAL line that begins with ALARM, beside the INCIDENT lines of `ledger.incidents`.
"""
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from common.errors import DomainError
from ledger.incidents import SELF_CHECK_FAILED, end_incident, open_incident
from ledger.lag import Lag, lag_of
from ledger.monitor.examination import Judgement, examine
from ledger.monitor.front_door import Away, FrontDoor
from ledger.monitor.memory import Memory, Progress, Store
from ledger.monitor.slices import SLICES, Looked, look_on
from ledger.selectors import log_origin

logger = logging.getLogger(__name__)

AWAY_ALARM = timedelta(minutes=5)
HOLDS_AGAIN = "a later round of the monitor found nothing wrong"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for one answer of the front door, and for new entries in one round."""

    fetch_s: float
    growth_s: float

    @property
    def round_s(self) -> float:
        return 2 * self.growth_s + 2 * self.fetch_s


AMONG_OTHER_JOBS = Patience(5.0, 5.0)
"""The embedded worker has one thread: a round must not hold up timestamps for long."""


@dataclass(frozen=True, slots=True)
class Round:
    """`away` is a sentence when the front door did not answer to the end; `verified` counts the entries verified since ever."""

    judgements: tuple[Judgement, ...]
    away: str | None
    away_since: datetime | None
    verified: int
    lag: Lag

    @property
    def contradicted(self) -> bool:
        return any(each.fault is not None for each in self.judgements)


def watch(*, now: datetime, patience: Patience = AMONG_OTHER_JOBS) -> Round:
    """Make one round; waits for another one that is at work. Raises ImproperlyConfigured before set-up, OSError, DatabaseError."""
    store = Store(log_origin())
    with store.locked():
        memory = store.load()
        judgements, away = _looked(memory, store, now, patience)
        judgements += [_slice(name, memory) for name in sorted(SLICES)]
        _take_away(memory, away, now)
        for each in judgements:
            _record(each, now)
        memory.ended_at = now
        store.save(memory)
    return Round(tuple(judgements), away, memory.away_since, memory.tree.size, lag_of())


def _looked(memory: Memory, store: Store, now: datetime, patience: Patience) -> tuple[list[Judgement], str | None]:
    """What could be judged, and why not all of it."""
    began, judgements = time.monotonic(), list[Judgement]()
    door = FrontDoor(f"{settings.PUBLIC_URL}/log", fetch_s=patience.fetch_s, deadline=began + patience.round_s)
    try:
        for each in examine(door, memory, store, now=now, until=began + patience.growth_s):
            judgements.append(each)
    except Away as away:
        return judgements, str(away)
    return judgements, None


def _slice(name: str, memory: Memory) -> Judgement:
    try:
        looked = look_on(name, memory.slices.setdefault(name, Progress()))
    except DomainError as refused:
        # What one slice cannot do now must not keep the others, and what the log itself was found to be, from being said.
        return Judgement(name, f"it could not be looked at: {refused.code}")
    if not looked.wrong:
        return Judgement(name)
    for sentence in looked.wrong.values():
        logger.error("%s: %s", name, sentence)
    return Judgement(name, _first_of(looked), {"objects": len(looked.wrong)})


def _first_of(looked: Looked) -> str:
    sentence = next(iter(looked.wrong.values()))
    return sentence if len(looked.wrong) == 1 else f"{sentence}, and {len(looked.wrong) - 1} more"


def _take_away(memory: Memory, away: str | None, now: datetime) -> None:
    if away is None:
        if memory.away_since is not None:
            logger.warning("the front door answers again; it was away since %s", memory.away_since)
        memory.away_since, memory.alarmed = None, False
        return
    memory.away_since = memory.away_since or now
    logger.warning("the front door does not answer: %s", away)
    if now - memory.away_since >= AWAY_ALARM and not memory.alarmed:
        logger.critical("ALARM the front door does not answer since %s: %s", memory.away_since, away)
        memory.alarmed = True


def _record(judgement: Judgement, now: datetime) -> None:
    if judgement.fault is None:
        end_incident(SELF_CHECK_FAILED, judgement.subject, how=HOLDS_AGAIN, now=now)
        return
    logger.error("the monitor: %s: %s", judgement.subject, judgement.fault)
    open_incident(SELF_CHECK_FAILED, judgement.subject, judgement.facts, now=now)
