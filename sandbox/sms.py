"""A TEST gateway for SMS on loopback, as `notifications.sms` describes one: `python -m sandbox.sms --port 8006`. Nobody gets anything.

`GET /` lists what it took. `POST /control/<fault>` and `server.fault` make it misbehave (`Fault`). The client is judged as by a real
one: its signature, the age of its request, one message for each reference.
Ends with code 0 on Ctrl-C or SIGTERM, and with one sentence and code 1 when the port is taken.
"""
from __future__ import annotations

import argparse
import base64
import enum
import hashlib
import hmac
import json
import sys
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.serving import stop_at_signals

SECRET = "whsec_" + base64.b64encode(b"sandbox sms, not a secret at all").decode()
LARGEST_BYTES, OLDEST_S = 8192, 300


class Fault(enum.StrEnum):
    """What the gateway does wrong, or says of what it took."""

    WELL = "well"
    SLOW = "slow"
    SERVER_ERROR = "server-error"
    REFUSES = "refuses"
    FAILS_LATER = "fails-later"
    NEVER_KNOWS = "never-knows"
    GARBAGE = "garbage"
    REDIRECT = "redirect"


@dataclass(frozen=True)
class Taken:
    reference: str
    to: str
    text: str


class SmsServer(ThreadingHTTPServer):
    """One gateway on one port. `delay_s`: how long SLOW waits."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], *, secret: str = SECRET, delay_s: float = 30.0) -> None:
        self.key, self.delay_s = base64.b64decode(secret.removeprefix("whsec_")), delay_s
        self.fault = Fault.WELL
        self.taken: dict[str, Taken] = {}
        self.requests = 0
        self.stopping = threading.Event()
        super().__init__(address, _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/messages"

    def stop(self) -> None:
        """End `serve_forever` and whatever waits, and free the port."""
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: object) -> None:
        """Say nothing when a client goes away in the middle; that is what it should do."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: SmsServer
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path == "/":
            return self.json(HTTPStatus.OK, {id_: {"to": each.to, "text": each.text} for id_, each in self.server.taken.items()})
        if not self.signed(b""):
            return self.json(HTTPStatus.UNAUTHORIZED, {"error": "signature"})
        if self.misbehaved():
            return None
        if self.path.removeprefix("/messages/") not in self.server.taken:
            return self.json(HTTPStatus.NOT_FOUND, {"error": "unknown"})
        state = {Fault.FAILS_LATER: "failed", Fault.NEVER_KNOWS: "accepted"}.get(self.server.fault, "delivered")
        return self.json(HTTPStatus.OK, {"state": state})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BYTES:
            self.close_connection = True
            return self.json(HTTPStatus.BAD_REQUEST, {"error": "length"})
        body = self.rfile.read(int(length))
        if self.path.startswith("/control/"):
            return self.control(self.path.removeprefix("/control/"))
        self.server.requests += 1
        if self.path != "/messages" or not self.signed(body):
            return self.json(HTTPStatus.UNAUTHORIZED, {"error": "signature"})
        if self.misbehaved():
            return None
        if self.server.fault is Fault.REFUSES:
            return self.json(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": "number-refused"})
        said = json.loads(body)
        id_ = hashlib.sha256(said["reference"].encode()).hexdigest()[:16]
        self.server.taken.setdefault(id_, Taken(said["reference"], said["to"], said["text"]))
        return self.json(HTTPStatus.ACCEPTED, {"id": id_})

    def control(self, name: str) -> None:
        if name not in set(Fault):
            return self.json(HTTPStatus.NOT_FOUND, {"one of": [fault.value for fault in Fault]})
        self.server.fault = Fault(name)
        return self.json(HTTPStatus.OK, {"fault": name})

    def misbehaved(self) -> bool:
        """Whether the fault of the day has answered already."""
        match self.server.fault:
            case Fault.SLOW:
                self.server.stopping.wait(self.server.delay_s)
                self.close_connection = True
            case Fault.SERVER_ERROR:
                self.json(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "out of order"})
            case Fault.GARBAGE:
                self.reply(HTTPStatus.ACCEPTED if self.command == "POST" else HTTPStatus.OK, bytes(range(256)))
            case Fault.REDIRECT:
                self.reply(HTTPStatus.FOUND, b"", location="http://169.254.169.254/")
            case _:
                return False
        return True

    def signed(self, body: bytes) -> bool:
        """SPEC: Standard Webhooks: HMAC-SHA256 over id, timestamp and body, not older than five minutes."""
        id_, stamp = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "")
        if not stamp.isdecimal() or abs(time.time() - int(stamp)) > OLDEST_S:
            return False
        expected = hmac.digest(self.server.key, f"{id_}.{stamp}.".encode() + body, hashlib.sha256)
        return hmac.compare_digest(self.headers.get("webhook-signature", ""), f"v1,{base64.b64encode(expected).decode()}")

    def json(self, status: HTTPStatus, value: object) -> None:
        self.reply(status, json.dumps(value, ensure_ascii=False).encode())

    def reply(self, status: HTTPStatus, body: bytes, *, location: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.sms", description="A TEST gateway for SMS on loopback; it sends nothing.")
    parser.add_argument("--port", type=int, default=8006, help="port on 127.0.0.1 (default 8006)")
    parser.add_argument("--fault", choices=[fault.value for fault in Fault], default="well", help="misbehave from the start")
    options = parser.parse_args(arguments)
    try:
        server = SmsServer(("127.0.0.1", options.port))
    except (OSError, OverflowError) as error:
        print(f"The sandbox SMS gateway cannot start on port {options.port}: {error}.", file=sys.stderr)
        return 1
    server.fault = Fault(options.fault)
    stop_at_signals(server.stop)
    print(f"TEST SMS gateway: CUNZHENG_SMS_URL={server.url} CUNZHENG_SMS_SECRET={SECRET}", flush=True)
    server.serve_forever(poll_interval=0.2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
