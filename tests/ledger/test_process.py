"""The sequencer as a process: it starts, idles cheaply, stops cleanly, and gets over a broken disk and a lost database by itself."""
import resource
import signal
import sqlite3
import time
from functools import partial
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from common.stopping import Stop
from ledger.fsck import examine_log
from ledger.keys import log_signer
from ledger.models import LogQueue, LogState, StampRequest
from ledger.selectors import log_origin
from ledger.sequencer.service import POLL_S, Sequencer, run
from ledger.storage import log_store
from tests.ledger.logs import deposit
from tests.ledger.processes import SequencerProcess, sequencers, wait_until


def published() -> int:
    return LogState.objects.get().published_size


def published_is(size: int) -> bool:
    return published() == size


def test_deposits_are_published_and_stamps_asked_for_while_it_runs(service: str, var_dir: Path, settings: Settings) -> None:
    settings.TSAS = "one=http://127.0.0.1:9/ two=http://127.0.0.1:9/"
    with sequencers(1, service, var_dir, CUNZHENG_TSAS=settings.TSAS) as [process]:
        deposit(0, 300)
        wait_until(lambda: published() == 300 and StampRequest.objects.count() == 2)
        deposit(300, 1)
        wait_until(lambda: published() == 301)
        assert process.stop() == 0
    assert list(examine_log()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_and_soon(service: str, var_dir: Path, number: signal.Signals) -> None:
    with sequencers(1, service, var_dir) as [process]:
        process.send(number)
        assert process.process.wait(timeout=10) == 0
        assert "Traceback" not in process.said


class Waits(Stop):
    """A stop that lets nobody wait: it keeps how long was asked for, and is set after so many times."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.lengths: list[float] = []
        self._count = count

    def wait(self, timeout_s: float) -> None:
        self.lengths.append(timeout_s)
        if len(self.lengths) == self._count:
            self.ask()


@pytest.mark.usefixtures("service")
def test_an_idle_sequencer_asks_the_queue_once_and_waits(settings: Settings) -> None:
    settings.TSAS, settings.CHECKPOINT_INTERVAL_S = "", 3600
    sequencer = Sequencer(log_store(), log_signer(log_origin()), timezone.now)
    run(lambda: sequencer, Waits(1))
    idle = Waits(100)
    with CaptureQueriesContext(connection) as asked:
        run(lambda: sequencer, idle)
    assert idle.lengths == [POLL_S] * 100
    assert len(asked) == 100
    assert {LogQueue._meta.db_table in each["sql"] for each in asked.captured_queries} == {True}


def test_a_full_disk_stops_the_log_and_nothing_else_and_it_recovers_by_itself(service: str, var_dir: Path) -> None:
    with sequencers(1, service, var_dir) as [process]:
        deposit(0, 10)
        wait_until(lambda: published() == 10)
        # No file of that process may grow beyond a page: a full disk, to its tiles and to SQLite alike; its messages are shorter.
        _, most = resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (4096, most))
        deposit(10, 600)
        wait_until(lambda: "storage or database away" in process.said)
        assert published() == 10
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (most, most))
        wait_until(lambda: published() == 610)
        assert process.stop() == 0
    assert list(examine_log()) == []


def test_a_database_that_goes_away_is_met_again(service: str, var_dir: Path) -> None:
    with sequencers(1, service, var_dir) as [process]:
        for round_ in range(3):
            take_database_away()
            deposit(round_ * 10, 10)
            wait_until(partial(published_is, round_ * 10 + 10))
        assert process.stop() == 0
    assert list(examine_log()) == []


def take_database_away() -> None:
    """PostgreSQL: every connection but ours is cut. SQLite: somebody holds the write lock for a while."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        return
    other = sqlite3.connect(str(connection.settings_dict["NAME"]), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    time.sleep(0.5)
    other.execute("ROLLBACK")
    other.close()


def test_a_refusal_ends_the_process_with_code_3_and_one_sentence(service: str, var_dir: Path) -> None:
    LogState.objects.update(frozen_at=timezone.now())
    process = SequencerProcess(service, var_dir)
    assert process.process.wait(timeout=30) == 3
    assert process.said.count("\n") == 1
    assert "CRITICAL ledger.management.commands.sequence SEQUENCER STOPPED [log-frozen] 日志已冻结" in process.said
