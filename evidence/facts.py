"""The four facts of a record — integrity, time, log, certificate — and the state derived from them. Nothing here is stored.

COMMITTED: in the log, tiles applied. WITNESSED needs a policy with a quorum; until witnesses exist a published record stays
COMMITTED and its log fact says that it is published. TIMESTAMPED: a checkpoint that covers it bears a verified token.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from evidence.models import Evidence
from ledger.selectors import TicketFacts, facts_for, log_state
from tlog.times import format_time

QUEUED = "RECEIVED"
"""The state of a record that is durable and promised, and not in the log yet."""


@dataclass(frozen=True, slots=True)
class RecordFacts:
    state: str
    integrity: dict[str, object]
    log: dict[str, object]
    time: dict[str, object]
    certificate: dict[str, object]


def states_of(tickets: Sequence[int]) -> dict[int, str]:
    """The state of each ticket's record, by its stable name; two queries for all."""
    applied_size = log_state().applied_size
    return {ticket: _state(known, applied_size) for ticket, known in facts_for(tickets).items()}


def _state(known: TicketFacts, applied_size: int) -> str:
    if known.stamped_at is not None:
        return "TIMESTAMPED"
    return "COMMITTED" if _is_applied(known, applied_size) else QUEUED


def _is_applied(known: TicketFacts, applied_size: int) -> bool:
    return known.index is not None and known.index < applied_size


def facts_of(record: Evidence) -> RecordFacts:
    """The four facts of one record, as they stand now."""
    applied_size = log_state().applied_size
    known = facts_for([record.ticket])[record.ticket]
    return RecordFacts(
        state=_state(known, applied_size),
        # Nothing is called unchanged that was not compared just now; a verifier with the package or the file compares.
        integrity={"state": "not-checked"},
        log=_log_fact(known, applied_size, record.receipt.include_by),
        time={"state": "waiting", "at": None} if known.stamped_at is None else {"state": "stamped", "at": format_time(known.stamped_at)},
        certificate={"state": "none"},
    )


def _log_fact(known: TicketFacts, applied_size: int, include_by: datetime) -> dict[str, object]:
    if not _is_applied(known, applied_size):
        return {"state": "queued", "index": None, "include_by": format_time(include_by), "published_at": None}
    published = None if known.published_at is None else format_time(known.published_at)
    return {"state": "published" if published else "committed", "index": known.index, "include_by": None, "published_at": published}
