"""Job rows: leased by one, tried again, due once a day."""
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from common import jobs
from common.jobs import (
    DAILY,
    HANDLERS,
    RECURRING,
    Job,
    RetryLater,
    RunAgain,
    due_jobs,
    enqueue_daily_jobs,
    enqueue_job,
    register_daily_job,
    register_job,
    register_recurring_job,
    run_job,
    wake_jobs,
)
from tests.conftest import Start

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def ran(database: str) -> Iterator[list[int]]:
    """Subjects that the job kind `test` was run for."""
    subjects: list[int] = []
    kept = dict(HANDLERS), set(DAILY), dict(RECURRING)
    register_job("test", subjects.append)
    yield subjects
    HANDLERS.clear()
    HANDLERS.update(kept[0])
    DAILY.clear()
    DAILY.update(kept[1])
    RECURRING.clear()
    RECURRING.update(kept[2])


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def test_a_job_runs_once(ran: list[int]) -> None:
    for _ in range(2):
        enqueue_job("test", 7, now=NOW)
    [job_id] = due_jobs(NOW)
    assert [run_job(job_id, now=at(NOW)), run_job(job_id, now=at(NOW))] == [True, False]
    assert ran == [7]
    assert due_jobs(NOW + timedelta(days=1)) == []


def test_a_recurring_job_is_one_row_that_comes_round_again_whatever_happens(ran: list[int]) -> None:
    def fail(_subject: int) -> None:
        raise RetryLater("not-yet")

    register_recurring_job("again", ran.append, every=timedelta(seconds=60))
    for _ in range(3):
        enqueue_daily_jobs(now=NOW)
    [job_id] = Job.objects.filter(kind="again").values_list("id", flat=True)
    for turn, handler in enumerate((ran.append, ran.append, fail, ran.append)):
        register_job("again", handler)
        moment = NOW + timedelta(seconds=60 * turn)
        assert run_job(job_id, now=at(moment))
        assert not run_job(job_id, now=at(moment + timedelta(seconds=59)))
    assert ran == [0, 0, 0]
    job = Job.objects.get(pk=job_id)
    assert (job.done_at, job.last_error) == (None, "")


def test_a_job_in_other_hands_waits_until_the_lease_is_over(ran: list[int]) -> None:
    enqueue_job("test", 7, now=NOW)
    Job.objects.update(attempts=1, lease_until=NOW + jobs.LEASE)
    [job_id] = Job.objects.values_list("id", flat=True)
    assert due_jobs(NOW) == []
    assert not run_job(job_id, now=at(NOW))
    later = NOW + jobs.LEASE + timedelta(seconds=1)
    assert due_jobs(later) == [job_id]
    assert run_job(job_id, now=at(later))
    assert ran == [7]


def test_a_job_that_was_done_is_woken_and_runs_again(ran: list[int]) -> None:
    for turn in range(2):
        moment = NOW + timedelta(minutes=turn)
        wake_jobs("test", [7, 8], now=moment)
        assert [run_job(job_id, now=at(moment)) for job_id in due_jobs(moment)] == [True, True]
    assert ran == [7, 8, 7, 8]
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}, "a second life does not count the first one's attempts"


@pytest.mark.parametrize("ending", [None, RunAgain(NOW + timedelta(days=1)), RetryLater("not-yet"), OSError("broken")], ids=repr)
def test_a_job_that_is_woken_while_it_runs_runs_once_more_at_once(ending: Exception | None, ran: list[int]) -> None:
    """What it was woken for may have been committed after it had looked."""
    woken = NOW + timedelta(seconds=2)

    def work(subject: int) -> None:
        ran.append(subject)
        if len(ran) == 1:
            wake_jobs("test", [subject], now=woken)
            if ending is not None:
                raise ending

    register_job("test", work)
    wake_jobs("test", [7], now=NOW)
    [job_id] = due_jobs(NOW)
    assert run_job(job_id, now=at(NOW))
    assert due_jobs(woken) == [job_id]
    assert run_job(job_id, now=at(woken))
    assert ran == [7, 7]
    assert due_jobs(NOW + timedelta(days=2)) == []


def test_a_job_that_has_more_to_do_later_has_not_failed(ran: list[int]) -> None:
    def work(_subject: int) -> None:
        raise RunAgain(NOW + timedelta(hours=1))

    register_job("test", work)
    wake_jobs("test", [7], now=NOW)
    [job_id] = due_jobs(NOW)
    assert run_job(job_id, now=at(NOW))
    job = Job.objects.get()
    assert (job.attempts, job.last_error, job.lease_until, job.done_at) == (0, "", None, None)
    assert job.next_attempt_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("trouble", [RetryLater("not-yet"), OSError("broken")])
def test_a_job_that_fails_is_tried_again_later_and_later(trouble: Exception, ran: list[int]) -> None:
    def fail(_subject: int) -> None:
        raise trouble

    register_job("test", fail)
    enqueue_job("test", 7, now=NOW)
    [job_id], moment, pauses = Job.objects.values_list("id", flat=True), NOW, []
    for _ in range(12):
        assert run_job(job_id, now=at(moment))
        due = Job.objects.get().next_attempt_at
        pauses.append(due - moment)
        assert not run_job(job_id, now=at(due - timedelta(milliseconds=1)))
        moment = due
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=1), jobs.LONGEST_PAUSE)
    assert Job.objects.get().last_error == ("not-yet" if isinstance(trouble, RetryLater) else "OSError")


def end_connections() -> None:
    """As when the server restarts: it ends every connection; in SQLite the connection is closed below Django."""
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        with closing(connection.copy()) as other, other.cursor() as cursor:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    else:
        connection.connection.close()


def test_a_connection_that_is_ended_under_a_job_costs_it_one_attempt_and_not_the_worker(ran: list[int]) -> None:
    def work(subject: int) -> None:
        end_connections()
        Job.objects.count()

    register_job("test", work)
    enqueue_job("test", 7, now=NOW)
    [job_id] = due_jobs(NOW)
    assert run_job(job_id, now=at(NOW))
    job = Job.objects.get(pk=job_id)
    assert (job.lease_until, job.last_error in {"OperationalError", "ProgrammingError"}) == (None, True)
    register_job("test", ran.append)
    assert run_job(job_id, now=at(NOW + timedelta(seconds=2)))
    assert ran == [7]


def test_a_bug_in_one_job_stops_no_other_and_is_logged_without_its_words(ran: list[int], caplog: pytest.LogCaptureFixture) -> None:
    quoted = secrets.token_hex(8)

    def stumble(_subject: int) -> None:
        raise KeyError(quoted)

    register_job("buggy", stumble)
    enqueue_job("buggy", 1, now=NOW)
    enqueue_job("test", 7, now=NOW)
    assert [run_job(job_id, now=at(NOW)) for job_id in due_jobs(NOW)] == [True, True]
    assert ran == [7]
    buggy = Job.objects.get(kind="buggy")
    assert (buggy.done_at, buggy.lease_until, buggy.next_attempt_at) == (None, None, NOW + timedelta(seconds=1))
    name, _, log_id = buggy.last_error.partition(": ")
    assert name == "KeyError"
    assert f"log id {log_id}" in caplog.text
    assert "in stumble" in caplog.text
    assert quoted not in caplog.text


def test_a_job_of_an_unknown_kind_is_postponed_and_stops_no_other(ran: list[int]) -> None:
    enqueue_job("of-a-later-version", 1, now=NOW)
    enqueue_job("test", 7, now=NOW)
    assert [run_job(job_id, now=at(NOW)) for job_id in due_jobs(NOW)] == [True, True]
    assert ran == [7]
    unknown = Job.objects.get(kind="of-a-later-version")
    assert (unknown.last_error, unknown.next_attempt_at) == ("unknown-kind", NOW + timedelta(seconds=1))


def test_the_worker_goes_on_with_what_it_knows(service: str, start: Start) -> None:
    enqueue_job("of-a-later-version", 1, now=datetime.now(UTC) - timedelta(hours=1))
    worker = start("manage.py", "work")
    deadline = time.monotonic() + 30
    while not (Job.objects.filter(kind="vault.sweep-orphans").exclude(done_at=None).exists()
               and Job.objects.filter(kind="of-a-later-version", attempts__gte=2).exists()):
        assert time.monotonic() < deadline, list(Job.objects.values())
        assert worker.poll() is None
        time.sleep(0.1)


def test_a_daily_job_is_due_once_a_day_however_many_workers_ask(ran: list[int]) -> None:
    register_daily_job("daily", ran.append)
    for hours in (0, 1, 15.9, 16, 17, 40):
        enqueue_daily_jobs(now=NOW + timedelta(hours=hours))
    for job_id in due_jobs(NOW + timedelta(days=9)):
        if Job.objects.get(pk=job_id).kind == "daily":
            run_job(job_id, now=at(NOW + timedelta(days=9)))
    assert len(ran) == 3, "the 23rd, the 24th and the 25th, UTC"
    assert len(set(ran)) == 3


def test_the_sweeper_is_a_daily_job() -> None:
    assert "vault.sweep-orphans" in DAILY
