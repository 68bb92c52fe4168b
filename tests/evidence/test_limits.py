"""The limit per credential: kept while its counter is there, and no reason to refuse anybody while it is not."""
import logging
import socket
import time
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django import Settings

from common import counting
from config import env
from tests.depositing import Post, batch


@pytest.fixture(autouse=True)
def _counting() -> Iterator[None]:
    """Whatever a test did to the counter is forgotten; other tests of the same minute counted for the same key's number."""
    cache.clear()
    yield
    counting._uncounted_until[0] = float("-inf")
    cache.clear()


@pytest.fixture
def silent_redis() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_who_deposits_too_often_is_told_when_to_come_back(post_batch: Post, settings: Settings) -> None:
    settings.CACHES = {"default": env.counters("")}
    settings.DEPOSITS_PER_MINUTE = 2
    answers = [post_batch(batch(1)) for _ in range(5)]
    assert answers[0].status_code == 201
    assert {answer.status_code for answer in answers} == {201, 429}, "five requests meet two minutes at most"
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "rate-limited"
    assert 1 <= int(refused["Retry-After"]) <= 60


def test_deposits_pass_while_redis_is_away_and_the_log_says_so_once(
    post_batch: Post, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CACHES = {"default": env.counters("redis://127.0.0.1:9/0")}
    settings.DEPOSITS_PER_MINUTE = 1
    with caplog.at_level(logging.WARNING, "common.counting"):
        assert [post_batch(batch(1)).status_code for _ in range(3)] == [201] * 3
    assert [record.message for record in caplog.records] == ["requests are not counted for 30 s: ConnectionError"]


def test_a_redis_that_hangs_holds_up_one_deposit_and_not_for_long(post_batch: Post, settings: Settings, silent_redis: int) -> None:
    settings.CACHES = {"default": env.counters(f"redis://127.0.0.1:{silent_redis}/0")}
    began = time.monotonic()
    assert [post_batch(batch(1)).status_code for _ in range(20)] == [201] * 20
    assert time.monotonic() - began < 20 * env.REDIS_WAIT_S / 2


def test_a_counter_that_was_forgotten_refuses_nobody(post_batch: Post, settings: Settings) -> None:
    # Django's cache that keeps nothing: what another thread's request does to a full one between two calls.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    assert post_batch(batch(1)).status_code == 201
