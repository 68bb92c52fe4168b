"""Deliveries to a real receiver: signed, ten times over 75 h, never more than once counted, and a receiver that fails harms nobody else."""
import ipaddress
import json
import re
import time
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.models import Organisation
from common.failpoints import InjectedFault, plan
from notifications.delivering import AT_ONCE, WHILE_SUSPENDED, due_requests, neutral, send_all, signing_keys, write_down
from notifications.errors import WebhookTestUnderWay
from notifications.models import Notice, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret
from notifications.schedule import ATTEMPTS, LONGEST_REST, PAUSES, WHOLE
from notifications.services import delete_webhook, forget_deliveries, rotate_secret, send_test
from tests.notifications.hooks import Hook, verified
from tests.notifications.receiver import Answer, Receiver

RECORD = "CZ-20261123-4K7QM-X2R9D-0"


def outlast(hook: Hook, start: datetime) -> list[datetime]:
    """Run the job whenever it wants to run again; the times of the runs."""
    runs, at = [start], hook.run(start)
    while at is not None:
        assert len(runs) < 500
        runs.append(at)
        at = hook.run(at)
    return runs


def test_an_event_arrives_signed_and_says_the_number_the_state_and_the_time(hook: Hook, receiver: Receiver) -> None:
    hook.tell(RECORD)
    assert hook.run() is None
    [received] = receiver.received
    said = verified(received, hook.secret)
    assert set(said) == {"type", "timestamp", "data"}
    assert (said["type"], said["data"]) == ("record.timestamped", {"record": RECORD, "state": "TIMESTAMPED"})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(said["timestamp"]))
    assert received.headers["content-type"] == "application/json"
    assert received.path == "/hook?from=cunzheng"
    [delivery], [attempt] = hook.deliveries, hook.attempts
    assert received.headers["webhook-id"] == delivery.message_id
    assert (delivery.outcome, delivery.attempts, attempt.status, attempt.trouble, attempt.answer) == ("delivered", 1, 200, "", "ok")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(hook: Hook, receiver: Receiver, status: int) -> None:
    receiver.status, receiver.body = status, b""
    hook.tell(RECORD)
    assert hook.run() is None
    assert hook.deliveries[0].outcome == "delivered"


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 400, 401, 403, 404, 409, 429, 500, 503])
def test_any_other_status_is_tried_again_under_the_same_id(hook: Hook, receiver: Receiver, status: int) -> None:
    receiver.status = status
    start = timezone.now()
    hook.tell(RECORD, now=start)
    again = hook.run(start)
    assert again == start + timedelta(seconds=5)
    receiver.status = 200
    assert hook.run(again) is None
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    assert [attempt.status for attempt in hook.attempts] == [status, 200]
    assert hook.endpoint.failing_since is None


@pytest.mark.parametrize(("answer", "trouble"), [(Answer.DOWN, "broken-connection"), (Answer.REDIRECT, None), (Answer.ENDLESS, None)])
def test_a_receiver_without_a_usable_answer_is_named_in_the_log(
    hook: Hook, receiver: Receiver, answer: Answer, trouble: str | None
) -> None:
    receiver.answer = answer
    hook.tell(RECORD)
    assert hook.run() is not None
    [attempt] = hook.attempts
    assert (attempt.trouble or None) == trouble
    assert attempt.status == {Answer.DOWN: None, Answer.REDIRECT: 302, Answer.ENDLESS: 500}[answer]
    assert len(attempt.answer) <= 200


def test_ten_attempts_over_75_hours_then_it_has_failed(hook: Hook, receiver: Receiver) -> None:
    start = timezone.now()
    hook.tell(RECORD, now=start)
    receiver.status = 500
    runs = outlast(hook, start)
    assert [later - earlier for earlier, later in pairwise(runs)] == list(PAUSES[1:])
    assert timedelta(hours=75) <= runs[-1] - runs[0] == WHOLE < timedelta(hours=76)
    [delivery] = hook.deliveries
    assert (delivery.outcome, delivery.attempts) == ("failed", ATTEMPTS)
    assert [attempt.number for attempt in hook.attempts] == list(range(1, 11))
    assert len(receiver.received) == 10


def test_a_long_failure_disables_the_endpoint_with_one_notice(hook: Hook, receiver: Receiver) -> None:
    start = timezone.now()
    hook.tell(RECORD, now=start)
    receiver.status = 500
    outlast(hook, start)
    endpoint = hook.endpoint
    assert (endpoint.disabled_for, endpoint.disabled_at) == ("failing", start + WHOLE)
    [notice] = Notice.objects.all()
    assert (notice.kind, notice.subject, notice.organisation_id, notice.read_at) == (
        "webhook-failing", endpoint.ref, endpoint.organisation_id, None)


def test_one_success_in_between_and_the_endpoint_stays(hook: Hook, receiver: Receiver) -> None:
    start = timezone.now()
    hook.tell(RECORD, now=start)
    receiver.status = 500
    at = hook.run(start)
    while at is not None and at < start + timedelta(hours=40):
        at = hook.run(at)
    receiver.status = 200
    middle = start + timedelta(hours=40)
    hook.tell("CZ-20261123-01234-56789-W", now=middle)
    hook.run(middle)
    receiver.status = 500
    outlast(hook, middle)
    assert [delivery.outcome for delivery in hook.deliveries] == ["failed", "delivered"]
    assert hook.endpoint.disabled_at is None
    assert not Notice.objects.exists()


def test_a_failure_after_a_quiet_month_is_the_first_one(hook: Hook, receiver: Receiver) -> None:
    """One message that no attempt could deliver, among others that arrived, is no long failure of the endpoint."""
    start = timezone.now()
    hook.tell("poison", now=start)
    receiver.status = 500
    last, at = start, hook.run(start)
    while at is not None:
        last = at
        if hook.deliveries[0].attempts == ATTEMPTS - 1:
            receiver.status = 200
            hook.tell("fine", now=at - timedelta(hours=1))
            hook.run(at - timedelta(hours=1))
            receiver.status = 500
        at = hook.run(at)
    assert [delivery.outcome for delivery in hook.deliveries] == ["failed", "delivered"]
    assert hook.endpoint.failing_since is None
    month = last + timedelta(days=30)
    hook.tell("later", now=month)
    assert hook.run(month) == month + timedelta(seconds=5)
    assert hook.endpoint.disabled_at is None


def test_an_answer_410_disables_the_endpoint_with_a_notice_and_drops_what_waits(hook: Hook, receiver: Receiver) -> None:
    receiver.status = 410
    hook.tell(*(f"record-{number}" for number in range(20)))
    assert hook.run() is None
    assert len(receiver.received) == AT_ONCE
    assert hook.endpoint.disabled_for == "gone"
    assert {delivery.outcome for delivery in hook.deliveries} == {"dropped"}
    assert [notice.kind for notice in Notice.objects.all()] == ["webhook-gone"]
    hook.tell("later")
    assert hook.run() is None
    assert len(hook.deliveries) == 20, "nobody listens any more"


def test_a_receiver_that_fails_costs_one_attempt_now_and_then_however_much_waits(hook: Hook, receiver: Receiver) -> None:
    receiver.answer = Answer.DOWN
    start = timezone.now()
    hook.tell(*(f"record-{number}" for number in range(100)), now=start)
    runs, at = [], hook.run(start)
    assert len(receiver.received) == 0
    first = receiver.connects
    assert first == AT_ONCE
    for _ in range(10):
        assert at is not None
        runs.append(at)
        at = hook.run(at)
    assert receiver.connects == first + 10, "one probe a round"
    pauses = [later - earlier for earlier, later in pairwise(runs)]
    assert pauses[0] >= timedelta(minutes=5)
    assert max(pauses) == LONGEST_REST
    receiver.answer = Answer.STATUS
    hook.run(at)
    assert len(receiver.received) > 80, "it is back: whatever was not tried before goes at once"


def test_one_message_that_the_receiver_cannot_take_does_not_hold_up_the_others(hook: Hook, receiver: Receiver) -> None:
    start = timezone.now()
    hook.tell("poison", now=start)
    receiver.status = 500
    again = hook.run(start)
    receiver.status = 200
    hook.tell("fine", now=start)
    assert again is not None
    hook.run(again - timedelta(milliseconds=1))
    assert len(receiver.received) == 1, "the endpoint rests for five seconds"
    hook.run(again)
    assert [json.loads(received.body)["data"]["record"] for received in receiver.received[1:]] == ["fine", "poison"]


def test_a_forbidden_address_is_never_connected_to_and_the_log_says_why(hook: Hook, receiver: Receiver) -> None:
    hook.tell(RECORD)
    assert hook.run(networks=(ipaddress.ip_network("10.0.0.0/8"),)) is not None
    assert receiver.connects == 0
    assert hook.attempts[0].trouble == "forbidden-address"


def test_nothing_leaves_while_the_organisation_is_suspended_and_nothing_is_lost(hook: Hook, receiver: Receiver) -> None:
    start = timezone.now()
    hook.tell(RECORD, now=start)
    rows = Organisation.objects.filter(pk=hook.endpoint.organisation_id)
    rows.update(status=Organisation.Status.SUSPENDED)
    assert hook.run(start) == start + WHILE_SUSPENDED
    assert (receiver.received, hook.attempts, hook.deliveries[0].attempts) == ([], [], 0)
    rows.update(status=Organisation.Status.ACTIVE)
    assert hook.run(start + WHILE_SUSPENDED) is None
    assert [delivery.outcome for delivery in hook.deliveries] == ["delivered"]


def test_rotation_lets_two_secrets_sign_until_the_old_one_ends(hook: Hook, receiver: Receiver) -> None:
    new = rotate_secret(hook.endpoint, overlap=timedelta(hours=1), now=timezone.now())
    hook.tell(RECORD)
    hook.run()
    for secret in (hook.secret, new):
        verified(receiver.received[0], secret)
    newest = rotate_secret(hook.endpoint, overlap=timedelta(), now=timezone.now())
    hook.tell("another")
    hook.run()
    verified(receiver.received[1], newest)
    for secret in (hook.secret, new):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(receiver.received[1].body, receiver.received[1].headers)
    assert WebhookSecret.objects.count() == 2


def test_the_old_secret_signs_until_its_moment_and_not_after(hook: Hook) -> None:
    now = timezone.now()
    rotate_secret(hook.endpoint, overlap=timedelta(hours=1), now=now)
    assert len(signing_keys(hook.endpoint, now=now + timedelta(minutes=59))) == 2
    assert len(signing_keys(hook.endpoint, now=now + timedelta(hours=1))) == 1


def test_no_column_of_any_table_holds_a_usable_secret(hook: Hook) -> None:
    sealed = bytes(WebhookSecret.objects.get().sealed)
    text = hook.secret.removeprefix("whsec_").encode()
    assert text not in sealed
    for row in (*WebhookEndpoint.objects.values(), *WebhookSecret.objects.values()):
        assert hook.secret not in json.dumps({name: str(value) for name, value in row.items()})


def test_a_worker_that_dies_after_the_answer_sends_again_under_the_same_id_and_counts_once(hook: Hook, receiver: Receiver) -> None:
    hook.tell(RECORD)
    with plan("notifications.webhook-answered=error"), pytest.raises(InjectedFault):
        hook.run()
    assert hook.attempts == []
    assert hook.run() is None
    assert len(receiver.received) == 2
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    assert len(hook.attempts) == 1


def test_an_attempt_that_another_worker_counted_is_not_counted_again(hook: Hook, receiver: Receiver) -> None:
    hook.tell(RECORD)
    moment = timezone.now()
    requests = due_requests(hook.endpoint, moment)
    outcomes = send_all(receiver.url, requests, lambda target: [(2, (target.hostname, target.port))])
    for _ in range(2):
        write_down(hook.endpoint, outcomes, now=moment)
    assert [attempt.number for attempt in hook.attempts] == [1]


def test_an_event_that_is_told_twice_is_one_delivery(hook: Hook, receiver: Receiver) -> None:
    for _ in range(2):
        hook.tell(RECORD)
    hook.run()
    assert len(receiver.received) == len(hook.deliveries) == 1


def test_an_endpoint_deleted_while_a_request_is_under_way_is_gone(hook: Hook, receiver: Receiver) -> None:
    hook.tell(RECORD)
    moment = timezone.now()
    endpoint = hook.endpoint
    requests = due_requests(endpoint, moment)
    outcomes = send_all(receiver.url, requests, lambda target: [(2, (target.hostname, target.port))])
    delete_webhook(endpoint, now=moment)
    write_down(endpoint, outcomes, now=moment)
    assert not WebhookAttempt.objects.exists()
    assert hook.run() is None


def test_a_strangers_answer_is_kept_short_and_harmless() -> None:
    told = neutral(b"\x1b[31mred\r\n\x00<script>\xff\xe2\x80\xae" + "收到".encode() + b"x" * 10_000)
    assert told.startswith(".[31mred...<script>\ufffd.收到x")
    assert len(told) <= 200
    assert told.isprintable()


def test_a_test_event_goes_out_like_any_other(hook: Hook, receiver: Receiver) -> None:
    send_test(hook.endpoint, now=timezone.now())
    hook.run()
    said = verified(receiver.received[0], hook.secret)
    assert (said["type"], said["data"]) == ("webhook.test", {"webhook": hook.endpoint.ref})


def test_what_ended_a_month_ago_is_forgotten_and_nothing_else(hook: Hook, receiver: Receiver) -> None:
    hook.tell(RECORD)
    hook.run()
    receiver.status = 500
    hook.tell("still under way")
    hook.run()
    now = timezone.now()
    assert forget_deliveries(now=now + timedelta(days=29)) == 0
    rotate_secret(hook.endpoint, overlap=timedelta(days=1), now=now)
    assert forget_deliveries(now=now + timedelta(days=30, minutes=1)) == 1
    assert [delivery.outcome for delivery in hook.deliveries] == [""]
    assert WebhookAttempt.objects.count() == WebhookSecret.objects.count() == 1


def test_a_thousand_deliveries_take_turns_with_the_workers_other_jobs(hook: Hook, receiver: Receiver) -> None:
    hook.tell(*(f"record-{number}" for number in range(1000)))
    began = time.monotonic()
    rounds = 1
    while hook.run() is not None:
        rounds += 1
        assert time.monotonic() - began < 30
    assert WebhookDelivery.objects.filter(outcome="delivered").count() == 1000
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1000
    print(f"1,000 deliveries in {time.monotonic() - began:.1f} s, {rounds} turns")


def test_one_test_is_under_way_at_a_time(hook: Hook) -> None:
    now = timezone.now()
    first = send_test(hook.endpoint, now=now)
    with pytest.raises(WebhookTestUnderWay):
        send_test(hook.endpoint, now=now)
    assert hook.deliveries == [first]
    hook.run()
    assert send_test(hook.endpoint, now=now) != first
