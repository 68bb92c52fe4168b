"""A receiver of webhooks on loopback: counts connections, keeps requests, and answers well or in one of many bad ways."""
import contextlib
import enum
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Answer(enum.StrEnum):
    """What the receiver does instead of answering with `status`."""

    STATUS = "status"
    DOWN = "down"
    HANG = "hang"
    DRIP = "drip"
    DRIP_HEADERS = "drip-headers"
    HUGE = "huge"
    ENDLESS = "endless"
    REDIRECT = "redirect"


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver(ThreadingHTTPServer):
    """Listens on one address; `family` AF_INET6 for `::1`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, context: ssl.SSLContext | None = None) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.connects = 0
        self.received: list[Received] = []
        self.answer, self.status, self.body = Answer.STATUS, 200, b"ok"
        self.elsewhere = "http://169.254.169.254/latest/meta-data/"
        self.stopping = threading.Event()
        super().__init__((host, port), _Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?from=cunzheng"

    def get_request(self) -> tuple[socket.socket, Any]:
        self.connects += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: object) -> None:
        """Whoever goes away in the middle does what it should."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Say nothing."""

    def do_POST(self) -> None:
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if server.answer is Answer.DOWN:
            return
        server.received.append(Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        getattr(self, f"_{server.answer.name.lower()}")()

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _status(self) -> None:
        self._head(self.server.status, Content_Type="text/plain", Content_Length=str(len(self.server.body)))
        self.wfile.write(self.server.body)

    def _hang(self) -> None:
        self.server.stopping.wait(60)

    def _drip(self) -> None:
        self._head(200, Content_Type="text/plain")
        while not self.server.stopping.wait(0.05):
            self.wfile.write(b".")

    def _drip_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.server.stopping.wait(0.05):
            self.wfile.write(b".")

    def _huge(self) -> None:
        self._head(200, Content_Type="text/plain", Content_Length=str(10**12))
        while not self.server.stopping.is_set():
            self.wfile.write(b"\x1b[31mx\x00" * 10_000)

    def _endless(self) -> None:
        self._head(500, Content_Type="text/plain")
        while not self.server.stopping.is_set():
            self.wfile.write(b"y" * 65_536)

    def _redirect(self) -> None:
        self._head(302, Location=self.server.elsewhere, Content_Length="0")


@contextlib.contextmanager
def receiving(host: str = "127.0.0.1", port: int = 0, *, context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that answers for the length of a block."""
    server = Receiver(host, port, context=context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
