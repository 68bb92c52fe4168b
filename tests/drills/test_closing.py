"""A log is closed while depositors are at work, whoever dies meanwhile, and its successor takes over: with the real processes."""
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import process_environment
from tests.databases import ROOT, Template
from tests.drills.installations import Installation, installation
from tests.ledger.processes import wait_until
from tlog.encoding import encode_base64
from tlog.merkle import leaf_hash
from tlog.tiles import TILE_WIDTH, entries_path, parse_bundle

KILLED = -9
DEPOSITORS = 3


@pytest.fixture
def place(database_template: Template, tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path / "old", database_template, CUNZHENG_ORIGIN="log.example/2026") as first:
        yield first


@contextmanager
def depositors(place: Installation) -> Iterator[list[Path]]:
    """Depositors that go on until the log is closed; each one's file of acknowledgements."""
    files = [place.var / f"depositor-{number}" for number in range(DEPOSITORS)]
    environment = process_environment(place.database, place.var, **place.environment)
    deposited = place.run("-m", "tests.drills.depositor", "first", "1", "1", str(files[0]))  # organisation and key, once
    assert deposited.returncode == 0, deposited.stderr
    words = [sys.executable, "-m", "tests.drills.depositor"]
    running = [subprocess.Popen([*words, file.name, "0", "3", str(file)], cwd=ROOT, env=environment) for file in files]
    try:
        wait_until(lambda: all(file.exists() and file.read_text().count("\n") > 3 for file in files))
        yield files
        assert [process.wait(60) for process in running] == [0] * DEPOSITORS
    finally:
        for process in running:
            process.kill()
            process.wait()


def promised(files: Sequence[Path]) -> set[str]:
    """Every leaf that was acknowledged; each depositor was told in the end that the log is closed."""
    lines = [file.read_text().splitlines() for file in files]
    assert [each[-1] for each in lines] == ["closed"] * len(files)
    return {leaf for each in lines for line in each[:-1] for leaf in json.loads(line)["leaves"]}


def logged(place: Installation, size: int) -> list[str]:
    """The leaves of the published log, from its bundles alone."""
    leaves: list[str] = []
    for index in range(-(-size // TILE_WIDTH)):
        width = min(TILE_WIDTH, size - index * TILE_WIDTH)
        data = (place.var / "log" / entries_path(index, width)).read_bytes()
        leaves += [encode_base64(leaf_hash(entry)) for entry in parse_bundle(data)]
    return leaves


def judge(place: Installation, files: Sequence[Path]) -> None:
    """Everything acknowledged is in the final checkpoint, and nothing but the closing stands after it."""
    state = place.told()
    size = int(state["published"])
    assert size == state["size"]
    leaves = logged(place, size)
    assert promised(files) == set(leaves[:-1])
    assert len(leaves) == len(set(leaves)) == size
    examined = place.manage("fsck")
    assert (examined.returncode, examined.stdout.strip()) == (0, "fsck：未发现问题 / nothing is wrong")


@pytest.mark.slow
def test_what_was_acknowledged_while_the_log_closed_is_in_the_final_checkpoint(place: Installation) -> None:
    with place.sequencer() as running:
        running.wait_until_ready()
        with depositors(place) as files:
            closed = place.manage("close_log")
            assert closed.returncode == 0, closed.stderr
        assert running.process.wait(60) == 0
    judge(place, files)
    again = place.manage("sequence")
    assert (again.returncode, "log-closed" in again.stdout, again.stdout.count("\n")) == (0, True, 1)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["ledger.closing-written", "ledger.closing-committed"])
def test_a_closing_command_that_is_killed_is_run_again(place: Installation, point: str) -> None:
    with place.sequencer() as running, depositors(place) as files:
        running.wait_until_ready()
        place.environment["CUNZHENG_FAILPOINTS"] = f"{point}=kill"
        assert place.manage("close_log").returncode == KILLED
        del place.environment["CUNZHENG_FAILPOINTS"]
        assert place.manage("close_log").returncode == 0
        assert running.process.wait(60) == 0
    judge(place, files)


@pytest.mark.slow
def test_a_sequencer_that_is_killed_at_each_step_of_the_end_finishes_when_it_is_started_again(place: Installation) -> None:
    with depositors(place) as files, place.sequencer() as running:
        running.wait_until_ready()
        closing = subprocess.Popen(
            [sys.executable, "manage.py", "close_log"], cwd=ROOT, stdout=subprocess.DEVNULL,
            env=process_environment(place.database, place.var, **place.environment))
        wait_until(lambda: all(file.read_text().endswith("closed\n") for file in files))
        running.process.kill()
    for point in ("ledger.batch-committed", "ledger.checkpoint-kept", "ledger.published", "ledger.log-frozen"):
        place.environment["CUNZHENG_FAILPOINTS"] = f"{point}=kill"
        with place.sequencer() as dying:
            # What the one before did already is not done again, and then this one ends well.
            assert dying.process.wait(60) in (KILLED, 0)
    del place.environment["CUNZHENG_FAILPOINTS"]
    assert closing.wait(60) == 0
    last = place.manage("sequence")
    assert (last.returncode, "log-closed" in last.stdout) == (0, True)
    judge(place, files)
