"""Two sequencers started by mistake: one history, one winner at every step, and the loser says so."""
import random
import signal
import time
from pathlib import Path

import pytest
from django.utils import timezone

from common.object_store import FileObjectStore
from ledger.fsck import examine_log
from ledger.models import Checkpoint, LogQueue, LogState, PublishedCheckpoint
from ledger.sequencer import batch
from ledger.sequencer.checkpoints import publish_checkpoint, sign_checkpoint
from ledger.sequencer.refusals import LostRace
from ledger.sequencer.tiles import apply_tiles
from tests.faults.sizes import sized
from tests.ledger.logs import deposit, leaves, sequencer
from tests.ledger.processes import sequencers, wait_until
from tlog.merkle import root_hash

STOPS = sized(60, 200)
SEQUENCERS = 4


def test_the_second_to_commit_loses_and_finds_nothing_changed(store: FileObjectStore) -> None:
    one, other = sequencer(), sequencer()
    deposit(0, 3)
    planned = batch.plan(one.memory, batch.read_queue(10), timezone.now)
    other.sequence()
    deposit(3, 2)
    with pytest.raises(LostRace, match="no longer at size 0"):
        batch.commit(one.memory, planned)
    assert LogState.objects.get().size == 3
    assert LogQueue.objects.count() == 2
    fresh = sequencer()
    fresh.sequence()
    fresh.publish()
    assert bytes(LogState.objects.get().root) == root_hash(leaves(5))
    assert list(examine_log()) == []


def test_a_sequencer_that_slept_over_somebody_elses_start_up_loses_the_tiles(store: FileObjectStore) -> None:
    deposit(0, 300)
    slept = sequencer()
    slept.commit_batch(300)
    sequencer()
    with pytest.raises(LostRace, match="tiles are no longer at size 0"):
        apply_tiles(slept.memory, store)
    assert LogState.objects.get().applied_size == 300


def test_an_older_size_is_never_signed_after_a_newer_one(store: FileObjectStore) -> None:
    deposit(0, 3)
    slept = sequencer()
    slept.sequence()
    awake = sequencer()
    deposit(3, 3)
    awake.sequence()
    awake.publish()
    with pytest.raises(LostRace, match="no longer at size 3"):
        slept.publish()
    assert list(Checkpoint.objects.values_list("size", flat=True)) == [6]


def test_of_two_that_sign_one_size_one_publishes(store: FileObjectStore) -> None:
    deposit(0, 3)
    slept = sequencer()
    slept.sequence()
    awake = sequencer()
    checkpoint = sign_checkpoint(slept.memory, store, slept.signer, timezone.now)
    awake.publish()
    with pytest.raises(LostRace, match="published size is no longer 0"):
        publish_checkpoint(slept.memory, checkpoint, bytes(checkpoint.note), store, timezone.now)
    assert (Checkpoint.objects.count(), PublishedCheckpoint.objects.count()) == (1, 1)
    assert list(examine_log()) == []


@pytest.mark.slow
def test_sequencers_that_are_stopped_and_continued_at_random_write_one_history(service: str, var_dir: Path) -> None:
    chance = random.Random(4)
    deposited = 0
    with sequencers(SEQUENCERS, service, var_dir) as processes:
        for _ in range(STOPS):
            sleeper = chance.choice(processes)
            # Before somebody sleeps: on SQLite one who was stopped in his transaction keeps every other from writing, us too.
            deposit(deposited, 40)
            deposited += 40
            time.sleep(chance.random() * 0.05)
            sleeper.send(signal.SIGSTOP)
            # Longer than any cadence: the others go on, unless the sleeper was stopped while it held the database.
            time.sleep(0.1 + chance.random() * 0.1)
            sleeper.send(signal.SIGCONT)
        wait_until(lambda: LogState.objects.get().published_size == deposited)
        assert [process.stop() for process in processes] == [0] * SEQUENCERS
    state = LogState.objects.get()
    assert bytes(state.root) == root_hash(leaves(deposited))
    assert not LogQueue.objects.exists()
    assert list(examine_log()) == []
    assert any("another sequencer was faster" in process.said for process in processes)
