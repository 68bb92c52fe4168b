"""The sequencer's steps and cadences: what each leaves behind, in which order entries go, what ends the process."""
import threading
import time
from collections.abc import Callable
from datetime import datetime

import psycopg2
import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from common.object_store import FileObjectStore
from common.stopping import Stop
from ledger.models import Checkpoint, LogBatch, LogEntry, LogQueue, LogState, PublishedCheckpoint
from ledger.selectors import log_facts, places_of
from ledger.sequencer import batch
from ledger.sequencer.batch import NO_TICKET, digest_rows, microseconds
from ledger.sequencer.refusals import DatabaseRefuses, Refusal, StorageConflict, StorageDamaged
from ledger.sequencer.service import Sequencer, run
from ledger.storage import log_store, published_sizes, read_object
from tests.ledger.logs import deposit, entry, grow, integrate, leaves, sequencer
from tlog.checkpoint import parse_checkpoint
from tlog.merkle import leaf_hash, root_hash
from tlog.note import Verifier, open_note


def test_a_batch_moves_from_the_queue_into_the_log_and_is_published(service: str) -> None:
    tickets = deposit(0, 300)
    log = sequencer()
    assert log.sequence()
    assert log.publish()
    state = LogState.objects.get()
    assert (state.size, state.applied_size, state.published_size) == (300, 300, 300)
    assert bytes(state.root) == root_hash(leaves(300))
    assert not LogQueue.objects.exists()
    assert [place.entry for place in places_of(tickets).values()] == [entry(number) for number in range(300)]
    published = PublishedCheckpoint.objects.get()
    note = open_note(bytes(published.note), [Verifier.from_vkey(state.vkey)])
    assert parse_checkpoint(note.text).root == bytes(state.root)
    assert published_sizes(log_store()) == [300]
    assert read_object(log_store(), "published/300") == bytes(published.note)


def test_a_turn_with_nothing_to_do_does_nothing(service: str) -> None:
    log = sequencer()
    log.turn()
    assert not log.turn()
    assert log_facts().size == 0
    assert not Checkpoint.objects.exists()


def heard() -> Sequencer:
    """A sequencer that has heard its witnesses, as it does in its first turn: no batch is committed before."""
    log = sequencer()
    log.turn()
    return log


def test_a_batch_is_at_most_4096_entries_and_the_next_waits_for_its_interval(service: str, settings: Settings) -> None:
    settings.SEQUENCE_INTERVAL_S = 0.3
    deposit(0, 5000)
    log = heard()
    started = time.monotonic()
    log.turn()
    assert LogState.objects.get().size == batch.BATCH_ENTRIES
    log.turn()
    assert LogState.objects.get().size == batch.BATCH_ENTRIES
    while LogState.objects.get().size < 5000:
        log.turn()
    assert time.monotonic() - started >= 0.3


def test_a_checkpoint_is_signed_once_an_interval_and_only_when_there_is_something_new(service: str, settings: Settings) -> None:
    settings.SEQUENCE_INTERVAL_S, settings.CHECKPOINT_INTERVAL_S = 0.0, 0.4
    log = heard()
    for number in range(5):
        deposit(number, 1)
        log.turn()
    assert list(PublishedCheckpoint.objects.values_list("size", flat=True)) == [1]
    assert LogState.objects.get().applied_size == 5
    time.sleep(0.4)
    log.turn()
    log.turn()
    assert list(PublishedCheckpoint.objects.order_by("size").values_list("size", flat=True)) == [1, 5]


def test_many_batches_applied_at_once_give_the_same_tiles(service: str) -> None:
    deposit(0, 2000)
    log = sequencer()
    integrate(log, batch_entries=300)
    assert LogBatch.objects.count() == 7
    state = LogState.objects.get()
    assert (state.size, state.applied_size, bytes(state.root)) == (2000, 2000, root_hash(leaves(2000)))


def test_tiles_of_a_long_backlog_are_written_group_by_group(service: str, store: FileObjectStore) -> None:
    deposit(0, 20_000)
    log = sequencer()
    integrate(log)
    log.publish()
    assert LogState.objects.get().published_size == 20_000
    assert len(list(store.list("tile/entries/"))) == 79


def test_a_ticket_that_commits_late_is_taken_when_it_appears(service: str) -> None:
    """Its number is lower than the last one sequenced: whoever polls `id > last` would lose it for ever."""
    deposit(0, 3)
    log = sequencer()
    add = ticket_that_commits_late(service)
    deposit(5, 2)
    log.sequence()
    add()
    assert log.sequence()
    tickets = list(LogEntry.objects.order_by("index").values_list("ticket", flat=True))
    assert len(tickets) == 6
    assert tickets[-1] < tickets[-2]


def ticket_that_commits_late(url: str) -> Callable[[], None]:
    """Take a ticket now; the function that is returned inserts its row and commits."""
    data = entry(99)
    if connection.vendor == "sqlite":
        # SQLite has one writer at a time and no such rows; this is what one would look like.
        def insert() -> None:
            LogQueue(pk=1000, entry=data, leaf_hash=leaf_hash(data), queued_at=timezone.now()).save(force_insert=True)

        insert()
        LogQueue.objects.filter(pk=1000).delete()
        return insert
    other = psycopg2.connect(url)
    with other.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_logqueue (entry, leaf_hash, queued_at) VALUES (%s, %s, now())", [data, leaf_hash(data)])

    def commit() -> None:
        other.commit()
        other.close()

    return commit


def test_the_digest_of_a_batch_covers_tickets_and_times() -> None:
    moment = datetime.fromisoformat("2026-11-23T08:00:00.123456+00:00")
    assert microseconds(moment) == 1_795_420_800_123_456
    base = digest_rows(b"", 0, moment, moment, [1, None], leaves(2))
    assert base == digest_rows(b"", 0, moment, moment, [1, NO_TICKET], leaves(2))
    later = moment.replace(microsecond=123457)
    others = [
        digest_rows(b"x", 0, moment, moment, [1, None], leaves(2)), digest_rows(b"", 1, moment, moment, [1, None], leaves(2)),
        digest_rows(b"", 0, later, moment, [1, None], leaves(2)), digest_rows(b"", 0, moment, later, [1, None], leaves(2)),
        digest_rows(b"", 0, moment, moment, [2, None], leaves(2)), digest_rows(b"", 0, moment, moment, [1, None], leaves(3)[1:]),
    ]
    assert len({base, *others}) == 7


def run_once(make: Callable[[], Sequencer]) -> None:
    """The process's loop, stopped by whatever it refuses; for at most a few seconds."""
    stop = Stop()
    watchdog = threading.Timer(10, stop.ask)
    watchdog.start()
    try:
        run(make, stop)
    finally:
        watchdog.cancel()


def foreign_tile(store: FileObjectStore) -> None:
    store.put_new("tile/0/000", [bytes(8192)])
    deposit(10, 600)


def short_tile(store: FileObjectStore) -> None:
    deposit(10, 1)
    store.put_new("tile/0/000.p/11", [b"short"])


def foreign_entry(store: FileObjectStore) -> None:
    LogEntry(index=10, ticket=None, entry=b"foreign").save()
    deposit(10, 1)


@pytest.mark.parametrize(
    ("spoil", "refusal"), [(foreign_tile, StorageConflict), (short_tile, StorageConflict), (foreign_entry, DatabaseRefuses)])
def test_what_nobody_may_have_written_ends_the_process(
    store: FileObjectStore, spoil: Callable[[FileObjectStore], None], refusal: type[Refusal]
) -> None:
    log = sequencer()
    grow(log, 0, 10)
    log.publish()
    spoil(store)
    with pytest.raises(refusal):
        run_once(lambda: log)
    assert LogState.objects.get().published_size == 10


def test_a_tile_that_is_damaged_while_the_process_runs_ends_it(store: FileObjectStore) -> None:
    log = sequencer()
    grow(log, 0, 300)
    (store.root / "tile/entries/000").write_bytes(b"\xff")
    with pytest.raises(StorageDamaged):
        run_once(lambda: log)
    assert not Checkpoint.objects.exists()
