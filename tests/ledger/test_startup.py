"""What the sequencer refuses at start-up and while it works, each with one sentence in both languages."""
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from common.key_files import key_path
from common.object_store import FileObjectStore
from ledger.keys import first_signer, log_signer
from ledger.models import Checkpoint, LogBatch, LogEntry, LogQueue, LogState, PublishedCheckpoint
from ledger.sequencer import refusals
from ledger.sequencer.batch import Arrivals, commit, plan
from ledger.sequencer.refusals import LostRace, Refusal
from ledger.sequencer.service import Sequencer
from ledger.sequencer.tiles import apply_tiles
from tests.ledger.logs import Clock, deposit, entry, grow, sequencer
from tlog.checkpoint import format_checkpoint
from tlog.merkle import EMPTY_ROOT, leaf_hash
from tlog.note import Signer, sign_note


@pytest.fixture
def grown(store: FileObjectStore) -> FileObjectStore:
    """A log of 300 published entries."""
    log = sequencer()
    grow(log, 0, 300)
    log.publish()
    return store


@contextmanager
def refused(refusal: type[Refusal], match: str = "") -> Iterator[None]:
    """The block is refused with this refusal, in Chinese and in English."""
    with pytest.raises(refusal, match=match) as caught:
        yield
    text = str(caught.value)
    assert text.startswith(f"[{refusal.code}] ")
    assert re.search(r"[一-鿿].*。.*[a-z]{4}.*\.$", text), text


def test_every_refusal_has_a_code_of_its_own() -> None:
    found = [value for value in vars(refusals).values() if isinstance(value, type) and issubclass(value, Refusal) and value is not Refusal]
    assert len({refusal.code for refusal in found}) == len(found)


def test_a_service_that_was_not_set_up_is_named(database: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="init_service"):
        sequencer()


def test_a_missing_append_only_guard_is_refused(grown: FileObjectStore) -> None:
    with connection.cursor() as cursor:
        on = " ON ledger_logentry" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER ledger_logentry_no_update{on}")
    with refused(refusals.GuardMissing, "ledger_logentry_no_update"):
        sequencer()


def test_another_key_is_refused(grown: FileObjectStore) -> None:
    LogState.objects.update(vkey=Signer.from_seed(LogState.objects.get().origin, bytes(32)).vkey)
    with refused(refusals.KeyMissing, "never by replacing the file"):
        sequencer()


def test_a_checkpoint_by_another_key_is_refused(grown: FileObjectStore) -> None:
    key_path("log").write_bytes(bytes(32))
    origin = LogState.objects.get().origin
    LogState.objects.update(vkey=Signer.from_seed(origin, bytes(32)).vkey)
    with refused(refusals.OtherKey, "Checkpoint 300"):
        Sequencer(grown, log_signer(origin), timezone.now)


@pytest.mark.parametrize("origin", ["example.org/other", ""])
def test_a_published_copy_of_another_log_is_refused(grown: FileObjectStore, origin: str) -> None:
    state = LogState.objects.get()
    signer = Signer.from_seed(origin or state.origin, b"x" * 32)
    note = sign_note(format_checkpoint(origin=origin or state.origin, size=400, root=EMPTY_ROOT), [signer])
    grown.put_new("published/400", [note])
    with refused(refusals.OtherKey, "published/400"):
        sequencer()


def test_a_published_copy_under_a_name_of_another_size_is_refused(grown: FileObjectStore) -> None:
    grown.put_new("published/200", [(grown.root / "published/300").read_bytes()])
    (grown.root / "published/300").unlink()
    with refused(refusals.OtherKey, "published/200"):
        sequencer()


def test_a_storage_of_another_folder_is_refused(grown: FileObjectStore, tmp_path: Path) -> None:
    with refused(refusals.StorageOlder, "tile"):
        sequencer(FileObjectStore(tmp_path / "empty"))


def test_a_storage_restored_from_an_old_copy_is_refused(grown: FileObjectStore, tmp_path: Path) -> None:
    shutil.copytree(grown.root, tmp_path / "old")
    log = sequencer()
    grow(log, 300, 300)
    log.publish()
    with refused(refusals.StorageOlder, "tile/0/001"):
        sequencer(FileObjectStore(tmp_path / "old"))


def test_damaged_tiles_of_the_published_size_are_refused(grown: FileObjectStore) -> None:
    path = grown.root / "tile/0/001.p/44"
    path.write_bytes(bytes(44 * 32))
    with refused(refusals.RootMismatch, "size 300"):
        sequencer()


def test_a_full_tile_that_is_cut_short_is_refused(grown: FileObjectStore) -> None:
    (grown.root / "tile/0/000").write_bytes(b"short")
    with refused(refusals.StorageDamaged, "tile/0/000"):
        sequencer()


def test_a_batch_row_that_is_gone_is_refused(grown: FileObjectStore) -> None:
    LogState.objects.update(size=301)
    with refused(refusals.RowsMissing, "301"):
        sequencer()


def test_a_published_row_that_is_gone_is_refused(grown: FileObjectStore) -> None:
    LogState.objects.update(size=301, applied_size=301, published_size=301)
    with refused(refusals.RowsMissing, "301"):
        sequencer()


def test_a_clock_behind_the_log_is_refused(store: FileObjectStore) -> None:
    clock = Clock()
    log = sequencer(clock=clock)
    grow(log, 0, 3, at=clock())
    log.publish()
    clock.advance(-0.9)
    sequencer(clock=clock)
    clock.advance(-0.2)
    with refused(refusals.ClockBehind, r"1 s behind"):
        sequencer(clock=clock)


def test_a_clock_that_goes_back_while_running_stops_the_sequencer_before_anything_is_written(store: FileObjectStore) -> None:
    clock = Clock()
    log = sequencer(clock=clock)
    grow(log, 0, 3, at=clock())
    clock.advance(-3600)
    deposit(3, 1, at=clock())
    with refused(refusals.ClockBehind, r"3600 s behind"):
        log.sequence()
    assert LogState.objects.get().size == 3
    assert LogQueue.objects.count() == 1


def test_the_time_of_the_log_stands_still_while_the_clock_is_corrected(store: FileObjectStore) -> None:
    clock = Clock()
    log = sequencer(clock=clock)
    for number in range(5):
        grow(log, number, 1, at=clock())
        clock.advance(-0.2)
    assert len(set(LogBatch.objects.values_list("sequenced_at", flat=True))) == 1


def test_a_database_that_may_lose_commits_is_refused(grown: FileObjectStore) -> None:
    if connection.vendor == "sqlite":
        # The embedded database is opened with synchronous=FULL by the settings; nothing else can be configured.
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous")
            assert cursor.fetchone() == (2,)
        return
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    with refused(refusals.NotDurable, "synchronous_commit"):
        sequencer()


def test_a_queue_row_whose_entry_was_changed_is_never_logged(store: FileObjectStore) -> None:
    [ticket] = deposit(0, 1)
    LogQueue.objects.update(entry=entry(1))
    log = sequencer()
    with refused(refusals.LeafMismatch, f"ticket {ticket}"):
        log.sequence()
    assert LogState.objects.get().size == 0


def test_queue_rows_that_somebody_else_deletes_stop_the_commit(store: FileObjectStore) -> None:
    deposit(0, 3)
    log = sequencer()
    leaves = [leaf_hash(entry(number)) for number in range(4)]
    batch = plan(log.memory, Arrivals([1, 2, 3, 99], [entry(number) for number in range(4)], leaves, None), timezone.now)
    with refused(refusals.QueueChanged, "3 of 4"):
        commit(log.memory, batch)
    assert LogState.objects.get().size == 0
    assert not LogEntry.objects.exists()


def test_a_row_that_was_changed_after_the_commit_is_never_signed(store: FileObjectStore) -> None:
    deposit(0, 300)
    log = sequencer()
    assert log.commit_batch(300)
    tamper_entry(7)
    with refused(refusals.RootMismatch, "apply.*size 300"):
        apply_tiles(log.memory, store)
    assert not (store.root / "tile").exists()
    assert not Checkpoint.objects.exists()


def tamper_entry(index: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        on = " ON ledger_logentry" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER ledger_logentry_no_update{on}")
        cursor.execute('UPDATE ledger_logentry SET entry = %s WHERE "index" = %s', [entry(1_000_000), index])


@pytest.mark.parametrize("name", ["tile/0/000", "tile/entries/000", "tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"])
def test_a_bit_that_flips_in_storage_before_the_signature_is_never_signed(store: FileObjectStore, name: str) -> None:
    log = sequencer()
    grow(log, 0, 300)
    path = store.root / name
    if path.exists():
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        expected: tuple[type[Refusal], ...] = (refusals.LeafMismatch, refusals.RootMismatch)
        with pytest.raises(expected):
            log.publish()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"something else")
        with pytest.raises(Exception, match=re.escape(name)):
            log.publish()
    assert not Checkpoint.objects.exists()
    assert not PublishedCheckpoint.objects.exists()


def test_another_checkpoint_of_the_same_size_is_never_signed(store: FileObjectStore) -> None:
    log = sequencer()
    grow(log, 0, 3)
    signer = first_signer(log.memory.origin)
    note = sign_note(format_checkpoint(origin=log.memory.origin, size=3, root=EMPTY_ROOT), [signer])
    Checkpoint.objects.create(size=3, root=EMPTY_ROOT, note=note, signed_at=timezone.now())
    with refused(refusals.OtherHistory, "size 3"):
        log.publish()


def test_a_copy_that_a_crash_left_unwritten_is_written_at_start_up(grown: FileObjectStore) -> None:
    note = (grown.root / "published/300").read_bytes()
    (grown.root / "published/300").unlink()
    sequencer()
    assert (grown.root / "published/300").read_bytes() == note


def test_the_command_ends_with_code_3_and_the_sentence(grown: FileObjectStore, caplog: pytest.LogCaptureFixture) -> None:
    LogState.objects.update(frozen_at=timezone.now())
    with pytest.raises(SystemExit) as ended:
        call_command("sequence")
    assert ended.value.code == 3
    assert "The log is frozen since" in caplog.text


class StoreWhereSomebodyPublishes(FileObjectStore):
    """The first time that it is asked for the published copy, another sequencer publishes first."""

    quiet = False

    def list(self, prefix: str) -> Iterator[str]:
        if prefix == "published/" and not self.quiet:
            self.quiet = True
            other = sequencer(FileObjectStore(self.root))
            other.sequence()
            other.publish()
        return super().list(prefix)


def test_another_sequencer_at_work_while_loading_is_no_other_history(grown: FileObjectStore) -> None:
    deposit(300, 1)
    store = StoreWhereSomebodyPublishes(grown.root)
    with pytest.raises(LostRace, match="while it was being loaded"):
        sequencer(store)
    assert sequencer(store).memory.published_size == 301


def test_a_root_in_the_state_row_that_is_not_that_of_the_entries_is_refused(grown: FileObjectStore) -> None:
    LogState.objects.update(root=bytes(32))
    with refused(refusals.RootMismatch, "load.*size 300"):
        sequencer()
