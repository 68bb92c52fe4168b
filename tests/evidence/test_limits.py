"""The limit per credential: kept while its counter is there, and no reason to refuse anybody while it is not."""
import hashlib
import io
import json
import logging
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from common import counting
from config import env
from evidence.api.verify_views import EXAMINING
from tests.depositing import Post, batch, document, multipart


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


UNKNOWN = "CZ-20261123-4K7QM-X2R9D-0"
DOORS = ("/api/v1/verify", "/api/v1/disclosures", "check")


@pytest.mark.parametrize("door", DOORS)
def test_who_verifies_too_often_is_told_when_to_come_back_whatever_he_asks(
    door: str, post_deposit: Post, client: Client, key: str, settings: Settings
) -> None:
    """A right digest, a wrong one, a number of nobody's and no request at all get the same answer, and it comes before any is looked at."""
    settings.CACHES = {"default": env.counters("")}
    number = post_deposit(document(), b"a call").json()["records"][0]["record"]
    settings.VERIFICATIONS_PER_MINUTE = 2

    def ask(record: str, sha256: str, **headers: str) -> Any:
        if door == "check":
            return client.post(f"/records/{record}/check", {"sha256": sha256}, headers=headers)
        body = json.dumps({"record": record, "sha256": sha256}) if record else "{"
        return client.post(door, body, content_type="application/json", headers=headers)

    right = hashlib.sha256(b"a call").hexdigest()
    statuses = {ask(number, right).status_code for _ in range(5)}
    assert 429 in statuses, "five requests meet two minutes at most"
    settings.VERIFICATIONS_PER_MINUTE = 0
    refused = [ask(number, right), ask(number, "0" * 64), ask(UNKNOWN, right), ask("" if door != "check" else "x", "")]
    assert {answer.status_code for answer in refused} == {429}
    assert all(1 <= int(answer["Retry-After"]) <= 60 for answer in refused)
    if door != "check":
        assert len({answer.content for answer in refused}) == 1
        assert refused[0].json()["code"] == "verifications-limited"
        settings.VERIFICATIONS_PER_MINUTE = 2
        assert ask(number, right, Authorization=f"Bearer {key}").status_code != 429, "whoever shows a key is counted by it"
    else:
        assert "verifications-limited" in refused[0].content.decode()


class Upload(io.BytesIO):
    """A body that notes at each read how many packages could be examined at that moment."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.free: list[int] = []

    def read(self, size: int | None = -1, /) -> bytes:
        taken = [place for place in range(2) if EXAMINING.acquire(blocking=False)]
        for _ in taken:
            EXAMINING.release()
        self.free.append(len(taken))
        return super().read(size)


def send_package(client: Client) -> tuple[Any, Upload]:
    body, kind = multipart([("package", "application/zip", b"no package" * 100_000)])
    upload = Upload(body)
    more: dict[str, Any] = {"wsgi.input": upload, "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": kind}
    return client.generic("POST", "/api/v1/verify", b"", **more), upload


@pytest.mark.usefixtures("authority")
def test_a_package_that_is_still_coming_keeps_nobody_from_being_examined(client: Client, service: str) -> None:
    answer, upload = send_package(client)
    assert (answer.status_code, answer.json()["verdict"]) == (200, "failed")
    assert set(upload.free) == {2}
    assert len(upload.free) > 2
    with EXAMINING, EXAMINING:
        answer, upload = send_package(client)
    assert (answer.status_code, answer.json()["code"]) == (503, "verification-busy")
    assert upload.free == [0], "no more is read than tells that it is a package"


def test_guesses_and_floods_of_one_address_leave_others_alone(post_deposit: Post, client: Client, settings: Settings) -> None:
    settings.CACHES = {"default": env.counters("")}
    settings.VERIFICATIONS_PER_MINUTE = 1
    number = post_deposit(document(), b"a call").json()["records"][0]["record"]
    asked = {"record": number, "sha256": hashlib.sha256(b"a call").hexdigest()}
    for _ in range(3):
        client.post("/api/v1/verify", json.dumps(asked), content_type="application/json", REMOTE_ADDR="192.0.2.7")
    assert client.post("/api/v1/verify", json.dumps(asked), content_type="application/json", REMOTE_ADDR="192.0.2.8").status_code == 200
