"""`record.timestamped`: told once for each record to whoever subscribed, whatever is killed, and at no cost to a deposit."""
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organisation
from accounts.services import create_organisation
from common import jobs
from common.failpoints import InjectedFault, plan
from common.jobs import Job
from evidence.models import StampsTold
from evidence.telling import TELL_STAMPED, tell_stamped
from notifications.events import RECORD_TIMESTAMPED
from notifications.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from notifications.services import create_webhook, delete_webhook
from tests.conftest import Start
from tests.depositing import Post, batch, document
from tests.notifications.hooks import verified
from tests.notifications.receiver import receiving

Stamp = Callable[[], None]


def listening(organisation: Organisation, url: str = "https://hook.example/") -> tuple[WebhookEndpoint, str]:
    return create_webhook(
        organisation, url=url, events=[RECORD_TIMESTAMPED], networks=settings.OUTGOING_NETWORKS, now=timezone.now())


def told() -> list[tuple[str, str]]:
    """(endpoint, body) of each delivery."""
    return list(WebhookDelivery.objects.order_by("id").values_list("endpoint__ref", "body"))


def numbers(answer: Any) -> list[str]:
    assert answer.status_code == 201, answer.content
    return [record["record"] for record in answer.json()["records"]]


def tell() -> None:
    for job_id in Job.objects.filter(kind=TELL_STAMPED, done_at=None).values_list("id", flat=True):
        jobs.run_job(job_id)


def test_a_stamped_record_is_told_once_to_each_endpoint_of_its_owner(
    organisation: Organisation, post_deposit: Post, post_batch: Post, stamp: Stamp
) -> None:
    first, second = listening(organisation)[0], listening(organisation)[0]
    listening(create_organisation("另一机构", now=timezone.now()))
    records = numbers(post_deposit(document(), b"RIFF")) + numbers(post_batch(batch(3)))
    assert told() == []
    stamp()
    tell()
    assert sorted(ref for ref, _ in told()) == sorted([first.ref] * 4 + [second.ref] * 4)
    for record in records:
        assert len([body for _, body in told() if f'"{record}"' in body]) == 2
    stamp()
    tell_stamped(0)
    assert len(told()) == 8


def test_a_record_that_is_only_published_is_not_told(
    organisation: Organisation, post_deposit: Post, publish: Callable[[], None], stamp: Stamp
) -> None:
    listening(organisation)
    post_deposit(document(), b"RIFF")
    publish()
    tell_stamped(0)
    assert told() == []


def test_without_a_listener_nothing_is_written_and_nothing_is_told_later(
    organisation: Organisation, post_deposit: Post, stamp: Stamp
) -> None:
    post_deposit(document(), b"RIFF")
    stamp()
    tell()
    assert StampsTold.objects.get().size == 1
    endpoint, _ = listening(organisation)
    [later] = numbers(post_deposit(document(), b"RIFF"))
    stamp()
    tell()
    assert [ref for ref, _ in told()] == [endpoint.ref]
    assert later in told()[0][1]


def test_a_disabled_endpoint_listens_no_more(organisation: Organisation, post_deposit: Post, stamp: Stamp) -> None:
    endpoint, _ = listening(organisation)
    WebhookEndpoint.objects.update(disabled_at=timezone.now(), disabled_for="gone")
    post_deposit(document(), b"RIFF")
    stamp()
    tell()
    assert told() == []
    delete_webhook(endpoint, now=timezone.now())


def test_a_worker_that_dies_before_the_commit_tells_it_all_again_and_once(
    organisation: Organisation, post_batch: Post, stamp: Stamp
) -> None:
    listening(organisation)
    with plan("evidence.stamps-told=error"):
        post_batch(batch(5))
        stamp()
        tell()
        assert told() == []
        assert StampsTold.objects.get().size == 0
    with pytest.raises(InjectedFault), plan("evidence.stamps-told=error"):
        tell_stamped(0)
    tell_stamped(0)
    tell_stamped(0)
    assert len(told()) == 5


def queries_of(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def test_a_thousand_records_are_told_with_a_handful_of_queries(organisation: Organisation, post_batch: Post, stamp: Stamp) -> None:
    listening(organisation)
    counted = []
    for count in (10, 1000):
        post_batch(batch(count))
        with plan("evidence.stamps-told=error"):
            stamp()
            tell()
        counted.append(queries_of(lambda: tell_stamped(0)))
    assert WebhookDelivery.objects.count() == 1010
    # SQLite takes a thousand values in a statement, so that its one INSERT becomes ten.
    assert counted[0] <= counted[1] <= counted[0] + 10 <= 25, counted


def test_a_deposit_does_the_same_whether_anybody_listens_or_not(organisation: Organisation, post_batch: Post) -> None:
    post_batch(batch(1))
    without = queries_of(lambda: post_batch(batch(50)))
    for _ in range(5):
        listening(organisation)
    assert queries_of(lambda: post_batch(batch(50))) == without
    assert not WebhookDelivery.objects.exists()
    assert not Job.objects.filter(kind__startswith="notifications").exists()


def until(done: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, list(Job.objects.values())
        time.sleep(0.05)


@pytest.mark.parametrize("place", ["evidence.stamps-told", "notifications.webhook-answered"])
def test_a_worker_killed_at_either_place_loses_nothing_and_the_receiver_knows_what_comes_twice(
    place: str, organisation: Organisation, post_batch: Post, stamp: Stamp, start: Start
) -> None:
    """The real worker process, kill -9, and another one that takes over when the lease has run out."""
    with receiving() as receiver:
        _, secret = listening(organisation, receiver.url)
        records = numbers(post_batch(batch(3)))
        with plan("evidence.stamps-told=error"):
            stamp()
        Job.objects.filter(kind=TELL_STAMPED).update(next_attempt_at=timezone.now())
        worker = start("manage.py", "work", CUNZHENG_FAILPOINTS=f"{place}=kill", CUNZHENG_JOB_LEASE_S="1")
        assert worker.wait(timeout=30) == -9
        seen = len(receiver.received)
        assert seen == (3 if place == "notifications.webhook-answered" else 0)
        start("manage.py", "work", CUNZHENG_JOB_LEASE_S="1")
        until(lambda: WebhookDelivery.objects.filter(outcome="delivered").count() == 3)
        bodies = [verified(received, secret) for received in receiver.received]
        assert len(bodies) == 3 + seen
        ids = [received.headers["webhook-id"] for received in receiver.received]
        assert len(set(ids)) == 3, "what comes twice comes under the same id"
        assert {body["data"]["record"] for body in bodies} == set(records)  # type: ignore[index]
        assert WebhookAttempt.objects.count() == 3
