"""The alarm rings once when a record is unpublished for more than 60 s, and says once that it is over, whichever worker looks."""
import logging
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from common import jobs
from common.jobs import Job, RetryLater
from ledger.alarm import EVERY, WATCH_PUBLICATION, watch_publication
from ledger.models import LogState
from tests.ledger.logs import Clock, deposit, integrate, sequencer


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.CRITICAL]


def look(now: datetime) -> None:
    """What any worker does when the job is due; its clock is the real one, and so is the time since the deposit."""
    jobs.enqueue_daily_jobs(now=now)
    [job_id] = Job.objects.filter(kind=WATCH_PUBLICATION).values_list("pk", flat=True)
    assert jobs.run_job(job_id, now=lambda: now)


def test_it_rings_once_and_says_once_that_it_is_over(service: str, caplog: pytest.LogCaptureFixture) -> None:
    now = timezone.now()
    deposit(0, 3, at=now - timedelta(seconds=30))
    look(now - EVERY)
    assert alarms(caplog) == []
    log = sequencer()
    integrate(log)
    assert log.publish()
    deposit(100, 1, at=now - timedelta(seconds=61))
    deposit(200, 1, at=now)
    for turn in range(4):
        look(now + turn * EVERY)
    [alarm] = alarms(caplog)
    assert alarm.startswith("ALARM: a record has waited 61 s to be published, since ")
    assert Job.objects.get(kind=WATCH_PUBLICATION).next_attempt_at == now + 4 * EVERY
    integrate(log)
    assert log.publish()
    for turn in range(4, 7):
        look(now + turn * EVERY)
    assert alarms(caplog) == [alarm, "the alarm is over: no record has waited more than 60 s to be published"]
    deposit(300, 1, at=now - timedelta(seconds=90))
    look(now + 7 * EVERY)
    assert len(alarms(caplog)) == 3


def test_what_is_in_the_log_and_not_published_rings_too(service: str, caplog: pytest.LogCaptureFixture) -> None:
    """The sequencer works and the witnesses do not: nobody is told less."""
    clock = Clock()
    log = sequencer(clock=clock)
    deposit(0, 1, at=clock())
    integrate(log)
    clock.advance(60)
    watch_publication(now=clock())
    clock.advance(0.001)
    with pytest.raises(RetryLater, match="unpublished"):
        watch_publication(now=clock())
    assert LogState.objects.get().published_size == 0
    assert len(alarms(caplog)) == 1
