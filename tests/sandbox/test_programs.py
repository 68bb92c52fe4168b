"""The process manager of `make run`: programs start together, end together and leave nobody behind."""
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.programs import OLD_LOG_BYTES, Program, Programs, ProgramStopped, ending, parse_procfile

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    running = Programs(folder=ROOT, logs=tmp_path / "logs", environment=dict(os.environ))
    yield running
    running.stop(grace_s=0)


def wait_for(path: Path) -> str:
    """The text of a file that a program writes, once there is any."""
    deadline = time.monotonic() + 10
    while not (path.exists() and path.read_text().strip()):
        assert time.monotonic() < deadline, f"{path.name} stays empty"
        time.sleep(0.02)
    return path.read_text().strip()


def wait_until_ended(programs: Programs, position: int) -> None:
    deadline = time.monotonic() + 10
    while ending(programs.running[position].process) is None:
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether a process that is no child of ours has ended (a zombie of init's counts as ended)."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_procfile_of_the_repository_names_its_programs() -> None:
    names = [program.name for program in parse_procfile((ROOT / "Procfile").read_text())]
    assert sorted(names) == ["court", "idp", "notary", "sequencer", "sms", "tsa", "tsa-2", "web", "worker"]


def test_procfile_skips_comments_and_empty_lines() -> None:
    assert parse_procfile("# note\n\nweb: run it\n") == (Program("web", "run it"),)


@pytest.mark.parametrize("line", ["web", "web:", ": run", "web server: run", "wéb: run"])
def test_line_that_is_no_program_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a line of a Procfile"):
        parse_procfile(line)


def test_output_of_a_program_goes_to_its_log(programs: Programs) -> None:
    programs.start(Program("web", "echo to stdout; echo to stderr >&2; exec sleep 60"))
    wait_for(programs.logs / "web.log")
    time.sleep(0.1)
    assert (programs.logs / "web.log").read_text() == "to stdout\nto stderr\n"


def test_large_log_of_an_earlier_start_is_set_aside(programs: Programs) -> None:
    (programs.logs / "web.log").write_bytes(b"x" * (OLD_LOG_BYTES + 1))
    programs.start(Program("web", "echo fresh; exec sleep 60"))
    assert wait_for(programs.logs / "web.log") == "fresh"
    assert (programs.logs / "web.old.log").stat().st_size == OLD_LOG_BYTES + 1


def test_program_that_ends_is_named_with_its_log_and_last_words(programs: Programs) -> None:
    programs.start(Program("worker", "exec sleep 60"))
    programs.start(Program("sequencer", "echo first; echo clock went back.; echo; exit 3"))
    wait_until_ended(programs, 1)
    with pytest.raises(ProgramStopped) as stopped:
        programs.check()
    assert str(stopped.value) == ("sequencer stopped by itself (exit 3), so everything is stopped: "
                                  f"its log is {programs.logs / 'sequencer.log'}, whose last line is: clock went back.")


def test_program_that_was_killed_is_named_with_the_signal(programs: Programs) -> None:
    programs.start(Program("web", "kill -9 $$"))
    wait_until_ended(programs, 0)
    with pytest.raises(ProgramStopped, match=r"^web stopped by itself \(SIGKILL\).*web\.log\.$"):
        programs.check()


def test_running_programs_pass_the_check(programs: Programs) -> None:
    programs.start(Program("web", "exec sleep 60"))
    programs.check()


def test_stop_lets_a_program_finish_its_work(programs: Programs, tmp_path: Path) -> None:
    programs.start(Program("web", f"trap 'echo finished > {tmp_path}/end; exit 0' TERM; echo up; while :; do sleep 0.05; done"))
    wait_for(programs.logs / "web.log")
    programs.stop()
    assert (tmp_path / "end").read_text() == "finished\n"
    assert programs.running == []


def test_stop_kills_what_does_not_listen_and_what_it_started(programs: Programs) -> None:
    programs.start(Program("web", "trap '' TERM; sleep 60 & echo $!; while :; do sleep 60; done"))
    child = int(wait_for(programs.logs / "web.log"))
    leader = programs.running[0].process
    began = time.monotonic()
    programs.stop(grace_s=0.3)
    assert time.monotonic() - began < 5
    assert leader.returncode == -signal.SIGKILL
    assert gone(child)


def test_child_left_behind_by_a_program_that_ended_is_killed(programs: Programs) -> None:
    programs.start(Program("web", "sleep 60 & echo $!; exit 0"))
    child = int(wait_for(programs.logs / "web.log"))
    wait_until_ended(programs, 0)
    programs.stop()
    assert gone(child)


def test_programs_end_when_their_manager_is_killed(tmp_path: Path) -> None:
    program = ("import os, pathlib, sys, time; from sandbox.programs import Program, Programs; "
               "programs = Programs(folder=pathlib.Path.cwd(), logs=pathlib.Path(sys.argv[1]), environment=dict(os.environ)); "
               "programs.start(Program('web', 'echo $$; exec sleep 60')); time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT) as manager:
        child = int(wait_for(tmp_path / "web.log"))
        manager.kill()
    assert gone(child)
