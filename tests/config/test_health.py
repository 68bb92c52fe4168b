"""/healthz and /readyz: well, and each thing that can be wrong by its word."""
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from ledger.models import LogQueue, LogState
from tlog.merkle import leaf_hash


def ready(client: Client) -> tuple[int, dict[str, str]]:
    answer = client.get("/readyz")
    body = answer.json()
    assert body["ready"] == (answer.status_code == 200)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, {name: word for name, word in body["checks"].items() if word != "ok"}


def queue(age_s: float) -> None:
    LogQueue.objects.create(entry=b"entry", leaf_hash=leaf_hash(b"entry"), queued_at=timezone.now() - timedelta(seconds=age_s))


def test_process_that_answers_is_healthy_even_without_a_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_fresh_service_is_ready(service: str, client: Client) -> None:
    assert ready(client) == (200, {})


def test_service_with_everything_published_is_ready(service: str, client: Client, publish: Callable[[], None]) -> None:
    queue(0)
    publish()
    assert ready(client) == (200, {})


@pytest.mark.parametrize(("age_s", "wrong"), [
    (0, {}), (50, {}), (70, {"sequencer": "silent"}), (43_300, {"log": "behind", "sequencer": "silent"}),
])
def test_waiting_entries_make_the_sequencer_silent_and_then_the_log_behind(
    service: str, client: Client, age_s: int, wrong: dict[str, str]
) -> None:
    queue(age_s)
    assert ready(client) == (503 if wrong else 200, wrong)


def test_frozen_log_is_not_ready(service: str, client: Client) -> None:
    LogState.objects.update(frozen_at=timezone.now())
    assert ready(client) == (503, {"log": "frozen"})


def test_service_that_was_not_set_up_says_so(database: str, client: Client) -> None:
    assert ready(client) == (503, {"database": "not-set-up", "log": "unknown", "sequencer": "unknown", "witnesses": "unknown"})


def test_database_that_is_gone_is_named_and_nothing_of_it_told(service: str, client: Client) -> None:
    connection.close()
    connection.settings_dict.update(NAME="/nowhere/database", OPTIONS={})
    assert ready(client) == (503, {"database": "unavailable", "log": "unknown", "sequencer": "unknown", "witnesses": "unknown"})


def test_storage_that_cannot_be_written_is_named(service: str, client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "gone"
    assert ready(client) == (503, {"storage": "unavailable"})


def test_check_of_the_storage_leaves_nothing_behind(service: str, client: Client, var_dir: Path) -> None:
    before = sorted(var_dir.iterdir())
    assert ready(client) == (200, {})
    assert [path for path in sorted(var_dir.iterdir()) if path not in before and not path.name.startswith("db.")] == []


def test_policy_that_cannot_be_used_is_named(service: str, client: Client, settings: Settings, tmp_path: Path) -> None:
    (settings.VAR_DIR / "policies").mkdir()
    (settings.VAR_DIR / "policies" / "19700101T000000Z.txt").write_text("changed by hand")
    assert ready(client) == (200, {"witnesses": "policy-unusable"})


def test_both_are_read_only(service: str, client: Client) -> None:
    for path in ("/healthz", "/readyz"):
        assert client.post(path).status_code == 405
