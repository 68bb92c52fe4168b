"""Two logs under one key and one name, with real processes: at most one is witnessed, and the other's fork is proven to anyone."""
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.databases import ROOT, Template
from tests.drills.installations import Installation, file_server, installation, witness_processes
from tests.ledger.processes import SequencerProcess, wait_until

ORIGIN = "log.example/drill"
NAMES = ("notary", "court", "arbitration")


class Drill(NamedTuple):
    """The log that came first, its twin, and the policy of both: two of three witnesses."""

    first: Installation
    twin: Installation
    policy: Path


@pytest.fixture
def drill(database_template: Template, tmp_path: Path) -> Iterator[Drill]:
    with (
        installation(tmp_path / "first", database_template, CUNZHENG_ORIGIN=ORIGIN) as first,
        installation(tmp_path / "twin", database_template, keys=first.var / "keys", CUNZHENG_ORIGIN=ORIGIN) as twin,
        file_server(first.var / "log") as url,
        witness_processes(tmp_path / "witnesses", *NAMES, origin=ORIGIN, vkey=first.vkey, log_url=url) as policy,
    ):
        assert (first.origin, first.vkey) == (twin.origin, twin.vkey)
        for each in (first, twin):
            each.environment["CUNZHENG_POLICY"] = str(policy)
        yield Drill(first, twin, policy)


def fork_of(told: dict[str, Any]) -> dict[str, Any]:
    return next(incident for incident in told["incidents"] if incident["code"] == "fork")


def verified(twin: Installation, incident: dict[str, Any]) -> str:
    """What anybody is told who has the two files and the log's public key, without this service."""
    folder = twin.var / incident["facts"]["files"]
    words = [sys.executable, "-m", "tlog", "verify-fork", str(folder / "a"), str(folder / "b"), "--log", twin.vkey]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def proven(process: SequencerProcess) -> bool:
    assert process.process.poll() is None, process.said
    return "PROOF that this log's key signed two histories" in process.said


@pytest.mark.slow
def test_of_two_histories_of_one_size_one_is_published_and_the_other_is_proven(drill: Drill) -> None:
    with drill.first.sequencer() as one, drill.twin.sequencer() as other:
        one.wait_until_ready()
        other.wait_until_ready()
        drill.first.deposit(0, 5)
        wait_until(lambda: drill.first.published(5))
        drill.twin.deposit(1000, 5)
        wait_until(lambda: proven(other))
        drill.first.deposit(100, 1)
        wait_until(lambda: drill.first.published(6))
        drill.twin.deposit(2000, 3)  # deposits go on
        wait_until(lambda: drill.twin.told()["size"] >= 9)
        told = drill.twin.told()
        assert other.stop() == one.stop() == 0
    assert told["published"] == 0
    assert not list(drill.twin.var.glob("log/published/*"))
    incident = fork_of(told)
    assert incident["subject"] in NAMES
    assert (incident["facts"]["size"], incident["facts"]["our_size"]) == (5, 5)
    assert incident["facts"]["root"] != incident["facts"]["our_root"]
    assert "same size, different roots" in verified(drill.twin, incident)
    assert drill.first.told()["incidents"] == []


@pytest.mark.slow
def test_two_histories_of_different_sizes_are_proven_from_the_tiles_that_the_first_serves(drill: Drill) -> None:
    with drill.first.sequencer() as one, drill.twin.sequencer() as other:
        one.wait_until_ready()
        other.wait_until_ready()
        drill.first.deposit(0, 300)
        wait_until(lambda: drill.first.published(300))
        drill.twin.deposit(1000, 310)
        wait_until(lambda: proven(other))
        # Now the public log is larger than anything that the twin knows.
        drill.first.deposit(5000, 500)
        wait_until(lambda: drill.first.published(800))
        drill.twin.deposit(2000, 3)
        wait_until(lambda: "INCIDENT witness-ahead" in other.said)
        told = drill.twin.told()
        assert other.stop() == one.stop() == 0
    assert told["published"] == 0
    incident = fork_of(told)
    assert incident["facts"]["proof"] == "same index, different leaves"
    assert (incident["facts"]["size"], incident["facts"]["our_size"]) == (300, 310)
    assert "same index, different leaves" in verified(drill.twin, incident)
    assert any(each["code"] == "witness-ahead" and each["facts"]["size"] == 800 for each in told["incidents"])
    assert drill.first.told()["incidents"] == []
    # A start is refused outright: it hears the witnesses before it signs anything.
    with drill.twin.sequencer() as again:
        assert again.process.wait(timeout=30) == 3
        assert "[witness-ahead]" in again.said


@pytest.mark.slow
def test_a_log_whose_key_was_replaced_is_refused_by_every_witness(drill: Drill, database_template: Template, tmp_path: Path) -> None:
    with installation(tmp_path / "stranger", database_template, CUNZHENG_ORIGIN=ORIGIN) as stranger:
        assert stranger.vkey != drill.first.vkey
        policy = tmp_path / "strange-policy.txt"
        policy.write_text(drill.policy.read_text().replace(drill.first.vkey, stranger.vkey))
        stranger.environment["CUNZHENG_POLICY"] = str(policy)
        with stranger.sequencer() as process:
            process.wait_until_ready()
            stranger.deposit(0, 5)
            wait_until(lambda: all(refusal(name) in process.said for name in NAMES))
            assert "no quorum for the checkpoint of size 5; nothing is published" in process.said
            assert process.stop() == 0
        with drill.first.sequencer() as one:
            drill.first.deposit(0, 5)
            wait_until(lambda: drill.first.published(5))
            assert one.stop() == 0
        # What the witnesses show by now is under a key that the stranger does not know: it does not even sign.
        with stranger.sequencer() as again:
            wait_until(lambda: all(f"the witness {name} does not cosign: VerificationError" in again.said for name in NAMES))
            assert again.stop() == 0
        told = stranger.told()
    assert (told["published"], told["incidents"]) == (0, [])
    # And the key file alone: the database knows whose log it is.
    (drill.first.var / "keys" / "log.key").write_bytes((tmp_path / "stranger" / "keys" / "log.key").read_bytes())
    with drill.first.sequencer() as again:
        assert again.process.wait(timeout=30) == 3
        assert drill.first.vkey in again.said or "[other-key]" in again.said


def refusal(name: str) -> str:
    return f"the witness {name} does not cosign: status 403 (it does not know this log's key)"
