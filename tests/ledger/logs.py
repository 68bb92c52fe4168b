"""A log to try things on: deposits without evidence, a sequencer in this process, a judge that recomputes everything from scratch."""
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from common.bulk import insert_all, reserve
from common.object_store import ObjectStore
from ledger.keys import log_signer
from ledger.models import LogQueue, Receipt
from ledger.selectors import log_origin
from ledger.sequencer.batch import BATCH_ENTRIES
from ledger.sequencer.service import Sequencer
from ledger.sequencer.tiles import apply_tiles
from ledger.services import promise, queue_rows, receipt_row
from ledger.storage import log_store
from tlog.entry import Entry
from tlog.merkle import leaf_hash
from tlog.record_number import number_from


class Clock:
    """A clock that a test sets; it stands still unless told to `advance`."""

    def __init__(self, start: datetime | None = None) -> None:
        self.time = start or datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def entry(number: int) -> bytes:
    """The `number`-th entry of every test log."""
    return Entry("deposit", hashlib.sha256(b"statement %d" % number).digest(), hashlib.sha256(b"sm3 %d" % number).digest()).encode()


def record_number(number: int) -> str:
    """A record number; the same for the same `number`."""
    attempt = 0
    while True:
        found = number_from("20261123", hashlib.sha256(b"%d %d" % (number, attempt)).digest()[:10])
        if found is not None:
            return found
        attempt += 1


def deposit(first: int, count: int, *, at: datetime | None = None, batch: int = 1000) -> list[int]:
    """Queue entries `first` to `first + count`, with a receipt for each batch, as a deposit does; the tickets."""
    moment = at or timezone.now()
    tickets: list[int] = []
    for start in range(first, first + count, batch):
        numbers = range(start, min(start + batch, first + count))
        pairs = [(data, leaf_hash(data)) for data in map(entry, numbers)]
        with transaction.atomic():
            ids = reserve({LogQueue: len(pairs), Receipt: 1})
            leaves = [(record_number(number), leaf) for number, (_, leaf) in zip(numbers, pairs, strict=True)]
            receipt = promise(ids[Receipt][0], leaves, received_at=moment)
            insert_all([queue_rows(ids[LogQueue], pairs, queued_at=moment), receipt_row(receipt)])
            tickets += ids[LogQueue]
    return tickets


def sequencer(store: ObjectStore | None = None, clock: Callable[[], datetime] = timezone.now) -> Sequencer:
    """A sequencer in this process; loading it is a start-up."""
    return Sequencer(store or log_store(), log_signer(log_origin()), clock)


def grow(log: Sequencer, first: int, count: int, *, at: datetime | None = None) -> None:
    """Deposit and integrate; nothing is published."""
    deposit(first, count, at=at)
    integrate(log)


def integrate(log: Sequencer, *, batch_entries: int = BATCH_ENTRIES) -> None:
    """Commit the queue batch by batch, then make the tiles of all of it: what a sequencer that was killed finds at its start."""
    while log.commit_batch(batch_entries):
        continue
    apply_tiles(log.memory, log.store)


def leaves(count: int) -> Sequence[bytes]:
    return [leaf_hash(entry(number)) for number in range(count)]
