"""The log's key is changed with real processes: announced, cosigned, both keys for a while, then the new one alone.

Packages of before, of meanwhile and of after verify by one trust folder; a witness that never added the key drops out; a key that was only
replaced gets nowhere.
"""
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.witnesses import SandboxWitness, provide_witnesses
from tests.databases import ROOT, Template
from tests.drills.installations import Installation, free_port, installation, process
from tests.drills.test_succession import authority, pin, stamped
from tests.drills.web import ask, post, python, web
from tests.ledger.processes import wait_until
from tlog.note import Signer, Verifier, open_note
from tlog.policy import parse_policy

ORIGIN = "log.example/2026"
NAMES = ("notary", "court", "arbitration")
MOMENT = "%Y%m%dT%H%M%SZ"


class Witnesses:
    """Three witnesses, each in a process of its own that its operator may start anew; two of them are the policy's quorum."""

    def __init__(self, folder: Path, place: Installation, log_url: str) -> None:
        self.folder, self.running = folder, {name: ExitStack() for name in NAMES}
        self.places = {name: SandboxWitness(name, free_port()) for name in NAMES}
        provide_witnesses(folder, tuple(self.places.values()), origin=ORIGIN, vkey=place.vkey, log_url=log_url)
        self.policy = folder / "policy.txt"
        self.policy.write_text(self.policy.read_text().replace("group both all", "group both 2"))
        for name in NAMES:
            self.start(name, "--first-start")

    def start(self, name: str, *words: str) -> None:
        config = str(self.folder / "witnesses" / name / "witness.toml")
        started = process("-m", "witness", "serve", config, *words, port=self.places[name].port, log=self.folder / f"{name}.log")
        self.running[name].enter_context(started)

    def add_key(self, name: str, vkey: str) -> None:
        """By its operator's hand: the second key is written beside the first, and the program started anew."""
        config = self.folder / "witnesses" / name / "witness.toml"
        config.write_text(config.read_text().replace('vkeys = ["', f'vkeys = ["{vkey}", "'))
        self.running[name].close()
        self.start(name)

    def stop(self) -> None:
        for each in self.running.values():
            each.close()


class Drill:
    """An installation with everything that runs around it."""

    def __init__(self, place: Installation, url: str, key: str, witnesses: Witnesses) -> None:
        self.place, self.url, self.key, self.witnesses = place, url, key, witnesses

    def get(self, path: str) -> bytes:
        status, body = ask(f"{self.url}{path}", self.key)
        assert status == 200, (path, body)
        return body

    def keys(self) -> list[str]:
        """The log's keys in force, as the log shows them."""
        return self.get("/log/vkey").decode().splitlines()[:-1]

    def deposit(self, word: str) -> str:
        """A record that is published and stamped; its number."""
        status, answer = post(self.url, self.key, word.encode())
        assert status == 201, answer
        number = str(answer["records"][0]["record"])
        wait_until(lambda: json.loads(self.get(f"/api/v1/evidence/{number}"))["state"] == "TIMESTAMPED")
        return number

    def deposit_until_signed(self, word: str, by: set[str]) -> list[str]:
        """Records until the newest checkpoint bears these signatures and no other; their numbers.

        A witness that has just been started is not waited for while the quorum is there, so the first checkpoint may lack it.
        """
        numbers = []

        def signed() -> bool:
            numbers.append(self.deposit(word))
            return self.signers() == by

        wait_until(signed)
        return numbers

    def signers(self) -> set[str]:
        """Whose signatures the newest checkpoint bears: vkeys of the log, key names of witnesses."""
        policy = parse_policy(self.get("/log/policy").decode())
        note = open_note(self.get("/log/checkpoint"), policy.verifiers)
        policy.verify_quorum(note.signatures)
        by_log = {(key.name, key.key_id): key.vkey for key in policy.log_verifiers}
        return {by_log.get((line.name, line.key_id), line.name) for line in note.signatures}

    def verified(self, package: Path, trust: Path) -> int:
        words = [sys.executable, "-m", "tlog", "verify", str(package), "--trust", str(trust)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        print(done.stdout, done.stderr)
        return done.returncode


@pytest.fixture
def drill(database_template: Template, tmp_path: Path) -> Iterator[Drill]:
    port, folder = free_port(), tmp_path / "witnesses"
    folder.mkdir()
    with ExitStack() as stack:
        place = stack.enter_context(installation(
            tmp_path / "log", database_template, CUNZHENG_ORIGIN=ORIGIN, CUNZHENG_URL=f"http://127.0.0.1:{port}",
            CUNZHENG_TSAS=stack.enter_context(authority(tmp_path))))
        pin(place, tmp_path / "tsa")
        key = place.manage("create_api_key", "示例消费金融有限公司").stdout.strip()
        url = stack.enter_context(web(place, port))
        witnesses = Witnesses(folder, place, f"{url}/log")
        stack.callback(witnesses.stop)
        place.environment["CUNZHENG_POLICY"] = str(witnesses.policy)
        stack.enter_context(python(place, "manage.py", "work", name="worker"))
        yield Drill(place, url, key, witnesses)


def announced(place: Installation) -> tuple[str, list[str]]:
    """Announce a new key with the shortest times there are; its vkey, and the ends of the two policies that it will replace."""
    since = datetime.now(UTC) + timedelta(seconds=30)
    moments = [f"{since:{MOMENT}}", f"{since + timedelta(seconds=30):{MOMENT}}"]
    done = place.manage("announce_policy", "--new-log-key", "--from", moments[0], "--until", moments[1])
    assert done.returncode == 0, done.stderr
    return next(line.split()[-1] for line in done.stdout.splitlines() if line.startswith("new key ")), moments


@pytest.mark.slow
def test_a_key_is_changed_while_the_log_goes_on_and_every_package_verifies(drill: Drill, tmp_path: Path) -> None:
    place, old = drill.place, drill.place.vkey
    with place.sequencer() as running:
        numbers = drill.deposit_until_signed("before", {old, "sandbox/notary", "sandbox/court", "sandbox/arbitration"})
        new, ends = announced(place)
        wait_until(lambda: place.told()["published"] == place.told()["size"])
        assert drill.signers() == {old, "sandbox/notary", "sandbox/court", "sandbox/arbitration"}, "announced under the old key"
        for name in ("notary", "court"):
            drill.witnesses.add_key(name, new)
        wait_until(lambda: drill.keys() == [old, new], within_s=60)
        numbers += drill.deposit_until_signed("meanwhile", {old, new, "sandbox/notary", "sandbox/court", "sandbox/arbitration"})
        wait_until(lambda: drill.keys() == [new], within_s=60)
        wait_until(lambda: stamped(place))
        assert running.stop() == 0, running.said
    (place.var / "keys" / "log.key").unlink()
    with place.sequencer() as running:
        numbers += drill.deposit_until_signed("after", {new, "sandbox/notary", "sandbox/court"})
        wait_until(lambda: "the witness arbitration does not cosign: status 403" in running.said)
        assert running.stop() == 0
    packages = []
    for number in numbers:
        packages.append(tmp_path / f"{number}.asice")
        packages[-1].write_bytes(drill.get(f"/api/v1/evidence/{number}/package"))
    trust = tmp_path / "trust"
    assert place.manage("export_trust", str(trust)).returncode == 0
    assert [drill.verified(package, trust) for package in packages] == [0] * len(numbers)
    policies = [drill.get(f"/log/policy/{end}").decode() for end in ends]
    assert [[key.vkey for key in parse_policy(text).log_verifiers] for text in policies] == [[old], [old, new]]
    assert [(trust / "policies" / f"{end}.txt").read_text() for end in ends] == policies
    page = drill.get("/").decode()
    assert page.count("未联署") >= 1
    examined = place.manage("fsck")
    assert examined.returncode == 0, examined.stdout


@pytest.mark.slow
def test_a_key_that_was_only_replaced_stops_the_log_and_no_witness_follows_it(drill: Drill) -> None:
    place, witnesses = drill.place, drill.witnesses
    with place.sequencer() as running:
        drill.deposit("before")
        assert running.stop() == 0
    published = place.told()["published"]
    (place.var / "keys" / "log.key").write_bytes(b"stolen or made by an insider, 32".ljust(32, b"."))
    with place.sequencer() as running:
        assert running.process.wait(timeout=30) == 3
        assert "[log-key-missing]" in running.said
        assert "manage.py announce_policy --new-log-key" in running.said
    # Whoever owns the machine may go on: a policy that was never announced is put among those that are recorded.
    stranger = Signer.from_seed(ORIGIN, (place.var / "keys" / "log.key").read_bytes()).vkey
    forged = witnesses.policy.read_text().replace(place.vkey, stranger)
    (place.var / "policies" / f"{datetime.now(UTC):{MOMENT}}.txt").write_text(forged)
    witnesses.policy.write_text(forged)
    with place.sequencer() as running:
        place.deposit(1000, 3)
        wait_until(lambda: all(refusal(name) in running.said for name in NAMES))
        wait_until(lambda: "nothing is published" in running.said)
        assert running.stop() == 0
    assert place.told()["published"] == published
    open_note(drill.get("/log/checkpoint"), [Verifier.from_vkey(place.vkey)])


def refusal(name: str) -> str:
    return f"the witness {name} does not cosign: status 403"
