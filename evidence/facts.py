"""The four facts of a record — integrity, time, log, certificate — and the state derived from them. Nothing here is stored.

COMMITTED: in the log, tiles applied. WITNESSED: the first published checkpoint that covers it has the quorum of the policy in force;
where the policy asks for none, a published record stays COMMITTED and its log fact says that it is published. TIMESTAMPED: a
checkpoint that covers it bears a verified token. Its time is the earliest verified genTime, as formats A6 has it, also where the
authorities disagree: the time fact says `disputed` then, with the time of each, and is never shown as plainly stamped.
"""
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from evidence.models import Evidence
from evidence.quarantine_rows import Quarantine
from ledger.agreement import asked_in_vain, disputed_authorities, tokens_over
from ledger.policies import policy_in_force
from ledger.selectors import TicketFacts, facts_for, log_state
from ledger.trust import Quorum, quorums_of
from tlog.times import format_time

QUEUED = "RECEIVED"
"""The state of a record that is durable and promised, and not in the log yet."""
QUARANTINED = "QUARANTINED"
"""The side state of a record whose originals are not given out (`evidence.quarantine`); what its facts are besides is unchanged."""


@dataclass(frozen=True, slots=True)
class RecordFacts:
    state: str
    integrity: dict[str, object]
    log: dict[str, object]
    time: dict[str, object]
    certificate: dict[str, object]


def states_of(tickets: Sequence[int]) -> dict[int, str]:
    """The state of each ticket's record, by its stable name; four queries for all."""
    applied_size, facts = log_state().applied_size, facts_for(tickets)
    witnessed = quorums_of({known.published_size for known in facts.values() if known.published_size is not None})
    shut = Quarantine.objects.filter(evidence__ticket__in=tickets, ended_at=None).values_list("evidence__ticket", flat=True)
    return {
        **{ticket: _state(known, applied_size, witnessed) for ticket, known in facts.items()}, **dict.fromkeys(shut, QUARANTINED)}


def _state(known: TicketFacts, applied_size: int, witnessed: Collection[int]) -> str:
    if known.stamped_at is not None:
        return "TIMESTAMPED"
    if known.published_size in witnessed:
        return "WITNESSED"
    return "COMMITTED" if _is_applied(known, applied_size) else QUEUED


def _is_applied(known: TicketFacts, applied_size: int) -> bool:
    return known.index is not None and known.index < applied_size


def facts_of(record: Evidence) -> RecordFacts:
    """The four facts of one record, as they stand now."""
    applied_size = log_state().applied_size
    known = facts_for([record.ticket])[record.ticket]
    witnessed = quorums_of(() if known.published_size is None else (known.published_size,))
    shut = Quarantine.objects.filter(evidence=record, ended_at=None).exists()
    return RecordFacts(
        state=QUARANTINED if shut else _state(known, applied_size, witnessed),
        # Nothing is called unchanged that was not compared just now; a verifier with the package or the file compares.
        integrity={"state": "quarantined" if shut else "not-checked"},
        log=_log_fact(known, applied_size, record.receipt.include_by, witnessed.get(known.published_size or 0)),
        time=_time_fact(known),
        certificate={"state": "none"},
    )


def _time_fact(known: TicketFacts) -> dict[str, object]:
    if known.stamped_at is None or known.stamped_size is None:
        return {"state": "waiting", "at": None, "times": [], "missing": [], "disagreeing": [], "skew_s": settings.TIME_SKEW_S}
    tokens = tokens_over(known.stamped_size)
    disagreeing = disputed_authorities(known.stamped_size, tokens)
    times = [{"authority": token.authority, "at": format_time(token.gen_time)} for token in tokens]
    state = "disputed" if disagreeing else "stamped"
    return {
        "state": state, "at": format_time(known.stamped_at), "times": times, "missing": list(asked_in_vain(known.stamped_size)),
        "disagreeing": list(disagreeing), "skew_s": settings.TIME_SKEW_S,
    }


def _log_fact(known: TicketFacts, applied_size: int, include_by: datetime, quorum: Quorum | None) -> dict[str, object]:
    """`quorum`: that of the first checkpoint that covers the record, None without one."""
    names, of = quorum or ((), len(policy_in_force().witnesses))
    cosigned = {"cosigned_by": list(names), "witnesses": of}
    if not _is_applied(known, applied_size):
        return {"state": "queued", "index": None, "include_by": format_time(include_by), "published_at": None, **cosigned}
    published = None if known.published_at is None else format_time(known.published_at)
    state = "witnessed" if quorum else "published" if published else "committed"
    return {"state": state, "index": known.index, "include_by": None, "published_at": published, **cosigned}
