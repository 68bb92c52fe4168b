"""What a witness says against the log becomes an incident, and a proof where two histories are signed; a whim becomes neither."""
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from common.key_files import key_path, read_seed
from ledger.forks import Verdict, examine, keep, public_words, tiles_at
from ledger.incidents import FORK, WITNESS_AHEAD, incidents, open_incidents
from ledger.models import Checkpoint, Incident, LogQueue
from ledger.policies import log_verifiers
from ledger.selectors import log_state
from tests.databases import ROOT
from tests.ledger.logs import Clock, deposit, sequencer
from tests.ledger.processes import wait_until
from tests.ledger.test_cosigning import grow, publish
from tests.ledger.witnesses import LocalWitness, local_witnesses, policy
from tests.witness.logs import Log, served
from tests.witness.logs import entries as other_entries
from tlog.errors import VerificationError
from tlog.policy import parse_policy
from tlog.proof import parse_proof
from tlog.tiles import tile_path
from witness.cosigning import SIZE, Answer
from witness.store import Cosigned


class Scene:
    """A log under a policy of three witnesses, of which two are needed; `pages` is what stands at the log's public address."""

    def __init__(self, witnesses: list[LocalWitness], pages: dict[str, bytes], file: Path) -> None:
        self.witnesses, self.pages, self.file = witnesses, pages, file
        self.log = sequencer()
        state = log_state()
        self.origin, self.vkey = state.origin, state.vkey

    def other_log(self, count: int, *, served: bool = True) -> Log:
        """Another history under our own key; its tiles are at the log's public address, or nowhere."""
        log = Log(other_entries(count, "other"), origin=self.origin, seed=read_seed(key_path("log")))
        self.pages.clear()
        self.pages.update({f"/{name}": data for name, data in log.tiles.items()} if served else {})
        return log

    def show(self, log: Log, size: int, *which: int) -> None:
        """Let these witnesses have cosigned that history up to `size`."""
        for witness in [self.witnesses[each] for each in which]:
            latest = witness.store.latest(self.origin)
            assert witness.store.advance(self.origin, latest, Cosigned(size, log.root(size), log.checkpoint(size), 1))

    def round(self) -> bool:
        """One more entry, one more round; whether it was published."""
        grow(self.log, 1000 * self.log.memory.size, 1)
        return publish(self.log)

    def until(self, condition: Callable[[], bool]) -> None:
        def looked() -> bool:
            self.log.take_in_answers()
            return condition()

        wait_until(looked)

    def incident(self, code: str) -> Incident:
        self.until(lambda: any(each.code == code for each in incidents()))
        return next(each for each in incidents() if each.code == code)


@pytest.fixture
def scene(service: str, tmp_path: Path, settings: Settings) -> Iterator[Scene]:
    pages: dict[str, bytes] = {}
    with ExitStack() as stack:
        url = stack.enter_context(served(pages))
        witnesses = stack.enter_context(local_witnesses(tmp_path / "witnesses", "notary", "court", "arbitration"))
        file = tmp_path / "policy.txt"
        vkey = log_state().vkey
        text = policy(witnesses, "group witnesses 2 notary court arbitration", "quorum witnesses")
        file.write_text(text.replace(f"log {vkey}\n", f"log {vkey} {url}\n"))
        settings.POLICY = str(file)
        yield Scene(witnesses, pages, file)


def verified(folder: Path, vkey: str) -> str:
    words = [sys.executable, "-m", "tlog", "verify-fork", str(folder / "a"), str(folder / "b"), "--log", vkey]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_one_size_with_two_roots_is_proven_by_the_two_notes(scene: Scene, var_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    grow(scene.log, 0, 5)
    other = scene.other_log(5, served=False)
    scene.show(other, 5, 0, 1)
    assert not publish(scene.log)
    fork = scene.incident(FORK)
    assert fork.subject in ("notary", "court")
    assert fork.facts == {
        "size": 5, "root": other.root(5).hex(), "our_size": 5, "our_root": scene.log.memory.root.hex(),
        "proof": "same size, different roots", "files": fork.facts["files"],
    }
    scene.until(lambda: {each.subject for each in open_incidents()} == {"notary", "court"})
    folder = var_dir / str(fork.facts["files"])
    assert folder.name.endswith(fork.subject)
    assert "PROVEN: the log showed two histories (same size, different roots)" in verified(folder, scene.vkey)
    assert f"verify-fork {fork.facts['files']}/a {fork.facts['files']}/b --log {scene.vkey}" in caplog.text
    assert LogQueue.objects.count() == 2  # an entry for each of the two incidents
    deposit(500, 3)
    scene.log.sequence()
    assert (log_state().size, log_state().published_size) == (10, 0)


def test_a_larger_size_of_another_history_is_ahead_and_proven_from_the_tiles_of_both(scene: Scene, var_dir: Path) -> None:
    grow(scene.log, 0, 300)
    assert publish(scene.log)
    other = scene.other_log(700)
    scene.show(other, 700, 0, 1)
    assert not scene.round()
    ahead, fork = scene.incident(WITNESS_AHEAD), scene.incident(FORK)
    assert (ahead.facts["size"], ahead.facts["ours"]) == (700, 301)
    assert (fork.facts["proof"], fork.facts["size"], fork.facts["our_size"]) == ("same index, different leaves", 700, 301)
    folder = var_dir / str(fork.facts["files"])
    assert parse_proof((folder / "a").read_bytes()).index == parse_proof((folder / "b").read_bytes()).index == 0
    assert "same index, different leaves" in verified(folder, scene.vkey)


def test_a_smaller_size_of_another_history_is_proven_too(scene: Scene, var_dir: Path) -> None:
    scene.show(scene.other_log(5), 5, 0, 1)
    grow(scene.log, 0, 8)
    assert not publish(scene.log)
    fork = scene.incident(FORK)
    assert (fork.facts["size"], fork.facts["our_size"], fork.facts["proof"]) == (5, 8, "same index, different leaves")
    verified(var_dir / str(fork.facts["files"]), scene.vkey)
    assert all(each.code == FORK for each in incidents())


def test_without_the_tiles_of_the_other_history_the_incident_says_that_nothing_is_proven(scene: Scene, var_dir: Path) -> None:
    other = scene.other_log(5, served=False)
    scene.show(other, 5, 0, 1)
    grow(scene.log, 0, 8)
    assert not publish(scene.log)
    fork = scene.incident(FORK)
    assert str(fork.facts["proof"]).startswith("none: ")
    folder = var_dir / str(fork.facts["files"])
    assert (folder / "ours").read_bytes() == bytes(Checkpoint.objects.get(size=8).note)
    assert (folder / "seen").read_bytes().startswith(other.checkpoint(5)[:-1])


def test_our_own_storage_that_fails_is_no_folder_in_a_public_incident(scene: Scene, var_dir: Path) -> None:
    grow(scene.log, 0, 300)
    assert publish(scene.log)
    other = scene.other_log(700)
    shown = [other.checkpoint(700), other.checkpoint(250)]

    def broken(level: int, index: int, width: int) -> bytes:
        raise FileNotFoundError(2, "No such file or directory", str(var_dir / "log" / tile_path(level, index, width)))

    ours = bytes(Checkpoint.objects.get(size=300).note)
    theirs = tiles_at(f"{parse_policy(scene.file.read_text()).logs[0].url}")
    found = examine(ours, shown[0], read_ours=broken, others=[theirs], verifiers=log_verifiers())
    assert (found.verdict, found.reason) == (Verdict.LARGER, "FileNotFoundError")
    with pytest.raises(FileNotFoundError) as fault:
        examine(ours, shown[1], read_ours=broken, others=[theirs], verifiers=log_verifiers())
    assert public_words(fault.value) == "FileNotFoundError"
    assert public_words(VerificationError("x" * 300)) == "x" * 200


def test_what_was_kept_is_proven_later_by_hand(scene: Scene, var_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = scene.other_log(5, served=False)
    scene.show(other, 5, 0, 1)
    grow(scene.log, 0, 8)
    assert not publish(scene.log)
    seen, out, tiles = var_dir / str(scene.incident(FORK).facts["files"]) / "seen", tmp_path / "out", tmp_path / "copy"
    with pytest.raises(SystemExit) as ended:
        call_command("prove_fork", str(out), note=seen)
    assert ended.value.code == 2
    assert "NOT PROVEN" in capsys.readouterr().err
    for name, data in other.tiles.items():
        (tiles / name).parent.mkdir(parents=True, exist_ok=True)
        (tiles / name).write_bytes(data)
    call_command("prove_fork", str(out), note=seen, other=str(tiles))
    said = capsys.readouterr().out
    assert "PROVEN: same index, different leaves" in said
    assert f"--log {scene.vkey}" in said
    assert "PROVEN" in verified(out, scene.vkey)
    with served({f"/{name}": data for name, data in other.tiles.items()}) as url:
        call_command("prove_fork", str(tmp_path / "again"), note=seen, other=url)
    assert (tmp_path / "again" / "b").read_bytes() == (out / "b").read_bytes()
    (tmp_path / "nonsense").write_bytes(b"nonsense")
    with pytest.raises(CommandError, match="could not be run"):
        call_command("prove_fork", str(out), note=tmp_path / "nonsense")


def test_a_size_that_nobody_can_show_is_ahead_and_no_fork_and_ends_by_itself(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    grow(scene.log, 0, 4)
    assert publish(scene.log)
    scene.log.take_in_answers()
    assert list(scene.log.cosigning.news()) == []  # each answer is news once
    scene.witnesses[0].witness.fault = lambda _: Answer(HTTPStatus.CONFLICT, b"999999999\n", SIZE)
    assert scene.round()  # the quorum is there: one broken witness holds up nothing
    ahead = scene.incident(WITNESS_AHEAD)
    assert (ahead.subject, ahead.facts["size"], ahead.facts["ours"]) == ("notary", 999_999_999, 5)
    assert str(ahead.facts["proof"]).startswith("none: ")
    scene.witnesses[0].witness.fault = None
    assert scene.round()
    scene.until(lambda: open_incidents() == [])
    assert incidents()[0].end.how == "the witness cosigns again"
    assert [each.code for each in incidents()] == [WITNESS_AHEAD]
    assert len([record for record in caplog.records if record.levelno == logging.CRITICAL]) == 1


def test_a_witness_that_changes_its_mind_all_the_time_fills_nothing(scene: Scene) -> None:
    grow(scene.log, 0, 5)
    for turn in range(6):
        scene.witnesses[0].witness.fault = None if turn % 2 else lambda _: Answer(HTTPStatus.CONFLICT, b"999999999\n", SIZE)
        assert scene.round()
        scene.until(lambda: not scene.log.contradictions._cases)
    assert scene.round()
    scene.until(lambda: open_incidents() == [])
    assert Incident.objects.count() == 1


def test_a_refusal_of_what_continues_its_own_page_is_the_witnesses_mistake(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    grow(scene.log, 0, 5)
    assert publish(scene.log)
    scene.witnesses[0].witness.fault = lambda _: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, b"no\n")
    assert scene.round()
    scene.until(lambda: "the witness notary refuses our checkpoint, and nothing that it shows contradicts it" in caplog.text)
    assert incidents() == []


def test_a_size_that_a_newer_sequencer_asked_about_is_known(scene: Scene) -> None:
    grow(scene.log, 0, 5)
    assert publish(scene.log)
    newer = sequencer()
    grow(newer, 1000, 300)
    assert publish(newer)
    asked = scene.log.cosigning.ask(Checkpoint.objects.get(size=5))
    wait_until(lambda: asked.over)
    asked.close()
    scene.log.take_in_answers()
    assert asked.outcome() is None
    assert incidents() == []


@pytest.mark.parametrize("strange", ["key", "origin"])
def test_a_page_under_another_key_or_of_another_log_is_no_fork(scene: Scene, strange: str) -> None:
    grow(scene.log, 0, 5)
    assert publish(scene.log)
    stranger, ours = Log(other_entries(9), origin=scene.origin, seed=b"x" * 32), scene.other_log(1)
    if strange == "origin":
        stranger.origin, stranger.signer = "log.example/another", ours.signer
    scene.show(stranger, 9, 0)
    assert scene.round()
    ahead = scene.incident(WITNESS_AHEAD)
    assert ahead.facts["proof"] == "none: it shows no checkpoint under this log's key"
    assert [each.code for each in incidents()] == [WITNESS_AHEAD]


@pytest.mark.parametrize("size", [5, 3])
def test_a_fork_is_kept_once_and_stays_open_after_a_restart(scene: Scene, var_dir: Path, size: int) -> None:
    """Proven or not: of another size nobody serves the tiles."""
    grow(scene.log, 0, 5)
    scene.show(scene.other_log(size, served=False), size, 0, 1)
    assert not publish(scene.log)
    scene.until(lambda: len(open_incidents()) == 2)
    scene.log = sequencer()
    assert not scene.round()
    scene.until(lambda: not scene.log.contradictions._cases)
    assert len(list((var_dir / "forks").iterdir())) == 2
    assert {(each.code, each.subject) for each in incidents()} == {(FORK, "notary"), (FORK, "court")}


def test_a_disk_that_takes_no_proof_stops_neither_the_incident_nor_the_log(scene: Scene, var_dir: Path) -> None:
    (var_dir / "forks").write_text("in the way")
    grow(scene.log, 0, 5)
    scene.show(scene.other_log(5), 5, 0)
    assert publish(scene.log)
    assert scene.incident(FORK).facts["files"] == ""


def test_a_witness_of_any_name_leaves_the_folder_of_proofs_to_itself(var_dir: Path) -> None:
    folder = keep({"a": b"1"}, witness="../../Évil/name", now=Clock()())
    assert folder == var_dir / "forks" / "20261123-080000--------vil-name"
    assert (folder / "a").read_bytes() == b"1"


def test_what_is_found_twice_in_one_second_is_kept_twice(var_dir: Path) -> None:
    now = Clock()()
    folders = [keep({"seen": data}, witness="notary", now=now) for data in (b"1", b"2", b"3")]
    assert [folder.name.removeprefix("20261123-080000-notary") for folder in folders] == ["", "-2", "-3"]
    assert [(folder / "seen").read_bytes() for folder in folders] == [b"1", b"2", b"3"]
