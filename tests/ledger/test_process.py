"""The sequencer as a process: it starts, idles cheaply, stops cleanly, and gets over a broken disk and a lost database by itself."""
import os
import resource
import signal
import sqlite3
import time
from functools import partial
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from ledger.fsck import examine_log
from ledger.models import LogState, StampRequest
from tests.ledger.logs import deposit
from tests.ledger.processes import SequencerProcess, sequencers, wait_until

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


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


def test_an_idle_sequencer_costs_next_to_nothing(service: str, var_dir: Path) -> None:
    with sequencers(1, service, var_dir) as [process]:
        before, started = cpu_s(process.process.pid), time.monotonic()
        time.sleep(2)
        share = (cpu_s(process.process.pid) - before) / (time.monotonic() - started)
        assert share < 0.1


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
