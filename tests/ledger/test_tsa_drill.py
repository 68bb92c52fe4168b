"""T9: the timestamp authority drill. Thirteen faults of real servers; for each, deposits go on, nothing false is ever shown as timestamped,
the other authority stamps meanwhile, and all recovers by itself.

Everything is asked through the public API and pages, and the packages are judged by the offline verifier.
"""
import io
import threading
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from common.object_store import ObjectStore
from ledger import digest_stamps
from ledger.fsck import examine_log
from ledger.incidents import open_incidents
from sandbox.tsa.answering import WrongAnswer
from sandbox.tsa.server import Behaviour
from tests.depositing import Post, document
from tests.ledger.authorities import Two, publish_more, work
from tests.ledger.logs import sequencer
from tlog.package import examine_package
from tlog.report import Report

FAULTS: dict[str, Behaviour | WrongAnswer] = {
    "down": Behaviour.DOWN,
    "slow drip": Behaviour.DRIP,
    "500": Behaviour.SERVER_ERROR,
    "redirect": Behaviour.REDIRECT,
    "100 MB answer": Behaviour.HUGE,
    "wrong nonce": WrongAnswer.WRONG_NONCE,
    "wrong imprint": WrongAnswer.WRONG_IMPRINT,
    "expired certificate": WrongAnswer.EXPIRED_CERTIFICATE,
    "rogue certificate": WrongAnswer.OTHER_AUTHORITY,
    "rejection status": WrongAnswer.REJECTION,
    "clock +1 year": WrongAnswer.A_YEAR_AHEAD,
    "clock -1 year": WrongAnswer.A_YEAR_AGO,
    "garbage": Behaviour.GARBAGE,
}
OF_TIME = ("clock +1 year", "clock -1 year")


class Shown:
    """What the service shows anyone of one record: facts, page, tokens, proof, and the package with the verifier's verdict."""

    def __init__(self, client: Client, key: str, number: str, folder: Path) -> None:
        asked = f"/api/v1/records/{number}"
        self.facts: dict[str, Any] = client.get(asked).json()
        tokens = client.get(f"{asked}/timestamps").json()
        self.tokens = [each["authority"] for each in tokens["timestamps"]]
        self.record_tokens = [each["authority"] for each in tokens["record_timestamps"]]
        self.page = client.get(f"/records/{number}", headers={"Accept-Language": "zh-hans"}).content.decode()
        answer: Any = client.get(f"/api/v1/evidence/{number}/package", headers={"Authorization": f"Bearer {key}"})
        package = folder / f"{number}.asice"
        package.write_bytes(b"".join(answer.streaming_content))
        with zipfile.ZipFile(io.BytesIO(package.read_bytes())) as opened:
            self.stamps = sorted(name for name in opened.namelist() if name.endswith(".tst"))
            self.exceptions = opened.read("exceptions.csv").decode()
        call_command("export_trust", str(folder / "trust"), verbosity=0)
        self.report: Report = examine_package(package, trust=folder / "trust", now=timezone.now())

    @property
    def failed(self) -> list[str]:
        return [check.name for check in self.report.checks if check.outcome == "failed"]


@pytest.fixture
def deposited(post_deposit: Post) -> Callable[[], str]:
    def deposit() -> str:
        answer = post_deposit(document(timestamp="record"), b"RIFF")
        assert answer.status_code == 201, answer.content
        return str(answer.json()["records"][0]["record"])

    return deposit


def while_the_worker_asks(do: Callable[[], str]) -> str:
    """`do` beside a worker that runs all its jobs."""
    def run() -> None:
        work(rounds=3)
        connection.close()

    worker = threading.Thread(target=run)
    worker.start()
    try:
        return do()
    finally:
        worker.join()


def nothing_is_shown_as_timestamped(shown: Shown) -> None:
    assert shown.facts["state"] == "COMMITTED"
    assert (shown.facts["time"]["state"], shown.facts["time"]["at"], shown.facts["time"]["times"]) == ("waiting", None, [])
    assert (shown.tokens, shown.record_tokens, shown.stamps) == ([], [], [])
    assert "等待时间戳" in shown.page
    assert "已获" not in shown.page
    assert "log/1/tsa-one.tst,tsa-unavailable" in shown.exceptions
    assert "log/1/tsa-two.tst,tsa-unavailable" in shown.exceptions
    assert (shown.report.exit_code, shown.failed) == (3, [])


def only_the_other_stamped(shown: Shown, *, disputed: bool) -> None:
    assert shown.facts["state"] == "TIMESTAMPED"
    time = shown.facts["time"]
    assert (time["state"], [each["authority"] for each in time["times"]]) == ("disputed" if disputed else "stamped", ["tsa-two"])
    assert abs(datetime.fromisoformat(time["at"]) - timezone.now()) < timedelta(minutes=5)
    assert time["missing"] == ["tsa-one"]
    assert shown.tokens == ["tsa-two"]
    assert set(shown.record_tokens) <= {"tsa-two"}
    assert {name.rpartition("/")[2] for name in shown.stamps} <= {"tsa-two.tst", "timestamp.tst"}
    assert "log/1/tsa-two.tst" in shown.stamps
    assert "log/1/tsa-one.tst,tsa-unavailable" in shown.exceptions
    assert ("时间有出入" in shown.page) == disputed
    assert shown.failed == []


@pytest.mark.parametrize("fault", FAULTS)
def test_an_authority_that_fails_costs_nothing_but_its_own_stamp(
    fault: str, two_authorities: Two, store: ObjectStore, key: str, deposited: Callable[[], str], client: Client, settings: Settings,
    tmp_path: Path,
) -> None:
    settings.TSA_TIMEOUT_S = 0.25 if fault == "slow drip" else 20.0
    log = sequencer()
    first = deposited()

    # Both fail: nothing is stamped, nothing says so, and deposits are taken while the worker asks.
    for server in two_authorities:
        server.behaviour = FAULTS[fault]
    publish_more(log)
    second = while_the_worker_asks(deposited)
    assert min(server.queries for server in two_authorities) >= 1, "both were asked"
    nothing_is_shown_as_timestamped(Shown(client, key, first, tmp_path))
    assert client.get(f"/api/v1/records/{second}").json()["state"] == "RECEIVED"

    # The second is well again: it stamps, though the first goes on failing and is asked first.
    two_authorities.two.behaviour = Behaviour.WELL
    publish_more(log)
    third = while_the_worker_asks(deposited)
    work(rounds=12)
    for number in (first, second):
        only_the_other_stamped(Shown(client, key, number, tmp_path), disputed=fault in OF_TIME)

    # The first is well again too: nobody restarts or repairs anything, and the next checkpoint has both.
    two_authorities.one.behaviour = Behaviour.WELL
    digest_stamps.RESTING.clear()  # its rest of 30 s is over
    publish_more(log)
    work(rounds=24)
    shown = Shown(client, key, third, tmp_path)
    assert (shown.facts["time"]["state"], shown.tokens) == ("stamped", ["tsa-one", "tsa-two"])
    assert {"log/1/tsa-one.tst", "log/1/tsa-two.tst", "META-INF/timestamp.tst"} <= set(shown.stamps)
    assert shown.report.exit_code == 0, shown.report
    assert open_incidents() == []
    assert list(examine_log()) == []


def test_the_drill_has_every_fault_of_the_issue() -> None:
    assert len(FAULTS) == len(set(FAULTS.values())) == 13
