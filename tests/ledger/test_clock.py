"""T11: time in the log never goes back. A clock that steps back ends the sequencer with an alarm, and it signs nothing earlier."""
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.utils import timezone

from common.object_store import ObjectStore
from ledger.fsck import examine_log
from ledger.models import Checkpoint, LogBatch, LogQueue, LogState, PublishedCheckpoint
from ledger.sequencer.refusals import ClockBehind
from tests.ledger.logs import Clock, deposit, grow, integrate, sequencer
from tests.ledger.processes import SequencerProcess, wait_until

ALARM = r"CRITICAL ledger.management.commands.sequence SEQUENCER STOPPED [clock-behind] "


def published_is(size: int) -> bool:
    return LogState.objects.get().published_size == size


def times_never_go_back() -> bool:
    """Of batches, of signatures and of publications, each in the order of sizes."""
    columns = (
        LogBatch.objects.order_by("size").values_list("sequenced_at", flat=True),
        Checkpoint.objects.order_by("size").values_list("signed_at", flat=True),
        PublishedCheckpoint.objects.order_by("size").values_list("published_at", flat=True),
    )
    return all(earlier <= later for times in columns for earlier, later in pairwise(times))


@contextmanager
def stepping(service: str, var_dir: Path, offset: Path) -> Iterator[SequencerProcess]:
    process = SequencerProcess(service, var_dir, words=("-m", "tests.ledger.stepping_clock", str(offset)))
    try:
        yield process
    finally:
        process.process.kill()
        process.process.wait()


def set_offset(file: Path, seconds: float) -> None:
    """The file is never seen half-written."""
    partial = file.with_suffix(".partial")
    partial.write_text(str(seconds), encoding="ascii")
    partial.replace(file)


@pytest.mark.parametrize("back_s", [2, 3600, 10 * 365 * 86_400], ids=["2 s", "1 h", "10 y"])
def test_a_clock_that_steps_back_under_a_running_sequencer_stops_it_with_an_alarm(
    service: str, var_dir: Path, tmp_path: Path, back_s: int
) -> None:
    offset = tmp_path / "offset"
    set_offset(offset, 0)
    with stepping(service, var_dir, offset) as process:
        process.wait_until_ready()
        deposit(0, 3)
        wait_until(lambda: published_is(3))
        set_offset(offset, -back_s)
        deposit(3, 1)
        assert process.process.wait(timeout=30) == 3
        [alarm] = [line for line in process.said.splitlines() if "CRITICAL" in line]
        assert ALARM in alarm
        assert "time in the log never goes back. Set the clock right." in alarm
        assert "Traceback" not in process.said
    assert LogState.objects.get().size == 3
    assert list(Checkpoint.objects.values_list("size", flat=True)) == [3]
    assert LogQueue.objects.count() == 1, "what was acknowledged waits"
    set_offset(offset, 0)
    with stepping(service, var_dir, offset) as process:
        wait_until(lambda: published_is(4))
    assert times_never_go_back()
    assert list(examine_log()) == []


def test_a_sequencer_does_not_start_before_the_time_of_its_log(service: str, store: ObjectStore, var_dir: Path) -> None:
    """The real program on the real clock: the log was written by a machine whose clock was an hour ahead."""
    ahead = Clock(timezone.now() + timedelta(hours=1))
    log = sequencer(clock=ahead)
    grow(log, 0, 3, at=ahead())
    log.publish()
    process = SequencerProcess(service, var_dir)
    assert process.process.wait(timeout=30) == 3
    [alarm] = [line for line in process.said.splitlines() if "CRITICAL" in line]
    assert ALARM in alarm
    assert Checkpoint.objects.count() == 1


def test_whatever_the_clock_does_no_time_in_the_log_goes_back(store: ObjectStore) -> None:
    """Jumps of an hour and of ten years in both directions, small corrections, and a clock that stands still."""
    chance = random.Random(20261124)
    clock = Clock()
    steps = (0.0, 0.5, -0.5, -0.9, 7.0, -7.0, 3600.0, -3600.0, 86_400 * 3650.0, -86_400 * 3650.0)
    log, refusals = sequencer(clock=clock), 0
    last = clock()
    for number in range(60):
        clock.advance(chance.choice(steps))
        deposit(number, 1, at=clock())
        try:
            integrate(log)
            log.publish()
        except ClockBehind:
            refusals += 1
            signed = Checkpoint.objects.count()
            with suppress(ClockBehind):
                sequencer(clock=clock)
            assert Checkpoint.objects.count() == signed
            clock.time = last  # an operator sets it right
            log = sequencer(clock=clock)
        last = max(last, clock())
        assert times_never_go_back()
    assert refusals > 10
    assert Checkpoint.objects.count() > 10
