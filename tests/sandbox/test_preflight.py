"""A start that cannot work is refused before anything runs, in one sentence that says what to do."""
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.preflight import Refused, check_database_file, check_port, claim_folder, holder_of, port_from


def one_sentence(refusal: Refused) -> str:
    text = str(refusal)
    assert "\n" not in text
    assert text.endswith((".", "make run."))
    return text


def listening() -> socket.socket:
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    return server


def test_taken_port_is_refused_with_its_holder_and_the_way_out() -> None:
    with listening() as server:
        port = server.getsockname()[1]
        with pytest.raises(Refused) as refusal:
            check_port(port, variable="CUNZHENG_PORT", suggestion=8080)
    text = one_sentence(refusal.value)
    assert f"Port {port} is in use by" in text
    assert f"(process {os.getpid()})" in text
    assert "CUNZHENG_PORT=8080 make run" in text


def test_port_held_on_every_interface_is_taken_too() -> None:
    with socket.socket(socket.AF_INET6) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("::", 0))
        server.listen(1)
        assert f"(process {os.getpid()})" in holder_of(server.getsockname()[1])
        with pytest.raises(Refused):
            check_port(server.getsockname()[1], variable="CUNZHENG_PORT", suggestion=8080)


def test_free_port_passes_and_stays_free() -> None:
    with listening() as server:
        port = server.getsockname()[1]
    check_port(port, variable="CUNZHENG_PORT", suggestion=8080)
    check_port(port, variable="CUNZHENG_PORT", suggestion=8080)


def test_port_that_nobody_holds_is_held_by_another_program() -> None:
    with listening() as server:
        port = server.getsockname()[1]
    assert holder_of(port) == "another program"


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "80 81", "٨٠"])
def test_port_that_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        port_from({"CUNZHENG_PORT": text}, "CUNZHENG_PORT", 8000)
    assert "CUNZHENG_PORT" in one_sentence(refusal.value)


@pytest.mark.parametrize(("environment", "port"), [({}, 8000), ({"CUNZHENG_PORT": ""}, 8000), ({"CUNZHENG_PORT": " 80 "}, 80)])
def test_port_comes_from_the_environment_or_is_the_default(environment: dict[str, str], port: int) -> None:
    assert port_from(environment, "CUNZHENG_PORT", 8000) == port


def test_folder_is_made_and_belongs_to_one_start(tmp_path: Path) -> None:
    var = tmp_path / "deep" / "var"
    with claim_folder(var):
        assert var.is_dir()
        with pytest.raises(Refused) as refusal:
            claim_folder(var)
        assert f"(process {os.getpid()})" in one_sentence(refusal.value)
    claim_folder(var).close()


def test_folder_whose_holder_was_killed_is_free_again(tmp_path: Path) -> None:
    program = ("import sys, pathlib, os; from sandbox.preflight import claim_folder; "
               "held = claim_folder(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), 9)")
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "var")], check=False)
    assert done.returncode == -9
    claim_folder(tmp_path / "var").close()


def test_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("not a folder")
    with pytest.raises(Refused) as refusal:
        claim_folder(tmp_path / "var")
    assert "CUNZHENG_VAR" in one_sentence(refusal.value)


def test_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused) as refusal:
        claim_folder(tmp_path / "file" / "var")
    assert "CUNZHENG_VAR" in one_sentence(refusal.value)


def test_missing_or_empty_or_sound_database_passes(tmp_path: Path) -> None:
    file = tmp_path / "db.sqlite3"
    check_database_file(file)
    file.touch()
    check_database_file(file)
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    check_database_file(file)


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\x00" + b"\xff" * 4096])
def test_broken_database_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "db.sqlite3"
    file.write_bytes(content)
    with pytest.raises(Refused) as refusal:
        check_database_file(file)
    assert f"The database {file} is broken" in one_sentence(refusal.value)


def test_folder_in_the_place_of_the_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").mkdir()
    with pytest.raises(Refused) as refusal:
        check_database_file(tmp_path / "db.sqlite3")
    assert "cannot be read" in one_sentence(refusal.value)
