"""/metrics: nothing without the token, and with it every figure, the answers of other processes included."""
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from common.jobs import Job, enqueue_job
from ledger.incidents import FORK, open_incident
from ledger.measurements import AUTHORITY, WITNESS, answers, measured
from ledger.models import LogQueue, LogState
from ledger.monitor.memory import Store
from ledger.renewal_standing import Standing, tell_standing
from ledger.selectors import log_origin
from sandbox.tsa.server import TimestampServer
from tests.conftest import Start
from tests.databases import ROOT
from tests.depositing import client, key, organisation, post_deposit
from tests.ledger.logs import deposit, sequencer
from tests.ledger.processes import wait_until
from tests.ledger.witnesses import local_witnesses, policy

__all__ = ["client", "key", "organisation", "post_deposit"]
TOKEN = "a token of this test"
Sample = tuple[str, tuple[tuple[str, str], ...]]


@pytest.fixture(autouse=True)
def token(service: str, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def figures(client: Client) -> dict[Sample, float]:
    """(name, labels) → value of every sample, read by Prometheus' own parser."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.content
    assert answer.headers["Cache-Control"] == "no-store"
    families = text_string_to_metric_families(answer.content.decode())
    return {(sample.name, tuple(sample.labels.items())): sample.value for family in families for sample in family.samples}


def plain(client: Client) -> dict[str, float]:
    return {name.removeprefix("cunzheng_"): value for (name, labels), value in figures(client).items() if not labels}


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"Authorization": f"{TOKEN}x"}])
def test_a_stranger_learns_not_even_that_there_are_metrics(client: Client, header: dict[str, str]) -> None:
    nowhere = client.get("/nowhere", headers=header)
    answer = client.get("/metrics", headers={**header, "X-Forwarded-For": "127.0.0.1"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, nowhere.headers["Content-Type"])


def test_without_a_token_there_are_no_metrics_for_anybody(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    for header in ({}, {"Authorization": "Bearer "}, {"Authorization": ""}):
        assert client.get("/metrics", headers=header).status_code == 404


def test_prometheus_behind_the_proxy_is_not_sent_to_https(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    behind = Client()
    assert behind.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert behind.get("/").status_code == 301


def test_a_log_without_anything_has_zeros_and_leaves_out_what_never_happened(client: Client) -> None:
    found = plain(client)
    assert {"log_entries", "log_published_entries", "queue_length"} <= set(found)
    assert {found[name] for name in found} == {0.0}
    assert set(found).isdisjoint({"checkpoint_age_seconds", "monitor_round_age_seconds", "receipts_due_in_seconds"})


def test_what_is_due_for_renewal_shows_and_how_long_it_lasts(client: Client) -> None:
    assert plain(client)["renewal_due_checkpoints"] == 0
    now = timezone.now()
    tell_standing(Standing(7, now + timedelta(days=100)), now=now)
    found = plain(client)
    assert found["renewal_due_checkpoints"] == 7
    assert 99 * 86400 < found["renewal_ends_in_seconds"] <= 100 * 86400


def test_waiting_entries_show_how_long_and_when_the_first_receipt_falls_due(client: Client) -> None:
    deposit(0, 3)
    LogQueue.objects.update(queued_at=timezone.now() - timedelta(seconds=1000))
    found = plain(client)
    assert found["queue_length"] == 3
    assert 1000 <= found["unpublished_oldest_age_seconds"] < 1100
    assert 85_300 < found["receipts_due_in_seconds"] <= 85_400
    assert found["unwitnessed_oldest_age_seconds"] == 0


def test_what_is_published_and_not_stamped_has_an_age(client: Client, publish: Callable[[], None]) -> None:
    deposit(0, 3)
    publish()
    found = plain(client)
    assert (found["log_entries"], found["log_published_entries"], found["queue_length"]) == (3, 3, 0)
    assert found["unpublished_oldest_age_seconds"] == 0
    assert 0 < found["unstamped_oldest_age_seconds"] < 60
    assert 0 < found["checkpoint_age_seconds"] < 60


def test_entries_without_a_quorum_have_an_age(client: Client, tmp_path: Path, settings: Settings) -> None:
    with local_witnesses(tmp_path / "witnesses", "notary") as started:
        settings.POLICY = str(tmp_path / "policy.txt")
        Path(settings.POLICY).write_text(policy(started, "quorum notary"))
        log = sequencer()
        deposit(0, 1)
        while log.sequence():
            continue
        assert 0 < plain(client)["unwitnessed_oldest_age_seconds"] < 60
        wait_until(log.publish)
    found = figures(client)
    assert plain(client)["unwitnessed_oldest_age_seconds"] == 0
    assert found["cunzheng_witness_answer_seconds_count", (("name", "notary"),)] == 1
    assert found["cunzheng_witness_failures_total", (("name", "notary"),)] == 0


def test_answers_are_counted_within_limits_and_failures_beside_them(client: Client) -> None:
    with measured(WITNESS, "notary"):
        pass
    with pytest.raises(ValueError, match="no answer"), measured(WITNESS, "notary"):
        raise ValueError("no answer")
    found = figures(client)
    within = {dict(labels)["le"]: value for (name, labels), value in found.items() if name == "cunzheng_witness_answer_seconds_bucket"}
    assert within["0.05"] == within["10.0"] == within["+Inf"] == 1
    assert found["cunzheng_witness_failures_total", (("name", "notary"),)] == 1


def test_an_authority_that_answers_and_one_that_fails_are_told_apart(
    client: Client, stamp: Callable[[], None], authority: TimestampServer, settings: Settings
) -> None:
    deposit(0, 1)
    stamp()
    [found] = [each for each in answers() if each.kind == AUTHORITY]
    assert (found.name, found.count, found.failures) == ("sandbox-tsa", 1, 0)
    settings.TSAS = "sandbox-tsa=http://127.0.0.1:9/"
    deposit(1, 1)
    stamp()
    [found] = [each for each in answers() if each.kind == AUTHORITY]
    assert (found.count, found.failures) == (1, 1)


COUNTING = """
import django
django.setup()
from ledger.measurements import WITNESS, measured
for _ in range(100):
    with measured(WITNESS, "notary"):
        pass
"""


def test_processes_that_count_at_once_lose_no_count(start: Start) -> None:
    several = [start("-c", COUNTING, DJANGO_SETTINGS_MODULE="config.settings") for _ in range(4)]
    assert [process.wait() for process in several] == [0] * 4
    [found] = answers()
    assert (found.count, found.buckets[-1]) == (400, 400)


def test_counting_harms_nobody_where_nothing_can_be_written(var_dir: Path) -> None:
    (var_dir / "metrics").write_text("a file where the folder would be")
    with measured(WITNESS, "notary"):
        pass
    assert answers() == []


def test_half_a_file_counts_as_none(var_dir: Path) -> None:
    (var_dir / "metrics").mkdir()
    for damage in ("", '{"witness notary": ', "[]", '{"witness notary": {"another": 1}}'):
        (var_dir / "metrics" / "answers.json").write_text(damage)
        with measured(WITNESS, "notary"):
            pass
        assert [each.count for each in answers()] == [1]


def test_open_incidents_are_counted_by_code(client: Client) -> None:
    open_incident(FORK, "size 3", {}, now=timezone.now())
    found = figures(client)
    assert found["cunzheng_open_incidents", (("code", "fork"),)] == 1
    assert found["cunzheng_open_incidents", (("code", "receipt-breached"),)] == 0


def test_jobs_are_counted_while_they_wait_and_when_they_fail(client: Client) -> None:
    now = timezone.now()
    for subject in range(3):
        enqueue_job("test", subject, now=now - timedelta(minutes=1))
    enqueue_job("ledger.watch-log", 0, now=now + timedelta(minutes=1))
    Job.objects.filter(kind="test", subject_id=1).update(attempts=4, last_error="not-yet")
    Job.objects.filter(kind="ledger.watch-log").update(attempts=1000)
    found = figures(client)
    assert found["cunzheng_jobs_due", (("kind", "test"),)] == 3
    assert found["cunzheng_jobs_failing", (("kind", "test"),)] == 1
    assert ("cunzheng_jobs_failing", (("kind", "ledger.watch-log"),)) not in found
    Job.objects.filter(kind="ledger.watch-log").update(last_error="OSError")
    assert figures(client)["cunzheng_jobs_failing", (("kind", "ledger.watch-log"),)] == 1


def test_the_monitors_rounds_and_a_silent_front_door_have_ages(client: Client) -> None:
    store, now = Store(log_origin()), timezone.now()
    with store.locked():
        memory = store.load()
        memory.ended_at, memory.away_since = now - timedelta(seconds=30), now - timedelta(seconds=400)
        store.save(memory)
    found = plain(client)
    assert 30 <= found["monitor_round_age_seconds"] < 60
    assert 400 <= found["front_door_away_age_seconds"] < 460
    (store.folder / "memory.json").write_text("{")
    assert "monitor_round_age_seconds" not in plain(client)


def test_a_service_that_was_not_set_up_has_no_figures(client: Client) -> None:
    LogState.objects.all().delete()
    assert figures(client) == {}


def test_every_figure_is_explained_to_the_operator(client: Client, publish: Callable[[], None]) -> None:
    """Else an alarm would ring and nobody would know what it means."""
    deposit(0, 1)
    publish()
    deposit(1, 1)
    with measured(WITNESS, "notary"), measured(AUTHORITY, "sandbox-tsa"):
        pass
    store = Store(log_origin())
    with store.locked():
        memory = store.load()
        memory.ended_at = timezone.now()
        store.save(memory)
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    named = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    assert len(named) >= 17
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert {name for name in named if f"`{name}`" not in page} == set()
