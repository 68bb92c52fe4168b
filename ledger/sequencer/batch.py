"""Steps 1 and 2: from the queue into the log, in one transaction.

The compare-and-swap on (size, root) comes first in the transaction, so of two sequencers one waits and then finds that it
lost. After COMMIT the entries are in the log for ever, whatever becomes of this process.
"""
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from common.bulk import delete_rows, insert_rows
from common.failpoints import reached
from ledger.models import LogBatch, LogEntry, LogQueue, LogState
from ledger.sequencer.memory import Clock, Memory, edge_root
from ledger.sequencer.refusals import LeafMismatch, LostRace, QueueChanged, RootMismatch
from ledger.sequencer.rows import queued_rows
from tlog.merkle import leaf_hash

BATCH_ENTRIES = 4096
NO_TICKET = -1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Entries on their way into the log, column by column, in order; `leaf_hashes` are the promised ones (32 bytes).

    A ticket is None when the entry is replayed from storage and its queue row is lost.
    """

    tickets: Sequence[int | None]
    entries: Sequence[bytes]
    leaf_hashes: Sequence[bytes]
    oldest_queued_at: datetime | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A planned commit: the tree grows from (`old_size`, `old_root`) to (`size`, `root`)."""

    old_size: int
    old_root: bytes
    size: int
    root: bytes
    arrivals: Arrivals
    sequenced_at: datetime
    oldest_queued_at: datetime
    rows_sha256: bytes


def read_queue(limit: int) -> Arrivals:
    """The first `limit` queue rows in ticket order; a row that committed late is read whenever it appears."""
    return Arrivals(*queued_rows(limit))


def plan(memory: Memory, arrivals: Arrivals, clock: Clock) -> Batch:
    """Grow both trees in memory and compare them; nothing is written. After a failure `memory` must be thrown away.

    Raises LeafMismatch, RootMismatch, ClockBehind.
    """
    leaves = list(map(leaf_hash, arrivals.entries))
    if leaves != arrivals.leaf_hashes:
        wrong = next(at for at, leaf in enumerate(leaves) if leaf != arrivals.leaf_hashes[at])
        raise LeafMismatch(what=f"ticket {arrivals.tickets[wrong]}")
    sequenced_at = memory.moment(clock)
    old_size, old_root = memory.size, memory.root
    memory.tree.extend(leaves)
    memory.planned.extend(leaves)
    root = memory.tree.root()
    # SPEC: design.md §3 step 1: the new root by two paths. A bit that flips here would otherwise be signed for ever.
    if edge_root(memory.planned) != root:
        raise RootMismatch(step="plan", size=memory.size)
    oldest = min(arrivals.oldest_queued_at or sequenced_at, sequenced_at)
    digest = digest_rows(memory.rows_sha256, old_size, sequenced_at, oldest, arrivals.tickets, leaves)
    return Batch(old_size, old_root, memory.size, root, arrivals, sequenced_at, oldest, digest)


def commit(memory: Memory, batch: Batch) -> None:
    """The commit point. Raises LostRace when another sequencer was first, QueueChanged when queue rows are gone."""
    reached("ledger.batch-planned")
    with transaction.atomic():
        believed = LogState.objects.filter(pk=1, size=batch.old_size, root=batch.old_root, frozen_at=None)
        if believed.update(size=batch.size, root=batch.root) != 1:
            raise LostRace(f"the log is no longer at size {batch.old_size}")
        reached("ledger.state-moved")
        _insert_entries(batch)
        reached("ledger.entries-inserted")
        _empty_queue([ticket for ticket in batch.arrivals.tickets if ticket is not None])
        reached("ledger.queue-emptied")
    memory.root, memory.rows_sha256 = batch.root, batch.rows_sha256
    reached("ledger.batch-committed")


def _insert_entries(batch: Batch) -> None:
    places = range(batch.old_size, batch.size)
    insert_rows(LogEntry, ("index", "ticket", "entry"), list(zip(places, batch.arrivals.tickets, batch.arrivals.entries, strict=True)))
    LogBatch(
        size=batch.size, root=batch.root, sequenced_at=batch.sequenced_at, oldest_queued_at=batch.oldest_queued_at,
        rows_sha256=batch.rows_sha256,
    ).save()


def _empty_queue(tickets: Sequence[int]) -> None:
    found = delete_rows(LogQueue, tickets)
    if found != len(tickets):
        raise QueueChanged(expected=len(tickets), found=found)


def digest_rows(
    previous: bytes, start: int, sequenced_at: datetime, oldest_queued_at: datetime,
    tickets: Sequence[int | None], leaf_hashes: Sequence[bytes],
) -> bytes:
    """SHA-256 over the previous batch's digest (b"" for the first) and this batch's rows, in the order of their indices."""
    numbers = [NO_TICKET if ticket is None else ticket for ticket in tickets]
    head = struct.pack(">qqq", start, microseconds(sequenced_at), microseconds(oldest_queued_at))
    return hashlib.sha256(previous + head + struct.pack(f">{len(numbers)}q", *numbers) + b"".join(leaf_hashes)).digest()


def microseconds(moment: datetime) -> int:
    """Since 1970, exact: both databases keep microseconds."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
