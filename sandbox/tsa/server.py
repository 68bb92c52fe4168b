"""The sandbox authority as an HTTP server: RFC 3161 over HTTP, and the misbehaviour of a network on request.

`POST /` with a timestamp query is answered. `POST /control/<behaviour>` makes every later answer misbehave in that way, `/control/well`
heals it, `GET /control` names the behaviour in force. In a test the same is `server.behaviour = Behaviour.HANG`.
`GET /revoked/…` gives the lists of `revocation`, `POST /status` the answers of `status`; each of the two has misbehaviours of its own.
Bound to loopback; the control path asks nobody who they are. Source: RFC 3161 section 3.4.
"""
from __future__ import annotations

import enum
import socket
import sys
import threading
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from cryptography import x509

from sandbox.tsa import revocation, status
from sandbox.tsa.answering import Responder, WrongAnswer

QUERY_TYPE, REPLY_TYPE = "application/timestamp-query", "application/timestamp-reply"
_MAX_QUERY_BYTES = 64 * 1024
_HUGE_BYTES = 100 * 1024 * 1024
_FOREVER_S = 3600.0
_CONTROL = "/control"


class Behaviour(enum.StrEnum):
    """What the server does with a query; the wrong answers of `WrongAnswer` come besides."""

    WELL = "well"
    DOWN = "down"
    HANG = "hang"
    SLOW = "slow"
    DRIP = "drip"
    DRIP_HEADERS = "drip-headers"
    SERVER_ERROR = "server-error"
    REDIRECT = "redirect"
    HUGE = "huge"
    ENDLESS = "endless"
    GARBAGE = "garbage"
    TRUNCATED = "truncated"
    WRONG_CONTENT_TYPE = "wrong-content-type"
    NOT_HTTP = "not-http"


BEHAVIOURS: Final = {item.value: item for item in (*Behaviour, *WrongAnswer)}


class TimestampServer(ThreadingHTTPServer):
    """One authority on one port; `delay_s` is how long SLOW waits, and DRIP between two bytes."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], responder: Responder, *, delay_s: float = 30.0) -> None:
        self.responder = responder
        self.behaviour: Behaviour | WrongAnswer = Behaviour.WELL
        self.delay_s = delay_s
        self.queries = 0
        # Revocation lists and answers about certificates have a behaviour and a count of their own, and one content.
        self.lists, self.list_requests = Behaviour.WELL, 0
        self.answers, self.questions = Behaviour.WELL, 0
        self.revoked: dict[int, tuple[datetime, x509.ReasonFlags]] = {}
        self.stopping = threading.Event()
        super().__init__(address, _Handler)

    @property
    def url(self) -> str:
        """Where to post queries."""
        return f"http://127.0.0.1:{self.server_port}/"

    def stop(self) -> None:
        """End `serve_forever` and whatever hangs, and free the port."""
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Say nothing when a client goes away in the middle of a misbehaviour; that is what it should do."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: TimestampServer
    protocol_version = "HTTP/1.1"
    timeout = 60
    # Head and body are two writes: on a connection that is kept, the second would wait for the client's delayed acknowledgement, 40 ms.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path == _CONTROL:
            return self.reply(HTTPStatus.OK, "text/plain; charset=utf-8", f"{self.server.behaviour}\n".encode())
        if self.path.startswith(revocation.PREFIX):
            return self.revocation_list(self.path.removeprefix(revocation.PREFIX))
        return self.reply(HTTPStatus.OK, "text/plain; charset=utf-8", "TEST timestamping authority 测试时间戳机构\n".encode())

    def do_POST(self) -> None:
        query = self.query()
        if query is None:
            return self.reply(HTTPStatus.BAD_REQUEST, "text/plain; charset=utf-8", b"a query of known, small length\n")
        if self.path.startswith(_CONTROL):
            return self.control(self.path.removeprefix(_CONTROL + "/"))
        if self.path == status.PATH:
            return self.answer(query)
        if self.headers.get_content_type() != QUERY_TYPE:
            return self.reply(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "text/plain; charset=utf-8", f"post {QUERY_TYPE}\n".encode())
        self.server.queries += 1
        return self.behave(query)

    def revocation_list(self, name: str) -> None:
        self.server.list_requests += 1
        hierarchy = self.server.responder.hierarchy
        issuer = {"root.crl": hierarchy.root, "intermediate.crl": hierarchy.intermediate}.get(name)
        if issuer is None:
            return self.reply(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"no such list\n")
        data = revocation.revocation_list(issuer, self.server.responder.clock(), self.server.revoked)
        if self.server.lists is Behaviour.WELL:
            return self.reply(HTTPStatus.OK, revocation.LIST_TYPE, data)
        self.close_connection = True
        return self.misbehave(self.server.lists, data, revocation.LIST_TYPE)

    def answer(self, question: bytes) -> None:
        if self.headers.get_content_type() != status.QUESTION_TYPE:
            return self.reply(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "text/plain; charset=utf-8", f"post {status.QUESTION_TYPE}\n".encode())
        self.server.questions += 1
        hierarchy, now = self.server.responder.hierarchy, self.server.responder.clock()
        known = [each.certificate.serial_number for each in (hierarchy.intermediate, hierarchy.tsa)]
        data = status.answer(question, (hierarchy.intermediate, hierarchy.root), now, known, self.server.revoked)
        if self.server.answers is Behaviour.WELL:
            return self.reply(HTTPStatus.OK, status.ANSWER_TYPE, data)
        self.close_connection = True
        return self.misbehave(self.server.answers, data, status.ANSWER_TYPE)

    def query(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _MAX_QUERY_BYTES:
            self.close_connection = True
            return None
        return self.rfile.read(int(length))

    def control(self, name: str) -> None:
        if name not in BEHAVIOURS:
            return self.reply(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", f"one of {' '.join(BEHAVIOURS)}\n".encode())
        self.server.behaviour = BEHAVIOURS[name]
        return self.reply(HTTPStatus.OK, "text/plain; charset=utf-8", f"{name}\n".encode())

    def behave(self, query: bytes) -> None:
        behaviour, responder = self.server.behaviour, self.server.responder
        if isinstance(behaviour, WrongAnswer):
            return self.reply(HTTPStatus.OK, REPLY_TYPE, responder.answer(query, behaviour))
        if behaviour is Behaviour.WELL:
            return self.reply(HTTPStatus.OK, REPLY_TYPE, responder.answer(query))
        # Every misbehaviour ends the connection, so that no client re-uses one in an unknown state.
        self.close_connection = True
        return self.misbehave(behaviour, responder.answer(query))

    def misbehave(self, behaviour: Behaviour, answer: bytes, media_type: str = REPLY_TYPE) -> None:
        match behaviour:
            case Behaviour.SERVER_ERROR:
                self.reply(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", b"out of order\n")
            case Behaviour.REDIRECT:
                self.reply(HTTPStatus.TEMPORARY_REDIRECT, "text/plain", b"", location=self.server.url + "elsewhere")
            case Behaviour.GARBAGE:
                self.reply(HTTPStatus.OK, media_type, bytes(range(256)))
            case Behaviour.WRONG_CONTENT_TYPE:
                self.reply(HTTPStatus.OK, "text/html", answer)
            case Behaviour.NOT_HTTP:
                self.wfile.write(b"SSH-2.0-not a web server\r\n")
            case Behaviour.TRUNCATED:
                self.head(HTTPStatus.OK, media_type, len(answer))
                self.wfile.write(answer[: len(answer) // 2])
            case Behaviour.HUGE | Behaviour.ENDLESS:
                self.head(HTTPStatus.OK, media_type, _HUGE_BYTES if behaviour is Behaviour.HUGE else None)
                self.pour(_HUGE_BYTES)
            case _:
                self.dawdle(behaviour, answer, media_type)

    def dawdle(self, behaviour: Behaviour, answer: bytes, media_type: str) -> None:
        match behaviour:
            case Behaviour.HANG:
                self.server.stopping.wait(_FOREVER_S)
            case Behaviour.SLOW:
                self.server.stopping.wait(self.server.delay_s)
                self.reply(HTTPStatus.OK, media_type, answer)
            case Behaviour.DRIP:
                self.head(HTTPStatus.OK, media_type, len(answer))
                self.drip(answer)
            case Behaviour.DRIP_HEADERS:
                self.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 50 + b"\r\n")
            case _:
                assert behaviour is Behaviour.DOWN, behaviour

    def reply(self, status: HTTPStatus, content_type: str, body: bytes, *, location: str | None = None) -> None:
        self.head(status, content_type, len(body), location=location)
        self.wfile.write(body)

    def head(self, status: HTTPStatus, content_type: str, length: int | None, *, location: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if location:
            self.send_header("Location", location)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def drip(self, data: bytes) -> None:
        for position in range(len(data)):
            if self.server.stopping.wait(self.server.delay_s):
                return
            self.wfile.write(data[position : position + 1])
            self.wfile.flush()

    def pour(self, size: int) -> None:
        block = b"\x30" * 65536
        for _ in range(size // len(block)):
            self.wfile.write(block)
