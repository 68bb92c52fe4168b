"""A witness's file is restored from a copy: it cosigns nothing until its operator resyncs it; the log goes on with the others, or waits."""
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.witnesses import SandboxWitness, provide_witnesses
from tests.databases import Template
from tests.drills.dumps import copy
from tests.drills.installations import Installation, free_port, installation, process
from tests.drills.web import ask, web
from tests.ledger.processes import wait_until
from tlog.note import split_note

NAMES = ("notary", "court", "arbitration")
TROUBLE = 3


class Witness:
    """One witness of the drill: its folder, and its process while it runs."""

    def __init__(self, folder: Path, witness: SandboxWitness) -> None:
        self.witness, self.folder = witness, folder / "witnesses" / witness.name
        self.file = self.folder / "witness.sqlite3"
        self._running = ExitStack()

    def start(self, *words: str) -> None:
        command = ("-m", "witness", "serve", str(self.folder / "witness.toml"), *words)
        self._running.enter_context(process(*command, port=self.witness.port, log=self.folder / "log.txt"))

    def stop(self) -> None:
        self._running.close()

    def answer_to(self, note: bytes) -> int:
        """The status with which it answers when it is asked to cosign a checkpoint."""
        try:
            with urllib.request.urlopen(f"{self.witness.url}/add-checkpoint", b"old 0\n\n" + note, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code


class Drill:
    """A log under a policy, its web, and three witnesses, of which the first will be restored."""

    def __init__(self, place: Installation, url: str, witnesses: list[Witness]) -> None:
        self.place, self.url, self.witnesses = place, url, witnesses
        self.restored = witnesses[0]

    def checkpoint(self) -> bytes:
        return ask(f"{self.url}/log/checkpoint", "none")[1]

    def cosigned(self, size: int) -> bool:
        """Whether a checkpoint of this size is published and bears the line of the witness that will be, or was, restored."""
        text, lines = split_note(self.checkpoint())
        return text.split("\n")[1] == str(size) and self.restored.witness.key_name in {line.name for line in lines}

    def status(self) -> tuple[int, str]:
        done = self.place.run("-m", "witness", "status", str(self.restored.folder / "witness.toml"))
        return done.returncode, done.stdout


@pytest.fixture(params=["2", "all"])
def drill(request: pytest.FixtureRequest, database_template: Template, tmp_path: Path) -> Iterator[Drill]:
    witnesses = tuple(SandboxWitness(name, free_port()) for name in NAMES)
    with ExitStack() as stack:
        place = stack.enter_context(installation(tmp_path / "first", database_template))
        url = stack.enter_context(web(place, free_port()))
        provide_witnesses(tmp_path, witnesses, origin=place.origin, vkey=place.vkey, log_url=f"{url}/log")
        policy = tmp_path / "policy.txt"
        policy.write_text(policy.read_text().replace("group both all", f"group both {request.param}"))
        place.environment["CUNZHENG_POLICY"] = str(policy)
        found = [Witness(tmp_path, witness) for witness in witnesses]
        for each in found:
            stack.callback(each.stop)
            each.start("--first-start")
        yield Drill(place, url, found)


@pytest.mark.slow
def test_a_restored_witness_cosigns_nothing_until_it_is_resynced(drill: Drill, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    place, restored = drill.place, drill.restored
    others_suffice = "group both 2" in (tmp_path / "policy.txt").read_text()
    with place.sequencer() as running:
        place.deposit(0, 5)
        wait_until(lambda: place.published(5) and drill.cosigned(5))
        copy(restored.file, tmp_path / "copy")
        place.deposit(5, 1)
        wait_until(lambda: place.published(6) and drill.cosigned(6))
        restored.stop()
        copy(tmp_path / "copy", restored.file)
        restored.start()
        assert restored.answer_to(drill.checkpoint()) == 503
        code, said = drill.status()
        assert (code, "this witness was rolled back: it cosigned size 6 once and its file ends at 5" in said) == (TROUBLE, True), said
        assert "--resync" in said

        place.deposit(6, 1)
        if others_suffice:
            wait_until(lambda: place.published(7))
            assert not drill.cosigned(7)
        else:
            wait_until(lambda: "no quorum for the checkpoint of size 7" in running.said)
            assert not place.published(7)
            assert place.told()["size"] == 7
        restored.stop()
        restored.start("--resync")
        wait_until(lambda: drill.status()[0] == 0 if others_suffice else drill.cosigned(7))
        # A round that has its quorum waits a moment for those who answered in the last one: so it may take some until the line is there.
        sizes = range(8, 40)
        assert not others_suffice or any(cosigned_with(drill, size) for size in sizes)
        assert drill.status()[0] == 0, drill.status()[1]
        assert running.stop() == 0
    assert place.manage("fsck", "--from-bundles").returncode == 0


def cosigned_with(drill: Drill, size: int) -> bool:
    """One more entry is deposited and published at this size; whether the witness's line is among the cosignatures."""
    drill.place.deposit(size - 1, 1)
    wait_until(lambda: drill.place.published(size))
    return drill.cosigned(size)
