"""Whole installations beside a test: each with its own `var`, database and processes, as on machines of their own."""
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from sandbox.witnesses import SandboxWitness, provide_witnesses
from tests.conftest import process_environment
from tests.databases import ROOT, Template
from tests.ledger.processes import SequencerProcess, wait_until


class Installation:
    """One installation of the service; everything is done to it by processes. `close` ends the one that it keeps."""

    def __init__(self, folder: Path, database: str, **environment: str) -> None:
        self.var, self.database, self.environment = folder, database, environment
        self._orders: subprocess.Popen[str] | None = None
        self._obeys: dict[str, str] = {}
        made = self.manage("init_service", "-v0")
        assert made.returncode == 0, made.stderr
        told = self.told()
        self.origin, self.vkey = str(told["origin"]), str(told["vkey"])

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        environment = process_environment(self.database, self.var, **self.environment)
        return subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    def manage(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return self.run("manage.py", *words)

    def deposit(self, first: int, count: int) -> None:
        """Entries with these numbers, in one transaction."""
        self._order("deposit", str(first), str(count))

    def told(self) -> dict[str, Any]:
        """What the database says: `origin`, `vkey`, `size`, `published`, `signed` (a number), `stamped`, `own` (claims), `incidents`."""
        answer: dict[str, Any] = self._order("tell")
        return answer

    def _order(self, *words: str) -> Any:
        if self._orders is None or self._obeys != self.environment:
            self.close()
            self._obeys = dict(self.environment)
            environment = process_environment(self.database, self.var, **self._obeys)
            self._orders = subprocess.Popen(
                [sys.executable, "-m", "tests.drills.orders"], cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE)
        assert self._orders.stdin is not None
        assert self._orders.stdout is not None
        self._orders.stdin.write(" ".join(words) + "\n")
        self._orders.stdin.flush()
        answer = self._orders.stdout.readline()
        assert answer, f"it ended with {self._orders.wait()} at {words}: see its traceback"
        return json.loads(answer)

    def close(self) -> None:
        if self._orders is not None:
            self._orders.communicate()
            self._orders = None

    def published(self, size: int) -> bool:
        return (self.var / "log" / "published" / str(size)).exists()

    @contextmanager
    def sequencer(self) -> Iterator[SequencerProcess]:
        process = SequencerProcess(self.database, self.var, **self.environment)
        try:
            yield process
        finally:
            process.process.kill()
            process.process.wait()


@contextmanager
def installation(folder: Path, template: Template, *, keys: Path | None = None, **environment: str) -> Iterator[Installation]:
    """A fresh installation below `folder`; `keys` is a folder of keys that it gets instead of its own."""
    folder.mkdir(parents=True)
    if keys is not None:
        shutil.copytree(keys, folder / "keys")
    with template.copy(folder) as database, closing(Installation(folder, database, **environment)) as made:
        yield made


@contextmanager
def witness_processes(folder: Path, *names: str, origin: str, vkey: str, log_url: str) -> Iterator[Path]:
    """`python -m witness serve` for each name; the value is the policy that asks for all but one of them."""
    witnesses = tuple(SandboxWitness(name, free_port()) for name in names)
    provide_witnesses(folder, witnesses, origin=origin, vkey=vkey, log_url=log_url)
    policy = folder / "policy.txt"
    text = policy.read_text()
    assert "group both all" in text
    policy.write_text(text.replace("group both all", f"group both {len(names) - 1}"))
    with ExitStack() as stack:
        for witness in witnesses:
            config = str(folder / "witnesses" / witness.name / "witness.toml")
            log = folder / f"{witness.name}.log"
            stack.enter_context(process("-m", "witness", "serve", config, "--first-start", port=witness.port, log=log))
        yield policy


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """The files below `folder` over HTTP, as a CDN serves tiles; the address without a slash."""
    port = free_port()
    words = ("-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder))
    with process(*words, port=port, log=folder.parent / f"{folder.name}-server.log"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def process(*words: str, port: int, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`python <words>`, once it takes connections at `port`."""
    with log.open("wb") as output:
        started = subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: listening(port) or started.poll() is not None)
        assert started.poll() is None, log.read_text()
        yield started
    finally:
        started.kill()
        started.wait()


def listening(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])
