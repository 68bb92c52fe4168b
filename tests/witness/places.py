"""A witness as an institution runs it: its folder, its process, and ways to speak to it."""
import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.databases import ROOT
from tests.witness.logs import ORIGIN, Log, entries, served
from tlog.note import Verifier

LOG = Log(entries(600))
NAME = "notary.example/witness"


class Place:
    """A folder in which a witness was made, and the process that serves from it; `python` is started in `home`."""

    def __init__(self, folder: Path, url: str, *, python: str = sys.executable, home: Path = ROOT) -> None:
        self.folder, self.config, self.python, self.home = folder, folder / "witness.toml", python, home
        made = self.command("init", str(folder), "--name", NAME)
        assert made.returncode == 0, made.stderr
        self.said = made.stdout
        self.verifier = Verifier.from_vkey(made.stdout.splitlines()[-1])
        text = self.config.read_text().replace("127.0.0.1:8101", "127.0.0.1:0")
        self.config.write_text(f'{text}\n[[log]]\norigin = "{ORIGIN}"\nvkeys = ["{LOG.signer.vkey}"]\nurl = "{url}"\n')
        self.process: subprocess.Popen[str] | None = None
        self.port = 0

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [self.python, "-m", "witness", *words]
        return subprocess.run(command, cwd=self.home, capture_output=True, text=True, timeout=60, check=False)

    def start(self, *words: str) -> None:
        command = [self.python, "-m", "witness", "serve", str(self.config), *words]
        with (self.folder / "log.txt").open("a") as log:
            self.process = subprocess.Popen(command, cwd=self.home, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said.startswith("witnessing 1 log on 127.0.0.1:"), (self.folder / "log.txt").read_text()
        self.port = int(said.strip().rpartition(":")[2].partition("/")[0])  # a prefix may follow

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return code

    def post(self, data: bytes, path: str = "/add-checkpoint") -> tuple[int, bytes]:
        return self.ask("POST", path, data)

    def ask(self, method: str, path: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, data, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def raw(self, data: bytes) -> bytes:
        """Bytes that need be no request, and all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as line:
            line.sendall(data)
            with suppress(OSError):  # it may have closed already
                line.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := line.recv(1 << 16):
                answer += piece
            return answer


@pytest.fixture
def pages() -> dict[str, bytes]:
    return {}


@pytest.fixture
def place(tmp_path: Path, pages: dict[str, bytes]) -> Iterator[Place]:
    with served(pages) as url:
        place = Place(tmp_path / "witness", url)
        yield place
        if place.process is not None:
            place.stop(signal.SIGKILL)
