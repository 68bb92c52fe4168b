"""Web, sequencer and worker as real processes that a test starts, kills with SIGKILL and starts again."""
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sandbox.programs import parse_procfile
from tests.databases import ROOT

PROGRAMS = ("web", "sequencer", "worker")


class Running:
    """A program's process group."""

    def __init__(self, group: int) -> None:
        self.group = group
        try:
            self._descriptor = os.pidfd_open(group)
        except ProcessLookupError:
            self._descriptor = -1  # it died before we looked

    def ended(self, within_s: float = 0.0) -> bool:
        """Whether the program's first process is gone, now or within that time."""
        return self._descriptor < 0 or bool(select.select([self._descriptor], [], [], within_s)[0])

    def kill(self) -> None:
        """SIGKILL to the whole group; returns when none of it is left."""
        wait_until(f"process group {self.group} dies", self._is_gone, pause_s=0.002)
        assert self.ended(within_s=1)

    def _is_gone(self) -> bool:
        try:
            os.killpg(self.group, signal.SIGKILL)
        except ProcessLookupError:
            return True
        return False

    def forget(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Service:
    """One installation's programs. `environment` is theirs; their logs lie in `logs`. Not for several threads.

    `application` and `hooks` stand in the web's command line where the Procfile has `config.wsgi` and `config.gunicorn`.
    """

    def __init__(self, launcher: "subprocess.Popen[str]", *, port: int, logs: Path, application: str, hooks: str) -> None:
        self.launcher, self.port, self.logs, self.application, self.hooks = launcher, port, logs, application, hooks
        self.running: dict[str, Running] = {}
        self.starts = 0
        self._procfile = {program.name: program.command for program in parse_procfile((ROOT / "Procfile").read_text(encoding="utf-8"))}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str, *, failpoints: str = "", cold: bool = False, disk: str = "") -> None:
        """Start a program that does not run. `cold`: from nothing, by the Procfile's own line; `disk`: address of its `FailingDisk`."""
        assert name not in self.running
        words = ["/bin/sh", "-c", self._procfile[name]] if cold else self._words(name)
        self._send({"program": words, "failpoints": failpoints, "log": str(self.log(name)), "disk": disk})
        assert self.launcher.stdout is not None
        self.running[name] = Running(int(self.launcher.stdout.readline()))
        self.starts += 1

    def kill(self, name: str) -> None:
        running = self.running.pop(name)
        running.kill()
        running.forget()

    def start_all(self, names: Sequence[str]) -> None:
        """Start those of `names` that do not run; returns when the web answers."""
        for name in names:
            if name not in self.running:
                self.start(name)
        wait_until("the web answers", self.answers)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/log/vkey", timeout=5):
                return True
        except OSError:
            return False

    def stop(self) -> None:
        for name in list(self.running):
            self.kill(name)

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def worker_deaths(self) -> int:
        """How many web workers the web's first process saw die by SIGKILL so far."""
        path = self.log("web")
        return path.read_bytes().count(b"was sent SIGKILL") if path.exists() else 0

    def _words(self, name: str) -> list[str]:
        if name != "web":
            return ["manage.py", {"sequencer": "sequence", "worker": "work"}[name]]
        # The Procfile's line with the application that is under test.
        line = self._procfile["web"].replace("config.wsgi", self.application).replace("config.gunicorn", self.hooks)
        line = line.replace("$CUNZHENG_PORT", str(self.port))
        words = [word.strip('"') for word in line.split()]
        expanded = [word.partition(":-")[2].rstrip("}") if word.startswith("${") else word for word in words]
        return expanded[expanded.index("gunicorn"):]

    def _send(self, order: dict[str, object]) -> None:
        assert self.launcher.stdin is not None
        self.launcher.stdin.write(json.dumps(order) + "\n")
        self.launcher.stdin.flush()


def wait_until(what: str, true: Callable[[], bool], within_s: float = 60.0, pause_s: float = 0.05) -> None:
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until, f"{what}: not within {within_s} s"
        time.sleep(pause_s)


def port_for_a_server_that_dies() -> int:
    """A free port that the kernel gives to no client.

    While nobody listens on it, a port of the ephemeral range can be taken by any outgoing connection, even by one that
    connects to itself: the restarted server would find it in use.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.SystemRandom().randrange(10_000, lowest)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def installation(
    environment: dict[str, str], *, port: int, logs: Path, application: str = "config.wsgi", hooks: str = "config.gunicorn"
) -> Iterator[Service]:
    """A service of which nothing runs yet; whatever runs in the end is killed."""
    logs.mkdir(parents=True, exist_ok=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    launcher = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.launcher"], cwd=ROOT, env={**environment, "PATH": path, "CUNZHENG_PORT": str(port)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    service = Service(launcher, port=port, logs=logs, application=application, hooks=hooks)
    try:
        yield service
    finally:
        service.stop()
        launcher.communicate(timeout=10)


def last_lines(logs: Path, count: int = 15) -> Sequence[str]:
    """The ends of all logs, to show beside a failure."""
    texts = {log.name: log.read_text(errors="replace").splitlines() for log in sorted(logs.glob("*.log"))}
    return [line for name, lines in texts.items() for line in (f"---- {name}", *lines[-count:])]
