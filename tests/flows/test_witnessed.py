"""A record whose checkpoint real witnesses cosigned: what API, pages, log and package say of it, and while the witnesses are away."""
import hashlib
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone, translation
from pytest_django import Settings

from common import jobs
from evidence.portal.state_words import log_words
from ledger.models import LogQueue
from ledger.sequencer.service import Sequencer
from ledger.trust import quorum_missing_since, trust_files
from ledger.witness_silence import unheard_since
from sandbox.tsa.server import TimestampServer
from tests.depositing import Post, document
from tests.ledger.logs import Clock, sequencer
from tests.ledger.witnesses import LocalWitness, local_witnesses, policy
from tlog import checks
from tlog.merkle import leaf_hash
from tlog.package import examine_package
from tlog.policy import parse_policy, verify_checkpoint


@pytest.fixture
def witnesses(service: str, tmp_path: Path, settings: Settings) -> Iterator[list[LocalWitness]]:
    """A notary office and two courts: the notary and any one of the courts are the quorum."""
    with local_witnesses(tmp_path / "witnesses", "notary", "court-1", "court-2") as started:
        file = tmp_path / "policy.txt"
        file.write_text(policy(started, "group courts any court-1 court-2", "group quorum all notary courts", "quorum quorum"))
        settings.POLICY = str(file)
        yield started


@pytest.fixture
def log(witnesses: list[LocalWitness], authority: TimestampServer) -> Sequencer:
    return sequencer()


@pytest.fixture
def number(post_deposit: Post) -> str:
    return str(post_deposit(document(), b"RIFF").json()["records"][0]["record"])


def publish(log: Sequencer) -> None:
    while log.sequence():
        continue
    deadline = time.monotonic() + 4
    while not log.publish() and time.monotonic() < deadline:
        time.sleep(0.01)


def stamp(log: Sequencer) -> None:
    log.request_stamps()
    for job_id in jobs.due_jobs(timezone.now()):
        jobs.run_job(job_id)


def get(client: Any, key: str, path: str) -> Any:
    return client.get(path, headers={"Authorization": f"Bearer {key}"})


def test_a_witnessed_record_says_by_whom_and_its_package_proves_it(
    client: Any, key: str, number: str, log: Sequencer, tmp_path: Path
) -> None:
    publish(log)
    facts = get(client, key, f"/api/v1/evidence/{number}").json()
    assert (facts["state"], facts["log"]["state"]) == ("WITNESSED", "witnessed")
    assert (facts["log"]["cosigned_by"], facts["log"]["witnesses"]) == (["notary", "court-1", "court-2"], 3)
    listed = get(client, key, "/api/v1/evidence").json()["records"]
    assert [row["state"] for row in listed] == ["WITNESSED"]
    text = client.get("/log/policy").content.decode()
    assert len(verify_checkpoint(client.get("/log/checkpoint").content, parse_policy(text)).root) == 32
    stamp(log)
    folder = tmp_path / "trusted"
    for name, data in trust_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    package = tmp_path / "package.asice"
    package.write_bytes(get(client, key, f"/api/v1/evidence/{number}/package").getvalue())
    report = examine_package(package, trust=folder, now=datetime.now(UTC))
    assert [check for check in report.checks if check.outcome != "passed" and check.required] == []
    [quorum] = [check for check in report.checks if check.name == checks.WITNESS_QUORUM]
    assert (quorum.outcome, quorum.required) == ("passed", True)


def test_the_pages_name_the_witnesses_and_say_what_their_line_does_not_mean(client: Any, number: str, log: Sequencer) -> None:
    publish(log)
    page = client.get(f"/records/{number}").content.decode()
    assert "已入链，检查点已由 3/3 个见证节点联署" in page
    assert "联署来自本机的测试节点，只供演示，对外不证明任何事" in page
    assert "联署不构成公证、鉴定、律师见证或人民法院的确认" in page
    assert "cosigned by notary, court-1, court-2" in client.get(f"/records/{number}", headers={"Accept-Language": "en"}).content.decode()
    home = client.get("/").content.decode()
    assert home.count(">已联署<") == home.count("· 测试节点</th>") == 3
    assert "联署不构成公证、鉴定、律师见证或人民法院的确认" in home
    english = client.get("/", headers={"Accept-Language": "en"}).content.decode()
    assert english.count(">Cosigned<") == 3
    assert "published only when these witnesses have cosigned it: notary and (any 1 of court-1, court-2)" in english


def test_a_witness_elsewhere_makes_the_fact_good_and_one_on_this_machine_does_not() -> None:
    fact = {"state": "witnessed", "index": 4, "cosigned_by": ["notary", "court-1"], "witnesses": 3}
    translation.activate("zh-hans")  # whatever language the page of an earlier test was in
    real = log_words(fact, timezone.now())
    assert (real.word, real.tone) == ("已入链，检查点已由 2/3 个见证节点联署", "good")
    assert "没有审查证据内容" in str(real.proves_not)
    test = log_words(fact, timezone.now(), {"court-1"})
    assert (test.tone, "测试节点" in str(test.proves_not)) == ("wait", True)


def test_while_the_quorum_is_missing_deposits_go_on_and_everybody_can_see_since_when(
    client: Any, key: str, number: str, log: Sequencer, witnesses: list[LocalWitness], post_deposit: Post
) -> None:
    witnesses[0].stop()
    publish(log)
    facts = get(client, key, f"/api/v1/evidence/{number}").json()
    assert (facts["state"], facts["log"]["state"], facts["log"]["cosigned_by"]) == ("COMMITTED", "committed", [])
    assert post_deposit(document(), b"RIFF").status_code == 201
    later = timezone.now() + timedelta(minutes=1)
    since = quorum_missing_since(later)
    assert since is not None
    assert later - timedelta(seconds=70) < since < later
    assert quorum_missing_since(since + timedelta(seconds=1)) is None  # a round takes a moment, and nobody is alarmed by it
    witnesses[0].start()
    publish(log)
    assert get(client, key, f"/api/v1/evidence/{number}").json()["state"] == "WITNESSED"
    assert quorum_missing_since(timezone.now() + timedelta(minutes=1)) is None


def test_readyz_and_the_home_page_say_that_the_quorum_is_missing(
    client: Any, number: str, log: Sequencer, witnesses: list[LocalWitness], monkeypatch: pytest.MonkeyPatch
) -> None:
    witnesses[0].stop()
    publish(log)
    now = timezone.now() + timedelta(seconds=40)
    monkeypatch.setattr(timezone, "now", lambda: now)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["witnesses"]) == (200, "quorum-missing")
    assert answer.json()["quorum_missing_since"].endswith("Z")
    home = client.get("/").content.decode()
    assert "要等见证节点的联署达到法定数才发布" in home
    assert "检查点没有达到法定数的联署" in home
    assert home.index("没有达到法定数") < home.index("承诺，现状，怎样自己核对")  # before everything else that the page says
    witnesses[0].start()


def test_a_service_whose_witnesses_are_away_stays_ready_and_one_whose_sequencer_is_away_does_not(
    client: Any, number: str, log: Sequencer, witnesses: list[LocalWitness], monkeypatch: pytest.MonkeyPatch
) -> None:
    witnesses[0].stop()
    publish(log)
    now = timezone.now() + timedelta(seconds=90)
    monkeypatch.setattr(timezone, "now", lambda: now)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (
        200, {"database": "ok", "storage": "ok", "log": "ok", "sequencer": "ok", "witnesses": "quorum-missing"})
    LogQueue.objects.create(entry=b"entry", leaf_hash=leaf_hash(b"entry"), queued_at=now - timedelta(seconds=70))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["sequencer"]) == (503, "silent")
    witnesses[0].start()


def test_a_sequencer_that_starts_while_no_witness_answers_says_so_and_turns_no_deposit_away(
    client: Any, number: str, log: Sequencer, witnesses: list[LocalWitness], post_deposit: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    for witness in witnesses:
        witness.stop()
    clock = Clock(timezone.now())
    monkeypatch.setattr(timezone, "now", clock)
    started = sequencer(clock=clock)
    assert unheard_since(clock()) is None
    for _ in range(4):
        assert started.publish()  # it has asked, and will ask again
        clock.advance(25)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["sequencer"], answer.json()["checks"]["witnesses"]) == (200, "ok", "quorum-missing")
    assert "检查点没有达到法定数的联署" in client.get("/").content.decode()
    assert post_deposit(document(), b"RIFF").status_code == 201
    # A sequencer that was killed in the meantime is not believed for long.
    clock.advance(65)
    assert client.get("/readyz").json()["checks"]["sequencer"] == "silent"
    for witness in witnesses:
        witness.start()
    publish(started)
    assert unheard_since(clock()) is None


def test_verification_by_upload_judges_the_quorum(client: Any, number: str, log: Sequencer) -> None:
    publish(log)
    stamp(log)
    body = {"record": number, "sha256": hashlib.sha256(b"RIFF").hexdigest()}
    report = client.post("/api/v1/verify", json.dumps(body), content_type="application/json").json()
    found = {check["name"]: check for check in report["checks"]}
    assert found[checks.WITNESS_QUORUM]["outcome"] == "passed"
    assert "notary" in found[checks.WITNESS_QUORUM]["reason"]
    assert found[checks.CHECKPOINT_SIGNATURE]["outcome"] == "passed"


def test_a_policy_that_was_changed_by_mistake_is_one_sentence_for_the_sequencer(
    witnesses: list[LocalWitness], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    Path(settings.POLICY).write_text("quorum none\n")
    with pytest.raises(SystemExit) as ended:
        call_command("sequence")
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "CRITICAL"]
    assert (ended.value.code, "does not name this log's key; its line is: log " in line) == (3, True)
