"""A small HTTP server that stands where the service would: it keeps what it was sent and gives the answers it was told to give.

What it does not do: judge deposits; the service's own tests do that. This one shows what the client puts on the wire.
"""
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

Reply = tuple[int, dict[str, str], bytes]


class Part(NamedTuple):
    """One part of a form; `filename` is None when the part has none."""

    name: str
    filename: str | None
    media_type: str
    data: bytes


def read_part(raw: bytes) -> Part:
    """One part from the line break behind its boundary to the last byte of its data."""
    found = re.fullmatch(rb'\r\nContent-Disposition: form-data; name="(\w+)"(?:; filename="([^"\r\n]*)")?\r\n'
                         rb"Content-Type: ([^\r\n]+)\r\n\r\n(.*)", raw, re.DOTALL)
    assert found is not None, raw[:200]
    name, filename, media_type, data = found.groups()
    return Part(name.decode(), None if filename is None else filename.decode(), media_type.decode(), data)


@dataclass
class Request:
    """One request as it arrived; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    def parts(self) -> list[Part]:
        """The parts of a multipart/form-data body (RFC 7578), taken apart without a library that might mend it."""
        mark = b"--" + self.headers["content-type"].partition("boundary=")[2].encode()
        before, *parts, after = (b"\r\n" + self.body).split(b"\r\n" + mark)
        assert (before, after) == (b"", b"--\r\n")
        return [read_part(part) for part in parts]


@dataclass
class RecordingService:
    """What the server was sent, and its address."""

    url: str
    requests: list[Request] = field(default_factory=list)


def acknowledgement(number: int) -> Reply:
    """The service's answer to its n-th deposit."""
    told: dict[str, Any] = {"records": [{"record": f"CZ-20261123-4K7QM-X2R9{number}-0", "state": "RECEIVED", "url": f"/records/{number}"}],
                            "receipt": f"cunzheng/receipt/v1\n{number}\n\n— test/receipt AAAA\n"}
    return 201, {"Content-Type": "application/json"}, json.dumps(told).encode()


@contextmanager
def recording_service(answer: Callable[[int], Reply] = acknowledgement) -> Iterator[RecordingService]:
    """Serve on a free port of 127.0.0.1; `answer` is asked with the number of requests so far, this one included."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.requests.append(Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status, headers, data = answer(len(service.requests))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """A test's server has nothing to say on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = RecordingService(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
