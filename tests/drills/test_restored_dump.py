"""Last week's database is restored, or none is left: nothing is signed, what contradicts it is named, and the tiles bring the log back."""
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.databases import Template
from tests.drills.dumps import dump, restore
from tests.drills.installations import Installation, file_server, installation, witness_processes
from tests.ledger.processes import SequencerProcess, wait_until

ORIGIN = "log.example/drill"
BEFORE, AFTER = 300, 1000
REFUSED = 3


class Drill(NamedTuple):
    """A log with 300 published records, cosigned by two of three witnesses; its dump and a copy of its storage; then 1,000 more."""

    place: Installation
    dump: Path
    old_storage: Path
    new_storage: Path


@pytest.fixture
def place(database_template: Template, tmp_path: Path) -> Iterator[Installation]:
    with (
        installation(tmp_path / "first", database_template, CUNZHENG_ORIGIN=ORIGIN) as first,
        file_server(first.var / "log") as url,
        witness_processes(tmp_path / "witnesses", "notary", "court", "arbitration", origin=ORIGIN, vkey=first.vkey, log_url=url) as policy,
    ):
        first.environment["CUNZHENG_POLICY"] = str(policy)
        yield first


@pytest.fixture
def drill(place: Installation, tmp_path: Path) -> Drill:
    drill = Drill(place, tmp_path / "dump", tmp_path / "old", tmp_path / "new")
    with place.sequencer() as running:
        running.wait_until_ready()
        deposit(place, "one", BEFORE)
        wait_until(lambda: place.published(BEFORE))
        dump(place, drill.dump)
        shutil.copytree(place.var / "log", drill.old_storage)
        deposit(place, "two", AFTER)
        wait_until(lambda: place.published(BEFORE + AFTER))
        assert running.stop() == 0
    shutil.copytree(place.var / "log", drill.new_storage)
    return drill


def deposit(place: Installation, case: str, count: int) -> None:
    done = place.run("-m", "tests.drills.depositor", case, "10", str(count // 10), str(place.var / f"{case}.acknowledged"))
    assert done.returncode == 0, done.stderr


def storage_is(place: Installation, folder: Path) -> None:
    shutil.rmtree(place.var / "log")
    shutil.copytree(folder, place.var / "log")


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def refused(place: Installation) -> str:
    """The one sentence with which the sequencer ends, in both languages; nothing in storage changed meanwhile."""
    before = names(place.var / "log")
    process = SequencerProcess(place.database, place.var, **place.environment)
    assert process.process.wait(60) == REFUSED, process.said
    assert names(place.var / "log") == before
    sentence = process.said.splitlines()[-1]
    assert re.search(r"[一-鿿].*。.*[a-z]{4}.*\.$", sentence), sentence
    return sentence


def signed(place: Installation) -> int:
    return int(place.told()["signed"])


@pytest.mark.slow
def test_a_restored_dump_is_refused_by_whoever_saw_more_and_brought_back_from_the_tiles(drill: Drill) -> None:
    place = drill.place
    restore(place, drill.dump)
    storage_is(place, drill.old_storage)
    before = signed(place)
    # Only a witness knows now. What waits in the queue waits on: it must not be committed on top of an old copy.
    deposit(place, "three", 10)
    assert re.search(r"The witness (notary|court|arbitration) has cosigned a checkpoint of size 1300, and this database ends at 300",
                     refused(place))
    assert (signed(place), place.told()["size"]) == (before, BEFORE)
    storage_is(place, drill.new_storage)
    assert "database 300, storage 1300: the checkpoint published/1300" in refused(place)
    assert signed(place) == before

    recovered = place.manage("log_recover")
    assert recovered.returncode == 1, recovered.stderr
    listed = [line for line in recovered.stdout.splitlines() if line.startswith("incident index=")]
    assert [int(line.split()[1].removeprefix("index=")) for line in listed] == list(range(BEFORE, BEFORE + AFTER))
    incidents = place.told()["incidents"]
    assert {incident["code"] for incident in incidents} == {"statement-lost"}
    assert len(incidents) == AFTER
    with place.sequencer() as running:
        wait_until(lambda: place.published(BEFORE + AFTER + 10 + AFTER))
        assert running.stop() == 0
    examined = place.manage("fsck")
    assert (examined.returncode, examined.stdout.strip()) == (0, "fsck：未发现问题 / nothing is wrong")


@pytest.mark.slow
def test_a_lost_database_is_made_anew_from_the_tiles_under_the_same_keys(
    place: Installation, database_template: Template, tmp_path: Path
) -> None:
    with place.sequencer() as running:
        deposit(place, "one", BEFORE)
        wait_until(lambda: place.published(BEFORE))
        assert running.stop() == 0
    with (
        database_template.copy(place.var) as empty,
        closing(Installation(place.var, empty, **place.environment)) as again,
    ):
        assert (again.origin, again.vkey) == (ORIGIN, place.vkey)
        assert "database 0, storage 300: the checkpoint published/300" in refused(again)
        recovered = again.manage("log_recover")
        assert recovered.returncode == 1, recovered.stderr
        assert recovered.stdout.count("incident index=") == BEFORE
        assert again.told()["published"] == BEFORE
        with again.sequencer() as running:
            wait_until(lambda: again.published(BEFORE + BEFORE))
            assert running.stop() == 0
        examined = again.manage("fsck")
        assert (examined.returncode, examined.stdout.strip()) == (0, "fsck：未发现问题 / nothing is wrong")
