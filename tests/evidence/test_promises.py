"""Waiting for a checkpoint, and refusing what could not be promised."""
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from evidence import limits
from ledger import services
from ledger.models import LogQueue
from tests.depositing import Post, batch, document
from tests.ledger.processes import sequencers


def test_a_deposit_that_prefers_to_wait_is_answered_once_published(post_deposit: Post, service: str, var_dir: Path) -> None:
    with sequencers(1, service, var_dir, CUNZHENG_CHECKPOINT_INTERVAL_S="0.1"):
        answer = post_deposit(document(), b"RIFF", Prefer="wait=10")
    assert (answer.status_code, answer["Preference-Applied"]) == (201, "wait")
    assert answer.json()["records"][0]["state"] == "COMMITTED"


def test_without_a_sequencer_the_wait_ends_and_the_receipt_is_given_all_the_same(post_deposit: Post) -> None:
    began = time.monotonic()
    answer = post_deposit(document(), b"RIFF", Prefer="respond-async, wait=1")
    assert 1 <= time.monotonic() - began < 8
    assert answer.json()["records"][0]["state"] == "RECEIVED"
    assert answer.json()["receipt"].startswith("cunzheng/receipt/v1\n")


def test_who_finds_the_waiting_places_taken_is_answered_at_once(post_deposit: Post) -> None:
    taken = 0
    while limits.WAITING.acquire(blocking=False):
        taken += 1
    try:
        began = time.monotonic()
        answer = post_deposit(document(), b"RIFF", Prefer="wait=10")
        assert time.monotonic() - began < 5
    finally:
        limits.WAITING.release(taken)
    assert taken == 2, "a quarter of eight threads"
    assert "Preference-Applied" not in answer
    assert answer.status_code == 201


@pytest.mark.parametrize(("prefer", "seconds"), [
    (None, 0), ("", 0), ("wait=3", 3), ("wait=99", 10), ("respond-async; wait=2", 2),
    ("wait=-1", 0), ("wait=x", 0), ("await=5", 0), ("wait=0", 0),
])
def test_the_preference_is_read_as_rfc_7240_says(prefer: str | None, seconds: int) -> None:
    assert limits.wait_seconds(prefer) == seconds


@pytest.mark.parametrize("age_share", [0.4, 0.6])
def test_deposits_are_refused_from_half_of_the_promise_on(
    age_share: float, post_deposit: Post, post_batch: Post, settings: Settings, publish: Callable[[], None]
) -> None:
    assert post_batch(batch(1)).status_code == 201
    LogQueue.objects.update(queued_at=timezone.now() - timedelta(seconds=settings.RECEIPT_PROMISE_S * age_share))
    forget_backlog()
    answers: list[Any] = [post_batch(batch(1)), post_deposit(document(), b"RIFF")]
    if age_share < 0.5:
        assert [answer.status_code for answer in answers] == [201, 201]
        return
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(503, "log-behind")] * 2
    assert int(answers[0]["Retry-After"]) > 0
    publish()
    forget_backlog()
    assert post_batch(batch(1)).status_code == 201, "it recovers by itself"


def forget_backlog() -> None:
    """The answer is kept for a second; do not make the test wait for it."""
    services._backlog.clear()
