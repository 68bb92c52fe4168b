"""What the sweep leaves with a broker: messages that expire, because the rows are the record of work."""
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from django.utils import timezone

from common.jobs import Job, enqueue_job
from common.tasks import sweep_jobs
from config.celery import app


@pytest.fixture
def broker(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A broker in this process, of an application of its own; for Celery the variable outweighs what an application says."""
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    own = Celery("sweeping", broker="memory://sweeping")
    own.set_current()
    with own.connection_for_read() as connection:
        yield connection
    app.set_current()


def test_what_a_sweep_sends_expires_and_is_sent_again(broker: Any) -> None:
    now = timezone.now()
    enqueue_job("test", 7, now=now)
    sweep_jobs()
    sweep_jobs()
    job_id = Job.objects.get(kind="test").pk
    queue, found = broker.SimpleQueue(app.conf.task_default_queue), []
    while queue.qsize():
        message = queue.get(block=False)
        message.ack()
        if message.payload[0] == [job_id]:
            found.append(datetime.fromisoformat(message.headers["expires"]))
    assert len(found) == 2
    for expires in found:
        assert timedelta() < expires.astimezone(UTC) - now < timedelta(seconds=30)


def test_a_sweep_that_nobody_runs_expires() -> None:
    """Beat makes one each second; after an hour without workers a handful must be left of them."""
    [sweep] = app.conf.beat_schedule.values()
    assert 1 < sweep["options"]["expires"] <= 30
