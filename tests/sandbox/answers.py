"""A server on loopback that answers every request with what the test wants, and remembers what it was asked."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


class Handler(BaseHTTPRequestHandler):
    """Answers with the server's `answer` (status, body) and remembers what was asked."""

    server: "Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._reply(b"")

    def do_POST(self) -> None:
        self._reply(self.rfile.read(int(self.headers["Content-Length"])))

    def _reply(self, body: bytes) -> None:
        self.server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        status, answer = self.server.answer
        self.send_response(status)
        for name, value in (self.server.framing or {"Content-Length": str(len(answer))}).items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer[:self.server.sent_bytes])

    def log_message(self, *args: object) -> None:
        """The test's output is no place for an access log."""


class Server(ThreadingHTTPServer):
    """`answer` is the status and the body; `sent_bytes` cuts the body short; `framing` replaces the Content-Length."""

    answer: tuple[int, bytes] = (200, b"{}")
    sent_bytes: int | None = None
    framing: dict[str, str] | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, dict[str, str], bytes]] = []

    def __enter__(self) -> "Server":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.shutdown()
        self.server_close()
