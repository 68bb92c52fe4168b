"""A whole service started as `make run` starts it, with a folder, ports and perhaps a database of its own, for tests from outside."""
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FIRST_START_S, LATER_START_S, STOP_S = 150, 60, 20


@dataclass(frozen=True)
class Place:
    """A folder of its own, two ports and perhaps a database, as a person would choose them by the environment."""

    var: Path
    web: int
    tsa: int
    tsa2: int
    notary: int
    court: int
    idp: int
    sms: int
    database_url: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        own = ("CUNZHENG_", "DATABASE_URL", "CELERY_", "DJANGO_", "COV_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        ports = {"CUNZHENG_PORT": self.web, "CUNZHENG_TSA_PORT": self.tsa, "CUNZHENG_TSA2_PORT": self.tsa2,
                 "CUNZHENG_NOTARY_PORT": self.notary, "CUNZHENG_COURT_PORT": self.court, "CUNZHENG_IDP_PORT": self.idp,
                 "CUNZHENG_SMS_PORT": self.sms}
        chosen = {"CUNZHENG_VAR": str(self.var), **{name: str(port) for name, port in ports.items()}}
        return {**inherited, **chosen, **({"DATABASE_URL": self.database_url} if self.database_url else {}), **self.more}

    def set_up(self) -> None:
        """Database and keys, as the first start makes them."""
        self.var.mkdir()
        subprocess.run([sys.executable, "-m", "sandbox.set_up"], cwd=ROOT, env=self.environment, check=True)

    def refused(self) -> str:
        """What a start that must not succeed says on standard error; it is one line, no traceback, and the exit code is 1."""
        done = subprocess.run([sys.executable, "-m", "sandbox.run"], cwd=ROOT, env=self.environment, capture_output=True, text=True,
                              check=False, timeout=LATER_START_S)
        assert done.returncode == 1, done.stdout + done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr.strip()


class Service:
    """One running `python -m sandbox.run`."""

    def __init__(self, place: Place, folder: Path, *words: str) -> None:
        self.place, self.ready, self.output = place, folder / "ready.json", folder / "output"
        self.ready.unlink(missing_ok=True)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen([sys.executable, "-m", "sandbox.run", "--ready-file", str(self.ready), *words], cwd=ROOT,
                                            env=place.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

    @property
    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_until_ready(self, seconds: float) -> dict[str, object]:
        deadline = time.monotonic() + seconds
        while not self.ready.exists():
            assert self.process.poll() is None, f"it stopped:\n{self.said}"
            assert time.monotonic() < deadline, f"it is not ready:\n{self.said}"
            time.sleep(0.1)
        value = json.loads(self.ready.read_text())
        assert isinstance(value, dict)
        return value

    def wait_until_it_says(self, words: str) -> None:
        deadline = time.monotonic() + FIRST_START_S
        while words not in self.said:
            assert self.process.poll() is None, f"it stopped:\n{self.said}"
            assert time.monotonic() < deadline, f"it never says {words!r}:\n{self.said}"
            time.sleep(0.02)

    def programs(self) -> dict[str, int]:
        """Process ids of the running programs by a word of their command line."""
        found: dict[str, int] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_text().split("\0")
                mine = f"CUNZHENG_VAR={self.place.var}\0" in (folder / "environ").read_text()
            except OSError:
                continue
            for name, mark in (("web", "gunicorn"), ("sequencer", "sequence"), ("worker", "work"),
                               ("tsa", f"{self.place.var}/sandbox-tsa"), ("tsa-2", f"{self.place.var}/sandbox-tsa-2"),
                               ("notary", f"{self.place.var}/witnesses/notary/witness.toml"),
                               ("court", f"{self.place.var}/witnesses/court/witness.toml")):
                if mine and mark in words:
                    found.setdefault(name, int(folder.name))
        return found

    def stop(self, number: signal.Signals = signal.SIGINT, *, within_s: float = STOP_S) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=within_s)


@contextmanager
def running(place: Place, folder: Path, *words: str) -> Iterator[Service]:
    """`words`: more arguments, such as `--without-people` where a test is about something else."""
    service = Service(place, folder, *words)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.process.kill()
            service.process.wait()
