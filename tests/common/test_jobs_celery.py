"""Workers killed with -9 in the middle of jobs: none is lost, none takes effect twice.

With CELERY_BROKER_URL it is a Celery worker and its beat on that broker, otherwise the embedded worker: the same jobs, the
same rows, the same functions. The jobs are stamps by thirty authorities, because a stamp leaves a trace that counts: a token.
"""
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pytest_django import Settings

from common.jobs import Job
from ledger.fsck import examine_log
from ledger.models import LogState, StampRequest, Timestamp
from ledger.stamping import STAMP_CHECKPOINT
from sandbox.tsa.server import Behaviour, TimestampServer
from tests.conftest import process_environment
from tests.databases import ROOT
from tests.ledger.logs import deposit, sequencer

AUTHORITIES = 30
BROKER = os.environ.get("CELERY_BROKER_URL", "")
# In the middle of a job: the token is there and nothing is written, in the transaction, after the commit; then at random.
PLANS = ("ledger.stamp-answered=kill@2", "ledger.stamp-inserted=kill@2", "ledger.stamp-kept=kill@2", "", "")


@pytest.fixture
def thirty_authorities(authority: TimestampServer, settings: Settings) -> Iterator[TimestampServer]:
    """One real server under thirty names, slow enough to be caught at work."""
    roots = settings.VAR_DIR / "trust" / "tsa"
    pem = (roots / "sandbox-tsa.pem").read_bytes()
    names = [f"tsa-{number:02}" for number in range(AUTHORITIES)]
    for name in names:
        (roots / f"{name}.pem").write_bytes(pem)
    settings.TSAS = " ".join(f"{name}={authority.url}" for name in names)
    authority.behaviour, authority.delay_s = Behaviour.SLOW, 0.05
    yield authority
    authority.behaviour = Behaviour.WELL


@pytest.fixture
def start_worker(service: str, var_dir: Path, settings: Settings) -> Iterator[Callable[[str], "subprocess.Popen[bytes]"]]:
    """Starts a worker under a plan of failpoints, in a session of its own; all of them are killed in the end."""
    started: list[subprocess.Popen[bytes]] = []
    celery = ["-m", "celery", "-A", "config.celery", "worker", "--beat", "--schedule", str(var_dir / "beat"), "--concurrency", "2"]

    def start(plan: str) -> "subprocess.Popen[bytes]":
        environment = process_environment(
            service, var_dir, CUNZHENG_TSAS=settings.TSAS, CUNZHENG_JOB_LEASE_S="2", CUNZHENG_FAILPOINTS=plan, C_FORCE_ROOT="1")
        with (var_dir / "worker.log").open("ab") as log:
            started.append(subprocess.Popen(
                [sys.executable, *(celery if BROKER else ["manage.py", "work"])], cwd=ROOT, env=environment, stdout=log, stderr=log,
                start_new_session=True))
        return started[-1]

    yield start
    for worker in started:
        kill(worker)


def kill(worker: "subprocess.Popen[bytes]") -> None:
    """SIGKILL to the worker and to whatever it forked."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def wait_for_progress(before: int, worker: "subprocess.Popen[bytes]", within_s: float) -> None:
    """Until another job is done or the worker has died of its plan."""
    deadline = time.monotonic() + within_s
    while Job.objects.exclude(done_at=None).count() <= before and worker.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_no_job_and_does_none_twice(
    service: str, thirty_authorities: TimestampServer, start_worker: Callable[[str], "subprocess.Popen[bytes]"]
) -> None:
    deposit(0, 3)
    log = sequencer()
    log.sequence()
    log.publish()
    log.request_stamps()
    assert Job.objects.count() == AUTHORITIES
    chance = random.Random(9)
    for plan in PLANS:
        worker = start_worker(plan)
        wait_for_progress(Job.objects.exclude(done_at=None).count(), worker, 20)
        time.sleep(chance.random() * 0.2)
        kill(worker)
    start_worker("")
    # What the worker does again and again, such as watching the log, has a row that is never done.
    stamps = Job.objects.filter(kind=STAMP_CHECKPOINT)
    deadline = time.monotonic() + 60
    while stamps.filter(done_at=None).exists():
        assert time.monotonic() < deadline, list(stamps.filter(done_at=None).values())
        time.sleep(0.05)
    # Otherwise no kill met a job at work, and this showed nothing.
    assert stamps.filter(attempts__gt=1).exists()
    assert sorted(Timestamp.objects.values_list("authority", flat=True)) == [f"tsa-{number:02}" for number in range(AUTHORITIES)]
    assert set(StampRequest.objects.values_list("outcome", flat=True)) == {StampRequest.STAMPED}
    assert LogState.objects.get().stamped_size == 3
    assert list(examine_log()) == []
