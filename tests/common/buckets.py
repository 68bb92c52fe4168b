"""Buckets for tests: moto's server over HTTP on loopback, and a proxy before it that loses answers and says that it is busy."""
import http.client
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from moto.server import ThreadedMotoServer

from common.s3_store import S3ObjectStore, S3Place, client_of

REGION = "us-east-1"


@dataclass
class Bucket:
    """A bucket of its own for one test."""

    name: str
    endpoint: str

    @property
    def client(self) -> Any:
        return client_of(self.endpoint, REGION)

    def store(self, prefix: str = "", *, endpoint: str = "", **place: Any) -> S3ObjectStore:
        return S3ObjectStore(S3Place(self.name, prefix, endpoint or self.endpoint, REGION, **place))


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of moto's server, and credentials that it does not look at."""
    before = pytest.MonkeyPatch()
    before.setenv("AWS_ACCESS_KEY_ID", "testing")
    before.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    before.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    before.undo()


@pytest.fixture
def bucket(s3_server: str, request: pytest.FixtureRequest) -> Bucket:
    made = Bucket(f"bucket-{abs(hash(request.node.nodeid)):x}"[:60], s3_server)
    made.client.create_bucket(Bucket=made.name)
    return made


@dataclass
class Faults:
    """What the proxy does with the next requests that `matches`: `lose` of them are done and not answered, `busy` are not done (503)."""

    matches: Callable[[str, str], bool]
    lose: int = 0
    busy: int = 0
    cut_after: int = 0
    """Bodies of answers are cut after so many bytes, `cuts` times."""
    cuts: int = 0
    seen: list[str] = field(default_factory=list)


class FaultyProxy(http.server.ThreadingHTTPServer):
    """Passes S3's requests on to the server behind it; `faults` says what goes wrong."""

    def __init__(self, behind: str, faults: Faults) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlsplit(behind).netloc
        self.faults = faults
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyProxy

    def _pass(self) -> None:
        body, faults = self._body(), self.server.faults
        with self.server.lock:
            faulty = faults.matches(self.command, self.path)
            busy, lost = faulty and faults.busy > 0, faulty and not faults.busy and faults.lose > 0
            faults.busy -= busy
            faults.lose -= lost
            faults.seen.append(f"{self.command} {self.path}")
        if busy:
            return self._answer(503, {}, b"<Error><Code>SlowDown</Code><Message>slow down</Message></Error>")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("expect", "transfer-encoding")}
        connection = http.client.HTTPConnection(self.server.behind, timeout=30)
        connection.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if lost:
            self.close_connection = True
            return None
        return self._answer(answer.status, dict(answer.getheaders()), data)

    def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", headers.get("Content-Length", str(len(data))))
        self.end_headers()
        faults = self.server.faults
        with self.server.lock:
            cut = faults.cuts > 0 and self.command == "GET" and len(data) > faults.cut_after
            faults.cuts -= cut
        if self.command != "HEAD":
            self.wfile.write(data[: faults.cut_after] if cut else data)
        self.close_connection = cut

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: tests say what was asked."""

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815 - the base class's names
