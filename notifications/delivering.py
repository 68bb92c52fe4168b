"""Sending webhooks: the job of one endpoint, which sends what is due to it, writes down what came of it, and comes again when more is due.

One endpoint has one job, so that a receiver that hangs costs one attempt now and then and never a thousand in a row; while it fails it
is probed with one delivery at a time (`notifications.schedule`). A healthy one gets up to eight at once. A worker that is killed between
an answer and its row sends that delivery again, under the same webhook-id: the receiver knows it by that, and nothing is lost.

2xx is delivered, 410 disables the endpoint, anything else is tried again: also a redirect, which is never followed.
Source: Standard Webhooks, "Deliverability and reliability".
"""
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from common.bounded_http import Limits, NoAnswer, Resolver, post_and_hang_up
from common.destinations import guarded
from common.failpoints import reached
from common.jobs import RunAgain
from notifications.models import ANSWER_CHARACTERS, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret
from notifications.schedule import is_given_up, next_attempt, rest
from notifications.sealing import open_secret
from notifications.services import disable
from notifications.signing import signed_headers

AT_ONCE = 8
LIMITS = Limits(timeout_s=10.0, max_bytes=ANSWER_CHARACTERS)
# The worker has other jobs: after so long an endpoint with more to send waits for its next turn.
TURN_S = 5.0
# So long after it was let in again what waited goes out at the latest.
WHILE_SUSPENDED = timedelta(minutes=5)
NO_FAILURE: dict[str, Any] = {"failures": 0, "failing_since": None, "rests_until": None}
AGENT = "Cunzheng-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Request:
    """One attempt, signed and ready to go."""

    delivery: WebhookDelivery
    at: datetime
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the answer's status, or None and a code of `Trouble`."""

    request: Request
    status: int | None
    trouble: str
    answer: str
    duration_ms: int

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def deliver(endpoint_id: int, *, now: Callable[[], datetime] = timezone.now, resolve: Resolver | None = None) -> None:
    """Send what is due to one endpoint. Raises RunAgain when something is due later.

    Nothing leaves for an organisation that is suspended: it waits, and no attempt is counted.
    """
    guard = resolve or guarded(settings.OUTGOING_NETWORKS)
    until = time.monotonic() + TURN_S
    while time.monotonic() < until:
        endpoint = WebhookEndpoint.objects.select_related("organisation").filter(pk=endpoint_id, disabled_at=None).first()
        if endpoint is None:
            return
        if not endpoint.organisation.working:
            raise RunAgain(now() + WHILE_SUSPENDED)
        requests = due_requests(endpoint, now())
        if not requests:
            break
        outcomes = send_all(endpoint.url, requests, guard)
        reached("notifications.webhook-answered")
        write_down(endpoint, outcomes, now=now())
    due = _due_next(endpoint_id)
    if due is not None:
        raise RunAgain(due)


def due_requests(endpoint: WebhookEndpoint, now: datetime) -> list[Request]:
    if endpoint.rests_until is not None and endpoint.rests_until > now:
        return []
    due = WebhookDelivery.objects.filter(endpoint=endpoint, outcome="", next_attempt_at__lte=now).order_by("next_attempt_at", "id")
    deliveries = list(due[: 1 if endpoint.failures else AT_ONCE])
    if not deliveries:
        return []
    keys = signing_keys(endpoint, now=now)
    return [_request(delivery, keys, now) for delivery in deliveries]


def signing_keys(endpoint: WebhookEndpoint, *, now: datetime) -> list[bytes]:
    """The endpoint's keys in use, the current one first."""
    rows = WebhookSecret.objects.filter(endpoint=endpoint).order_by("-created_at", "-id")
    return [open_secret(bytes(row.sealed), endpoint.ref) for row in rows if row.ends_at is None or row.ends_at > now]


def _request(delivery: WebhookDelivery, keys: Sequence[bytes], now: datetime) -> Request:
    body = delivery.body.encode()
    headers = signed_headers(keys, message_id=delivery.message_id, timestamp=int(now.timestamp()), body=body)
    return Request(delivery, now, {**headers, "Content-Type": "application/json", "User-Agent": AGENT}, body)


def send_all(url: str, requests: Sequence[Request], guard: Resolver) -> list[Outcome]:
    """All at once, in threads that touch no row."""
    with ThreadPoolExecutor(max_workers=len(requests)) as pool:
        return list(pool.map(lambda request: _send(url, request, guard), requests))


def _send(url: str, request: Request, guard: Resolver) -> Outcome:
    began = time.monotonic()
    status, trouble, answer = None, "", ""
    try:
        answered = post_and_hang_up(url, request.body, headers=request.headers, limits=LIMITS, resolve=guard)
        status, answer = answered.status, neutral(answered.body)
    except NoAnswer as none:
        trouble = str(none.trouble)
    return Outcome(request, status, trouble, answer, int((time.monotonic() - began) * 1000))


def neutral(body: bytes) -> str:
    """The beginning of a stranger's answer as one harmless line: what is no printable character becomes `.` or U+FFFD."""
    text = body[:ANSWER_CHARACTERS].decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "." for character in text)


def write_down(endpoint: WebhookEndpoint, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Attempts, what becomes of their deliveries, and of the endpoint; one transaction."""
    with transaction.atomic():
        # Whoever deletes the endpoint has its row first or comes after us.
        if WebhookEndpoint.objects.select_for_update().filter(pk=endpoint.pk).first() is None:
            return
        written = [outcome for outcome in outcomes if _end_attempt(outcome, now)]
        WebhookAttempt.objects.bulk_create(_attempt(outcome) for outcome in written)
        _judge_endpoint(endpoint, written, now)


def _end_attempt(outcome: Outcome, now: datetime) -> bool:
    """Count the attempt; False when a worker that had outlived its lease has counted it already, or the delivery was given up."""
    delivery = outcome.request.delivery
    made = delivery.attempts + 1
    again = None if outcome.delivered else next_attempt(made, now=now)
    values: dict[str, object] = {"attempts": made}
    if again is not None:
        values["next_attempt_at"] = again
    else:
        values |= {"outcome": WebhookDelivery.DELIVERED if outcome.delivered else WebhookDelivery.FAILED, "ended_at": now}
    mine = WebhookDelivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, outcome="")
    return mine.update(**values) == 1


def _attempt(outcome: Outcome) -> WebhookAttempt:
    request = outcome.request
    return WebhookAttempt(
        delivery=request.delivery, number=request.delivery.attempts + 1, at=request.at, duration_ms=outcome.duration_ms,
        status=outcome.status, trouble=outcome.trouble, answer=outcome.answer)


def _judge_endpoint(endpoint: WebhookEndpoint, written: Sequence[Outcome], now: datetime) -> None:
    mine = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    if any(outcome.status == HTTPStatus.GONE for outcome in written):
        disable(endpoint, WebhookEndpoint.GONE, now=now)
    elif any(outcome.delivered for outcome in written):
        if endpoint.failures:
            mine.update(**NO_FAILURE)
    elif written:
        failures, since = endpoint.failures + 1, endpoint.failing_since or now
        mine.update(failures=failures, failing_since=since, rests_until=now + rest(failures))
        if is_given_up(since, now=now):
            disable(endpoint, WebhookEndpoint.FAILING, now=now)
        elif not WebhookDelivery.objects.filter(endpoint=endpoint, outcome="").exists():
            # Nothing more is tried, so nothing fails any longer: else the first failure after a quiet month would look like a month's.
            mine.update(**NO_FAILURE)


def _due_next(endpoint_id: int) -> datetime | None:
    """When something is due to the endpoint; None when nothing waits."""
    row = WebhookDelivery.objects.filter(endpoint_id=endpoint_id, endpoint__disabled_at=None, outcome="").order_by("next_attempt_at")
    found = row.values_list("next_attempt_at", "endpoint__rests_until").first()
    return None if found is None else max(moment for moment in found if moment is not None)
