"""Of trails that a package or a document carries: how far each is in the log, and the statement that shows it.

A trail's newest place counts, for it chains all rows before. Only what a stamped checkpoint covers is shown: a package whose records are
all stamped must not become incomplete by what is said of their trails. What this does not do: write (`evidence.custody_batches`).
Source: formats A6, custody chain.
"""
from collections.abc import Sequence
from dataclasses import dataclass

from evidence.custody_batches import Head
from evidence.models import CustodyCommitment, CustodyHead, Evidence
from evidence.trail import LOOKED_UP_AT_ONCE
from ledger.selectors import log_state, places_of
from tlog.claims import Claim


@dataclass(frozen=True, slots=True)
class TrailsInLog:
    """A statement with those of its claims that tell of the records asked for, and its entry's place in the log."""

    commitment: CustodyCommitment
    index: int
    claims: tuple[Claim, ...]


def trails_in_log(records: Sequence[Evidence]) -> list[TrailsInLog]:
    """For each record the statement with the newest of its rows that a stamped checkpoint covers, those that are one statement once."""
    newest: dict[int, CustodyHead] = {}
    places: dict[int, int] = {}
    stamped = log_state().stamped_size
    for first in range(0, len(records), LOOKED_UP_AT_ONCE):
        heads = list(CustodyHead.objects.filter(event__evidence__in=records[first:first + LOOKED_UP_AT_ONCE]).select_related(
            "commitment", "event").order_by("-event__sequence"))
        places |= {ticket: place.index for ticket, place in places_of({head.commitment.ticket for head in heads}).items()}
        for head in heads:
            if places.get(head.commitment.ticket, stamped) < stamped:
                newest.setdefault(head.event.evidence_id, head)
    numbers = {record.pk: record.record for record in records}
    by_statement: dict[int, list[CustodyHead]] = {}
    for head in newest.values():
        by_statement.setdefault(head.commitment_id, []).append(head)
    return [
        TrailsInLog(heads[0].commitment, places[heads[0].commitment.ticket], tuple(
            _claim(head, numbers[head.event.evidence_id]) for head in sorted(heads, key=lambda head: head.position)))
        for _, heads in sorted(by_statement.items())]


@dataclass(frozen=True, slots=True)
class InLog:
    """The newest row of a trail that is in the log: which one, by which statement, at which index."""

    sequence: int
    digest: str
    statement: str
    index: int


def newest_in_log(numbers: Sequence[str]) -> dict[str, InLog]:
    """For each of these record numbers how far its trail is in the log, published or not; without those of which nothing is."""
    found: dict[str, InLog] = {}
    for first in range(0, len(numbers), LOOKED_UP_AT_ONCE):
        heads = CustodyHead.objects.filter(event__evidence__record__in=numbers[first:first + LOOKED_UP_AT_ONCE])
        rows = list(heads.order_by("-event__sequence").values_list(
            "event__evidence__record", "event__sequence", "event__digest", "commitment__record", "commitment__ticket"))
        places = places_of({ticket for *_, ticket in rows})
        for record, sequence, digest, statement, ticket in rows:
            if ticket in places:
                found.setdefault(record, InLog(sequence, digest, statement, places[ticket].index))
    return found


def _claim(head: CustodyHead, record: str) -> Claim:
    return Head(head.event_id, record, head.event.sequence, head.event.digest).claim(head.position, bytes(head.salt))
