"""`make run` as a newcomer meets it: the real program on free ports, with a folder of its own. Nothing is replaced."""
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import Run, administrator, renamed
from tests.repository.free_ports import free_ports
from tests.repository.running import FIRST_START_S, LATER_START_S, ROOT, STOP_S, Place, running


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place with the embedded database."""
    web, tsa, tsa2, notary, court, idp, sms = free_ports(7)
    return Place(tmp_path / "var", web, tsa, tsa2, notary, court, idp, sms)


@pytest.fixture
def place_of_this_run(place: Place) -> Iterator[Place]:
    """A place with an empty database of the kind that this test run is about."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        yield place
        return
    run = Run(url)
    name = run.name("service")
    with administrator(url) as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield replace(place, database_url=renamed(url, name))
    run.end()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_first_start_deposits_and_verifies_then_stops_and_a_later_start_loses_nothing(place_of_this_run: Place, tmp_path: Path) -> None:
    place = place_of_this_run
    with running(place, tmp_path) as service:
        first = service.wait_until_ready(FIRST_START_S)
        said = service.said
        assert re.search(rf"open +http://127\.0\.0\.1:{place.web}/\n", said)
        assert "verdict   PASSED: every required check passed." in said
        assert first["verdict"] == "PASSED"
        numbers = first["records"]
        assert isinstance(numbers, list)
        assert len(numbers) >= 5
        assert all(number in said for number in numbers)
        password, codes = re.search(r"password +(\S+) ", said), re.findall(r"code +(\d{6}) ", said)
        assert password
        assert len(codes) == 1
        # Whoever says so knows the password of everybody, so it is said of each role.
        assert len(re.findall(r"^  \S+ +[a-z0-9-]+@seed\.invalid ", said, re.MULTILINE)) == 29
        assert Path(str(first["package"])).stat().st_size > 10_000
        with urllib.request.urlopen(f"http://127.0.0.1:{place.web}/readyz", timeout=5) as answer:
            assert answer.status == 200
        assert sorted(service.programs()) == ["court", "notary", "sequencer", "tsa", "tsa-2", "web", "worker"]
        assert "another `make run`" in place.refused()

        assert service.stop(signal.SIGINT) == 0
        assert service.said.rstrip().endswith("Everything is stopped and nothing is lost; make run starts it again.")
        assert "Traceback" not in service.said
        assert service.programs() == {}
        assert not answers(place.web)
        assert not answers(place.tsa)
        assert not answers(place.tsa2)

    with running(place, tmp_path) as service:
        began = time.monotonic()
        assert service.wait_until_ready(LATER_START_S) == first
        assert password[0] in service.said
        print(f"later start: {time.monotonic() - began:.1f} s")
        os.kill(service.programs()["sequencer"], signal.SIGKILL)
        assert service.process.wait(timeout=STOP_S) == 1
        assert f"sequencer stopped by itself (SIGKILL), so everything is stopped: its log is {place.var}/logs/sequencer.log" in service.said
        assert service.programs() == {}

    with running(place, tmp_path) as service:
        assert service.wait_until_ready(LATER_START_S) == first
        assert service.stop(signal.SIGTERM) == 0

    package = Path(str(first["package"]))
    with zipfile.ZipFile(package) as opened:
        # In the middle of a member: a bit of the container's own headers may mean nothing.
        largest = max(opened.infolist(), key=lambda member: member.compress_size)
    whole, middle = package.read_bytes(), largest.header_offset + 200 + largest.compress_size // 2
    package.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:])
    with running(place, tmp_path) as service:
        assert service.process.wait(timeout=LATER_START_S) == 1
        assert re.search(r"^The verdict over .*sample-case\.asice is FAILED: the lines above say why", service.said, re.MULTILINE)
        assert re.search(r"^failed  ", service.said, re.MULTILINE)
        assert service.programs() == {}


@pytest.mark.parametrize("moment", ["Setting up", "Depositing", "Waiting until", "Making fictitious people"])
def test_stop_during_the_first_start_is_clean_and_the_next_start_takes_it_up(place_of_this_run: Place, tmp_path: Path, moment: str) -> None:
    with running(place_of_this_run, tmp_path) as service:
        service.wait_until_it_says(moment)
        # Migrations are not cut off, and whoever waits for them is told so.
        assert service.stop(within_s=FIRST_START_S if moment == "Setting up" else STOP_S) == 0, service.said
        assert moment == "Setting up" or "Stopping as soon as the database is whole" not in service.said
        assert "Traceback" not in service.said
        assert service.programs() == {}
    with running(place_of_this_run, tmp_path, *([] if moment.startswith("Making") else ["--without-people"])) as service:
        assert service.wait_until_ready(FIRST_START_S)["verdict"] == "PASSED"
        assert ("@seed.invalid" in service.said) == moment.startswith("Making")
        assert service.stop() == 0


@pytest.mark.parametrize("variable", [
    "CUNZHENG_PORT", "CUNZHENG_TSA_PORT", "CUNZHENG_TSA2_PORT", "CUNZHENG_NOTARY_PORT", "CUNZHENG_COURT_PORT", "CUNZHENG_IDP_PORT",
    "CUNZHENG_SMS_PORT"])
def test_port_in_use_is_one_sentence(place: Place, variable: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(place.environment[variable])))
        holder.listen(1)
        sentence = place.refused()
    assert re.fullmatch(r"Port \d+ is in use by .* \(process \d+\): stop it, or choose another port with (\w+)=\d+ make run\.", sentence)
    assert f"(process {os.getpid()})" in sentence
    assert f"{variable}=" in sentence


def test_same_port_twice_is_one_sentence(place: Place) -> None:
    assert "choose two different ports" in replace(place, tsa=place.web).refused()
    assert "choose two different ports" in replace(place, court=place.notary).refused()
    assert "choose two different ports" in replace(place, tsa2=place.court).refused()


def test_broken_folder_is_one_sentence(place: Place) -> None:
    place.var.write_text("a file in its place")
    assert "CUNZHENG_VAR" in place.refused()


def test_broken_database_is_one_sentence(place: Place) -> None:
    place.var.mkdir()
    (place.var / "db.sqlite3").write_bytes(b"not a database, and longer than a header of one")
    assert "is broken" in place.refused()


def test_database_of_another_program_is_one_sentence(place: Place) -> None:
    place.var.mkdir()
    with sqlite3.connect(place.var / "db.sqlite3") as connection:
        connection.execute("CREATE TABLE accounts_organisation (id INTEGER PRIMARY KEY)")
    connection.close()
    assert "database" in place.refused()


def test_lost_keys_are_one_sentence(place: Place) -> None:
    place.set_up()
    (place.var / "keys" / "log.key").unlink()
    assert "put that file back" in place.refused()


def test_key_that_others_can_read_is_one_sentence(place: Place) -> None:
    place.set_up()
    (place.var / "keys" / "log.key").chmod(0o644)
    assert "can be read by others" in place.refused()


def test_wrong_setting_is_one_sentence(place: Place) -> None:
    done = subprocess.run([sys.executable, "-m", "sandbox.run"], cwd=ROOT, env={**place.environment, "CUNZHENG_MAX_FILES": "many"},
                          capture_output=True, text=True, check=False, timeout=LATER_START_S)
    assert done.returncode == 1
    assert done.stderr == "CUNZHENG_MAX_FILES='many' is not a whole number of at least 1.\n"
