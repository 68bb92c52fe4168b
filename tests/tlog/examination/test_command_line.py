"""`python -m tlog verify` as people run it: exit codes, one line a check, never a traceback."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import venv
from datetime import datetime
from importlib.metadata import files as installed_files
from pathlib import Path

import pytest

from tests.databases import ROOT
from tests.evidence.package_fixture import FILES, Built, World, members_of, resealed, small_case, small_package
from tlog.__main__ import main
from tlog.checks import NAMES
from tlog.errors import VerificationError
from tlog.package import FileSource, examine_package


@pytest.fixture
def package(tmp_path: Path) -> tuple[str, str]:
    """Paths of a package and of its trust folder."""
    return paths(small_package(witnesses=2), tmp_path)


def paths(built: Built, folder: Path) -> tuple[str, str]:
    package, trust = built.write(folder)
    return str(package), str(trust)


def run(*words: str, python: str = sys.executable, **environment: str) -> "subprocess.CompletedProcess[str]":
    command, variables = [python, "-m", "tlog", *words], {**os.environ, **environment}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", env=variables, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    return done


def test_good_package_passes_with_one_line_a_check(package: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", package[0], "--trust", package[1]]) == 0
    *lines, empty, last = capsys.readouterr().out.splitlines()
    assert (empty, last.partition(".")[0]) == ("", "PASSED: every required check passed")
    names = [line[13:].partition(":")[0] for line in lines]
    assert all(line[:13] in ("passed       ", "not checked  ") for line in lines)
    assert names == sorted(names, key=NAMES.index)
    assert any(line.endswith("2 rows; the service's own account, not in the log") for line in lines)
    assert any(line.endswith("not-yet (not required)") for line in lines)


def test_package_without_trust_is_incomplete(package: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", package[0]]) == 3
    assert "INCOMPLETE: nothing failed, but these were not checked: trust." in capsys.readouterr().out


def test_damaged_package_fails(package: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    data = Path(package[0]).read_bytes()
    Path(package[0]).write_bytes(data[:-1])
    assert main(["verify", package[0], "--trust", package[1]]) == 2
    assert "FAILED: container. Do not rely on this package." in capsys.readouterr().out


def test_original_that_the_depositor_keeps_is_given_by_file(tmp_path: Path) -> None:
    world, contents = small_case()
    first = world.record(world.deposits[0], world.publish(), absent={"files/1": "depositor-keeps", "files/2": "depositor-keeps"})
    package, trust = paths(world.pack(world.contents([first, contents.records[1]], contents.logs)), tmp_path)
    given = []
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
        given += ["--file", str(tmp_path / name)]
    assert main(["verify", package, "--trust", trust]) == 3
    assert main(["verify", package, "--trust", trust, *given[:2]]) == 3
    assert main(["verify", package, "--trust", trust, *given]) == 0
    (tmp_path / "other").write_bytes(b"other")
    assert main(["verify", package, "--trust", trust, *given, "--file", str(tmp_path / "other")]) == 2
    assert examine_package(package, trust=trust, file=str(tmp_path / "通话清单.json")).exit_code == 3
    assert examine_package(package, trust=trust, file=[tmp_path / name for name in FILES]).exit_code == 3, "no clock"


def test_report_as_json_says_the_same(package: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", package[0], "--trust", package[1], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["package"], told["exit_code"]) == (package[0], 0)
    assert {check["name"] for check in told["checks"]} <= set(NAMES)
    assert {check["outcome"] for check in told["checks"]} == {"passed", "not checked"}


def test_many_parts_of_a_check_are_one_line_unless_all_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    made = [world.deposit({"a.txt": b"%d" % n}) for n in range(25)]
    point = world.publish()
    package, trust = paths(world.pack(world.contents([world.record(one, point) for one in made], [world.folder(point)])), tmp_path)
    assert main(["verify", package, "--trust", trust]) == 0
    short = capsys.readouterr().out
    assert "passed       statement: for 25 parts (--all lists them)" in short
    assert main(["verify", package, "--trust", trust, "--all"]) == 0
    assert capsys.readouterr().out.count("passed       statement: CZ-") == 25


@pytest.mark.parametrize(
    "words",
    [[], ["verify"], ["verify", "a", "b"], ["verify", "--trust"], ["verify", "p", "--unknown"], ["explain", "p"], ["verify", "--json"]],
)
def test_wrong_usage_is_one_sentence_and_exit_1(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1


def test_what_cannot_be_read_is_one_sentence_and_exit_1(
    package: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    large = tmp_path / "large"
    large.mkdir()
    (large / "policy.txt").write_bytes(bytes(5 * 1024 * 1024))
    for words in (
        [str(tmp_path / "absent")], [str(tmp_path)], [str(tmp_path / "pipe")],
        [package[0], "--trust", str(tmp_path / "absent")], [package[0], "--trust", package[0]], [package[0], "--trust", str(large)],
        [package[0], "--file", str(tmp_path / "absent")], [package[0], "--file", str(tmp_path)],
    ):  # fmt: skip
        assert main(["verify", *words]) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith("Could not run: ")
        assert told.err.count("\n") == 1


def test_trust_folder_may_hold_other_things(package: tuple[str, str]) -> None:
    trust = Path(package[1])
    (trust / "README.md").write_text("hello")
    (trust / "tsa" / "old").mkdir()
    (trust / "policies").mkdir()
    (trust / "policies" / "20260101T000000Z.txt").write_bytes((trust / "policy.txt").read_bytes())
    (trust / "policies" / "folder.txt").mkdir()
    assert main(["verify", package[0], "--trust", package[1]]) == 0


def test_clock_has_to_be_aware(package: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="naive"):
        examine_package(package[0], trust=package[1], now=datetime(2026, 1, 1))  # noqa: DTZ001
    assert examine_package(package[0], trust=package[1], file=None).exit_code == 3


def test_file_that_has_become_shorter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    with (tmp_path / "file").open("rb") as stream:
        source = FileSource(stream, 20)
        assert source.read_at(8, 2) == b"89"
        with pytest.raises(VerificationError, match="ends too early"):
            source.read_at(8, 3)


def test_interrupted_examination_is_one_sentence_and_exit_1(package: tuple[str, str], tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as sparse:
        sparse.truncate(64 << 30)
    command = [sys.executable, "-m", "tlog", "verify", package[0], "--file", str(large)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        # Minutes of hashing lie ahead from the moment that the file is open.
        while process.poll() is None and str(large) not in open_files(process.pid):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, "Could not run to the end: interrupted.\n")


def open_files(pid: int) -> list[str]:
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(os.readlink(link))
    return found


# as a process


def test_program_ends_with_its_exit_code(package: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert run("verify", package[0], "--trust", package[1]).returncode == 0
    assert run("verify", package[0]).returncode == 3
    assert run("verify", str(tmp_path / "empty")).returncode == 2
    assert run("verify", str(tmp_path / "absent")).returncode == 1
    assert run("verify").returncode == 1
    assert run("--help").returncode == 0


def test_terminal_that_knows_only_ascii_gets_escapes(package: tuple[str, str]) -> None:
    done = run("verify", package[0], "--trust", package[1], PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert done.returncode == 0
    assert "\\u901a\\u8bdd\\u5f55\\u97f3 0755.wav" in done.stdout


def test_text_from_a_package_cannot_steer_the_terminal(tmp_path: Path) -> None:
    members = members_of(small_package(witnesses=2).data)
    row = ",\x1b[2J\u202e.txt,not-yet\r\n".encode()
    hostile = resealed({**members, "exceptions.csv": members["exceptions.csv"] + row})
    package, _ = paths(Built(hostile, small_package(witnesses=2).trust), tmp_path)
    done = run("verify", package)
    assert done.returncode == 2
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert "\\x1b[2J" in done.stdout


def test_reader_that_leaves_early_causes_no_complaint(package: tuple[str, str]) -> None:
    command = [sys.executable, "-m", "tlog", "verify", package[0]]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 3
    process.stderr.close()


ALLOWED = ("cryptography", "cffi", "pycparser", "pyasn1", "typing_extensions")


def test_program_runs_from_a_checkout_where_only_its_own_packages_are_installed(package: tuple[str, str], tmp_path: Path) -> None:
    """A fresh environment with links to the files of these packages; `tests/tlog/clean_venv.sh` fills one by pip."""
    venv.create(tmp_path / "venv", symlinks=True, with_pip=False)
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    for name in ALLOWED:
        for top in {path.parts[0] for path in installed_files(name) or () if ".." not in path.parts}:
            source = next(Path(entry) / top for entry in sys.path if (Path(entry) / top).exists())
            if not (site / top).exists():
                (site / top).symlink_to(source)
    python = str(tmp_path / "venv" / "bin" / "python")
    assert subprocess.run([python, "-c", "import django"], cwd=tmp_path, capture_output=True, check=False).returncode == 1
    done = run("verify", package[0], "--trust", package[1], python=python)
    assert (done.stderr, done.returncode) == ("", 0)
