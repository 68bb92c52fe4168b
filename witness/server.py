"""HTTP for the witness: two routes, everything bounded, one thread for each connection and no more than `CONNECTIONS` of them.

    POST <prefix>/add-checkpoint                          C2SP tlog-witness
    GET  <prefix>/<hex sha256(origin)>/checkpoint         monitoring

What it does not do: TLS (a reverse proxy does), authentication (the log's signature is the authentication), keep request bodies.
"""
import contextlib
import logging
import re
import socket
import sqlite3
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any

from witness.cosigning import TEXT, Answer, Witness
from witness.request import MAX_BODY

logger = logging.getLogger(__name__)

CONNECTIONS = 128
SILENCE_S = 10
REQUEST_S = 30.0
"""So long a request may take altogether, the wait for it included: a byte every few seconds would hold a connection for ever."""
MAX_HEAD = 16 * 1024
# What http.server calls its own failure is the client's mistake.
_OURS = {HTTPStatus.NOT_IMPLEMENTED: HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED: HTTPStatus.BAD_REQUEST}
_LENGTH = re.compile(r"[0-9]{1,9}")
_MONITORED = re.compile(r"/([0-9a-f]{64})/checkpoint")


class _Head:
    """A reader that ends after `MAX_HEAD` bytes of lines: http.server alone would take six megabytes of headers."""

    def __init__(self, source: BufferedIOBase) -> None:
        self._source = source
        self.left = MAX_HEAD

    def readline(self, limit: int = -1) -> bytes:
        line = self._source.readline(min(limit, self.left) if limit >= 0 else self.left)
        self.left -= len(line)
        return line

    def read(self, size: int) -> bytes:
        return self._source.read(size)

    def close(self) -> None:
        self._source.close()


class Handler(BaseHTTPRequestHandler):
    """One connection; requests follow one another on it."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "witness", ""
    timeout = SILENCE_S
    disable_nagle_algorithm = True
    server: "Server"

    def setup(self) -> None:
        super().setup()
        self.rfile = _Head(self.rfile)  # type: ignore[assignment]

    def handle_one_request(self) -> None:
        self.server.expect_end(self.connection)
        self.rfile.left = MAX_HEAD  # type: ignore[attr-defined]
        super().handle_one_request()

    def parse_request(self) -> bool:
        """False when the head was refused, and answered."""
        if not super().parse_request():
            return False
        if self.rfile.left <= 0:  # type: ignore[attr-defined]
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return False
        if self.request_version == "HTTP/0.9":  # two words are a request of 1991 to http.server, and a broken line to us
            self.send_error(HTTPStatus.BAD_REQUEST)
            return False
        return True

    def do_POST(self) -> None:
        if self.path != f"{self.server.prefix}/add-checkpoint":
            self._answer(Answer(HTTPStatus.NOT_FOUND, b"no such page\n"), close=True)
        elif (body := self._body()) is not None:
            self._answer(self._decided(body))

    def do_GET(self) -> None:
        match = _MONITORED.fullmatch(self.path.removeprefix(self.server.prefix)) if self.path.startswith(self.server.prefix) else None
        if match is None:
            self._answer(Answer(HTTPStatus.NOT_FOUND, b"no such page\n"), close=self._may_have_body())
            return
        self._answer(self._monitored(match[1]), close=self._may_have_body())

    def _decided(self, body: bytes) -> Answer:
        try:
            return self.server.witness.add_checkpoint(body)
        except (sqlite3.Error, OSError) as broken:
            logger.error("nothing was signed: the state could not be kept (%s)", type(broken).__name__)
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"the witness cannot keep its state; nothing was signed\n")

    def _monitored(self, digest: str) -> Answer:
        try:
            return self.server.witness.checkpoint(digest)
        except (sqlite3.Error, OSError) as broken:
            logger.error("the state could not be read (%s)", type(broken).__name__)
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"the witness cannot read its state\n")

    def _may_have_body(self) -> bool:
        """Whether bytes may follow that are no new request. A head with defects hides from us what a proxy may have read in it."""
        lengths = self.headers.get_all("Content-Length", ["0"])
        return bool(self.headers.defects) or self.headers.get("Transfer-Encoding") is not None or lengths != ["0"]

    def _body(self) -> bytes | None:
        """The request's body; None when it was refused, and answered."""
        length = self.headers.get("Content-Length", "")
        if self.headers.defects:
            self._answer(Answer(HTTPStatus.BAD_REQUEST, b"the head is not made of fields\n"), close=True)
        elif self.headers.get("Transfer-Encoding") is not None or not length:
            self._answer(Answer(HTTPStatus.LENGTH_REQUIRED, b"a request states its length\n"), close=True)
        elif len(self.headers.get_all("Content-Length", [])) != 1 or not _LENGTH.fullmatch(length):
            self._answer(Answer(HTTPStatus.BAD_REQUEST, b"Content-Length is not one number\n"), close=True)
        elif int(length) > MAX_BODY:
            self._answer(Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"a request has at most %d bytes\n" % MAX_BODY), close=True)
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                return body
            self.close_connection = True
        return None

    def _answer(self, answer: Answer, *, close: bool = False) -> None:
        self.send_response_only(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":  # SPEC: RFC 9110, 9.3.2: the answer to HEAD has no content, a refusal neither
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses: bad heads and unknown methods. No HTML, no echo of the request."""
        status = _OURS.get(HTTPStatus(code), HTTPStatus(code))
        self.close_connection = True
        self.request_version = self.protocol_version  # a head that could not be read is answered with a whole one
        self._answer(Answer(status, f"{status.phrase}\n".encode(), TEXT), close=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Nothing for each request; decisions that matter are logged where they are made."""


class Server(ThreadingHTTPServer):
    """Listens at once; `serve_forever` answers. `prefix` stands before both routes and is empty or begins with a slash."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], prefix: str, witness: Witness, *, request_s: float = REQUEST_S) -> None:
        self.prefix, self.witness, self._request_s = prefix, witness, request_s
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        self._ends: dict[socket.socket, float] = {}
        self._ends_lock = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Handler)

    def expect_end(self, connection: socket.socket) -> None:
        """A request begins on this connection: it is shut down unless another begins, or it closes, within the time of one."""
        with self._ends_lock:
            self._ends[connection] = time.monotonic() + self._request_s

    def service_actions(self) -> None:
        """Called by `serve_forever` at each turn: shut down what is past its end. The connection's thread then reads an end of file."""
        now = time.monotonic()
        with self._ends_lock:
            for connection in [each for each, end in self._ends.items() if end <= now]:
                del self._ends[connection]
                with contextlib.suppress(OSError):  # the client may have gone already
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._ends_lock:
                self._ends.pop(request, None)
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a mistake of ours and is said with its traceback."""
        fault = sys.exception()
        if not isinstance(fault, (ConnectionError, TimeoutError)):
            logger.error("a request could not be answered", exc_info=fault)
