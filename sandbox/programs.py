"""Starts the programs of a Procfile, watches them and stops them together: a small process manager for one terminal.

Each program runs in a session of its own, so that Ctrl-C reaches this process alone, and writes to its own file under
`var/logs/`. When the manager itself is killed, the kernel ends the programs. No restart: a program that stops is a
fact to look at, and everything stops with it. In production each line of the Procfile is a service of its own.
"""
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)", re.ASCII)
GRACE_S = 10.0
OLD_LOG_BYTES = 8 * 1024**2


class ProgramStopped(Exception):
    """A program ended by itself; the text is one sentence that names it and its log."""


@dataclass(frozen=True, slots=True)
class Program:
    """One line of a Procfile; `command` is a line for the shell."""

    name: str
    command: str


@dataclass(frozen=True, slots=True)
class Running:
    program: Program
    process: "subprocess.Popen[bytes]"
    log: Path


def parse_procfile(text: str) -> tuple[Program, ...]:
    """The programs in order. Raises: ValueError on a line that is neither empty, a comment nor `name: command`."""
    programs = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        found = LINE.fullmatch(line)
        if not found:
            raise ValueError(f"not a line of a Procfile: {line!r}")
        programs.append(Program(*found.groups()))
    return tuple(programs)


class Programs:
    """Programs that live and end together. Not for several threads."""

    def __init__(self, *, folder: Path, logs: Path, environment: dict[str, str]) -> None:
        self.folder, self.logs, self.environment = folder, logs, environment
        self.running: list[Running] = []
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, program: Program) -> None:
        log = self.logs / f"{program.name}.log"
        if log.exists() and log.stat().st_size > OLD_LOG_BYTES:
            log.replace(log.with_suffix(".old.log"))
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*ended_with_us(), "/bin/sh", "-c", program.command], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        self.running.append(Running(program, process, log))

    def check(self) -> None:
        """Raises: ProgramStopped when one has ended."""
        for each in self.running:
            code = ending(each.process)
            if code is not None:
                how = f"exit {code}" if code >= 0 else signal.Signals(-code).name
                raise ProgramStopped(f"{each.program.name} stopped by itself ({how}), so everything is stopped: "
                                     f"its log is {each.log}{last_words(each.log)}.")

    def stop(self, grace_s: float = GRACE_S) -> None:
        """End all of them, last started first, with SIGTERM; after `grace_s` with SIGKILL. Returns when none is left."""
        for each in reversed(self.running):
            signal_group(each.process, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        for each in self.running:
            while ending(each.process) is None and time.monotonic() < deadline:
                time.sleep(0.02)
            signal_group(each.process, signal.SIGKILL)  # also what a program left behind in its session
            each.process.wait()
        self.running.clear()


def ended_with_us() -> tuple[str, ...]:
    """Words before a command that make the kernel end it when this process dies; none where util-linux is too old or missing."""
    words = ("setpriv", "--pdeathsig", "TERM")
    usable = shutil.which(words[0]) and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
    return words if usable else ()


def ending(process: "subprocess.Popen[bytes]") -> int | None:
    """The exit code, negative for a signal; None while it runs. The process stays a zombie, so that its number is nobody else's yet."""
    ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if ended is None:
        return None
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Signal a process that was not waited for yet, and all of its session. Afterwards its number could be a stranger's."""
    assert process.returncode is None
    with suppress(ProcessLookupError, PermissionError):  # nobody is left in the group
        os.killpg(process.pid, number)


def last_words(log: Path) -> str:
    """The last line of a log as ": <line>", shortened; "" when there is none."""
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 4096))
        lines = file.read().decode("utf-8", "replace").splitlines()
    words = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f", whose last line is: {words[:300].rstrip('.')}" if words else ""
