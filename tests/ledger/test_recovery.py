"""An old backup is restored: the sequencer refuses, `log_recover` takes back what storage holds or freezes the log."""
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from common.failpoints import InjectedFault
from common.object_store import FileObjectStore
from ledger.closing import close_log
from ledger.errors import LogClosed, LogFrozen
from ledger.fsck import examine_log
from ledger.incidents import incidents
from ledger.keys import first_signer
from ledger.models import LogEntry, LogQueue, LogState
from ledger.recovery import open_incidents_of_losses, recover
from ledger.selectors import closing, published_note
from ledger.sequencer.refusals import DatabaseOlder, LogIsClosed, LogIsFrozen, LostRace, OtherHistory
from ledger.services import refuse_when_behind
from ledger.storage import CLOSING_COPY
from tests.ledger.faults import failing
from tests.ledger.logs import deposit, entry, grow, leaves, sequencer
from tlog.checkpoint import format_checkpoint
from tlog.merkle import leaf_hash, root_hash
from tlog.note import sign_note

Backup = Callable[[], AbstractContextManager[None]]


def publish(count: int, first: int = 0) -> None:
    log = sequencer()
    grow(log, first, count)
    log.publish()


def test_a_restored_old_database_is_refused_and_recovered_to_the_published_checkpoint(backup: Backup, store: FileObjectStore) -> None:
    publish(300)
    with backup():
        publish(400, first=300)
        note = published_note()
    with pytest.raises(DatabaseOlder, match="database 300, storage 700"):
        sequencer()
    recovery = recover(store, timezone.now)
    assert (recovery.replayed, recovery.published_size, recovery.frozen) == (400, 700, None)
    assert [lost.leaf_hash for lost in recovery.lost] == leaves(700)[300:]
    assert published_note() == note
    assert LogEntry.objects.filter(ticket=None).count() == 400
    assert list(examine_log()) == []
    publish(10, first=700)
    assert bytes(LogState.objects.get().root) == root_hash(leaves(710))


def test_entries_whose_queue_rows_survived_are_not_lost_and_not_logged_twice(backup: Backup, store: FileObjectStore) -> None:
    publish(5)
    tickets = deposit(5, 3)
    with backup():
        publish(2, first=8)
    assert LogQueue.objects.count() == 3
    recovery = recover(store, timezone.now)
    assert (recovery.replayed, [lost.index for lost in recovery.lost]) == (5, [8, 9])
    assert list(LogEntry.objects.filter(ticket__in=tickets).values_list("index", flat=True)) == [5, 6, 7]
    assert not LogQueue.objects.exists()
    assert list(examine_log()) == []


def test_entries_applied_beyond_the_published_checkpoint_come_back_too(backup: Backup, store: FileObjectStore) -> None:
    publish(10)
    with backup():
        log = sequencer()
        grow(log, 10, 600)
    with pytest.raises(DatabaseOlder, match="database 10, storage 256"):
        sequencer()
    # 98 entries stood in no full bundle and in no signed size: nothing outside the database ever held them.
    recovery = recover(store, timezone.now)
    assert (recovery.replayed, recovery.published_size) == (502, 10)
    publish(4, first=700)
    assert bytes(LogState.objects.get().root) == root_hash([*leaves(512), *(leaf_hash(entry(number)) for number in range(700, 704))])
    assert list(examine_log()) == []


@pytest.mark.parametrize("place", ["ledger.batch-committed", "ledger.published"])
def test_a_recovery_may_be_interrupted_and_repeated(backup: Backup, store: FileObjectStore, place: str) -> None:
    publish(1)
    with backup():
        publish(5000, first=1)
        publish(1, first=5001)
    with failing(place), pytest.raises(InjectedFault):
        recover(store, timezone.now)
    again = recover(store, timezone.now)
    assert (again.published_size, LogState.objects.get().size) == (5002, 5002)
    assert list(examine_log()) == []


def test_incidents_of_losses_are_opened_once_even_when_the_command_was_killed_in_between(backup: Backup, store: FileObjectStore) -> None:
    publish(1)
    with backup():
        publish(3, first=1)
    recover(store, timezone.now)
    killed = open_incidents_of_losses(timezone.now)
    assert next(killed).index == 1
    assert [lost.index for lost in open_incidents_of_losses(timezone.now)] == [2, 3]
    assert list(open_incidents_of_losses(timezone.now)) == []


def test_a_closing_that_the_database_forgot_comes_back_and_nothing_is_taken_again(
    backup: Backup, store: FileObjectStore, settings: Settings
) -> None:
    settings.TSAS = ""
    publish(2)
    with backup():
        said = close_log(None, timezone.now)
        log = sequencer()
        log.sequence()
        log.publish()
        with pytest.raises(LogIsClosed):
            log.close()
    refuse_when_behind(now=timezone.now() + timedelta(seconds=2))
    recovery = recover(store, timezone.now)
    assert (recovery.replayed, recovery.lost, closing()) == (1, (), said)
    with pytest.raises(LogClosed):
        refuse_when_behind(now=timezone.now() + timedelta(seconds=4))
    with pytest.raises(LogIsClosed):
        sequencer().close()
    assert list(examine_log()) == []


def test_a_closing_that_nobody_promised_freezes_the_log(backup: Backup, store: FileObjectStore, settings: Settings) -> None:
    settings.TSAS = ""
    publish(2)
    with backup():
        close_log(None, timezone.now)
        sequencer().close()
    path = store.root / CLOSING_COPY
    path.write_text(path.read_text().replace('"receipt"', '"rcpt"'))
    assert recover(store, timezone.now).frozen
    assert any("the database does not know" in str(finding) for finding in examine_log())


def test_nothing_to_recover_changes_nothing(store: FileObjectStore) -> None:
    publish(300)
    assert recover(store, timezone.now).replayed == 0
    assert recover(store, timezone.now).lost == ()
    assert list(examine_log()) == []


def other_history(backup: Backup, store: FileObjectStore, elsewhere: Path) -> None:
    """Storage of one history up to 305, a database of another: its own went on in a copy of the storage."""
    publish(300)
    shutil.copytree(store.root, elsewhere)
    with backup():
        publish(5, first=300)
    deposit(9000, 3)
    forked = sequencer(FileObjectStore(elsewhere))
    forked.sequence()
    forked.publish()


def test_a_database_of_another_history_freezes_the_log(backup: Backup, store: FileObjectStore, tmp_path: Path) -> None:
    other_history(backup, store, tmp_path / "elsewhere")
    with pytest.raises(DatabaseOlder, match="database 303, storage 305"):
        sequencer()
    recovery = recover(store, timezone.now)
    assert recovery.frozen == "database and storage differ between the entries 0 and 303"
    for refused in (sequencer, lambda: recover(store, timezone.now)):
        with pytest.raises(LogIsFrozen):
            refused()
    with pytest.raises(LogFrozen):
        refuse_when_behind(now=timezone.now())
    assert any("frozen" in finding.what for finding in examine_log())


def test_a_database_of_another_history_with_equal_size_is_refused(backup: Backup, store: FileObjectStore, tmp_path: Path) -> None:
    publish(300)
    shutil.copytree(store.root, tmp_path / "elsewhere")
    with backup():
        publish(3, first=300)
    deposit(9000, 3)
    forked = sequencer(FileObjectStore(tmp_path / "elsewhere"))
    forked.sequence()
    forked.publish()
    with pytest.raises(OtherHistory, match="size 303"):
        sequencer()


def test_the_command_lists_each_lost_statement_and_says_so_by_its_exit_code(
    backup: Backup, store: FileObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(2)
    with backup():
        publish(2, first=2)
    with pytest.raises(SystemExit) as lost:
        call_command("log_recover")
    assert lost.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0:2] for line in lines[1:]] == [["incident", "index=2"], ["incident", "index=3"]]
    assert [incident.subject for incident in incidents()] == ["entry 3", "entry 2"]
    assert all(incident.statement for incident in incidents())
    call_command("log_recover")
    assert "Replayed 0 entries; published size 4" in capsys.readouterr().out


def test_the_command_freezes_with_exit_code_2_and_refuses_with_3(
    backup: Backup, store: FileObjectStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other_history(backup, store, tmp_path / "elsewhere")
    with pytest.raises(SystemExit) as frozen:
        call_command("log_recover")
    assert frozen.value.code == 2
    assert "The log is frozen: database and storage differ" in capsys.readouterr().err
    with pytest.raises(CommandError, match="The log is frozen since") as refused:
        call_command("log_recover")
    assert refused.value.returncode == 3


def test_a_log_without_any_checkpoint_has_nothing_to_recover(store: FileObjectStore) -> None:
    assert recover(store, timezone.now).replayed == 0
    grow(sequencer(), 0, 300)
    recovery = recover(store, timezone.now)
    assert (recovery.replayed, recovery.published_size, recovery.frozen) == (0, 0, None)


def damaged_bundle(store: FileObjectStore) -> None:
    (store.root / "tile/entries/000").write_bytes(b"\xff")


def missing_bundle(store: FileObjectStore) -> None:
    for path in (store.root / "tile/entries").iterdir():
        if path.is_file():
            path.unlink()


def other_entry(store: FileObjectStore) -> None:
    path = store.root / "tile/entries/001.p/50"
    data = path.read_bytes()
    path.write_bytes(data[:-2] + b"x" + data[-1:])


def other_published_root(store: FileObjectStore) -> None:
    state = LogState.objects.get()
    text = format_checkpoint(origin=state.origin, size=306, root=bytes(32))
    store.delete("published/306")
    store.put_new("published/306", [sign_note(text, [first_signer(state.origin)])])


def other_state_root(store: FileObjectStore) -> None:
    LogState.objects.update(root=bytes(32))


@pytest.mark.parametrize("damage", [damaged_bundle, missing_bundle, other_entry, other_published_root, other_state_root])
def test_whatever_does_not_lead_to_both_roots_freezes_the_log_and_changes_no_entry(
    backup: Backup, store: FileObjectStore, damage: Callable[[FileObjectStore], None]
) -> None:
    publish(300)
    with backup():
        publish(6, first=300)
    damage(store)
    recovery = recover(store, timezone.now)
    assert recovery.frozen
    state = LogState.objects.get()
    assert (state.size, state.frozen_at is None) == (300, False)
    assert LogEntry.objects.count() == 300


def test_a_running_sequencer_is_noticed_and_nothing_is_replayed_over_it(
    backup: Backup, store: FileObjectStore
) -> None:
    publish(300)
    with backup():
        publish(6, first=300)
    moving = StoreWhereTheStateMoves(store.root)
    with pytest.raises(LostRace, match="no longer at size 300"):
        recover(moving, timezone.now)
    assert LogEntry.objects.count() == 300


class StoreWhereTheStateMoves(FileObjectStore):
    """Reading the partial bundle, the last thing before the replay, somebody moves the state."""

    def open(self, name: str) -> BinaryIO:
        if name.startswith("tile/entries/001.p/"):
            LogState.objects.update(size=301)
        return super().open(name)
