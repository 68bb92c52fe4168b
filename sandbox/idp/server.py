"""The sandbox provider as an HTTP server.

`GET /.well-known/openid-configuration`, `/jwks`, `/authorize` (a page that asks who one is; with `login=` it answers at once) and
`POST /token`.
Anybody may be whom he says; a login's `sub` is derived from it unless `server.subjects` names another. `POST /control/<fault>` and
`server.fault` make tokens wrong (`tokens.Wrong`) or the server misbehave (`Behaviour`), as the sandbox's timestamp authorities do.
The client is judged as by a real one: its secret, its redirect address, PKCE, each code once.
"""
from __future__ import annotations

import base64
import enum
import hashlib
import html
import json
import secrets
import sys
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from sandbox.idp.tokens import LIFE_S, Signer, Wrong

CLIENT_ID, CLIENT_SECRET = "cunzheng", "sandbox: not/secret+"
_HUGE_BYTES = 8 * 1024 * 1024
_MAX_FORM_BYTES = 64 * 1024


class Behaviour(enum.StrEnum):
    """What the server does besides giving wrong tokens."""

    WELL = "well"
    SLOW = "slow"
    HUGE = "huge"
    REDIRECT = "redirect"
    GARBAGE = "garbage"
    SERVER_ERROR = "server-error"
    OTHER_DISCOVERY = "other-discovery"


FAULTS: Final[Mapping[str, Behaviour | Wrong]] = {item.value: item for item in (*Behaviour, *Wrong)}


class IdentityServer(ThreadingHTTPServer):
    """One provider on one port. `delay_s`: how long SLOW waits."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], *, delay_s: float = 30.0) -> None:
        self.signer, self.delay_s = Signer(), delay_s
        self.fault: Behaviour | Wrong = Behaviour.WELL
        self.codes: dict[str, Mapping[str, str]] = {}
        self.subjects: dict[str, str] = {}
        self.requests: list[str] = []
        self.began = time.time()
        self.stopping = threading.Event()
        super().__init__(address, _Handler)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        """End `serve_forever` and whatever waits, and free the port."""
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def subject_of(self, login: str) -> str:
        return self.subjects.get(login) or "sandbox-" + hashlib.sha256(login.encode()).hexdigest()[:16]

    def handle_error(self, request: Any, client_address: object) -> None:
        """Say nothing when a client goes away in the middle; that is what it should do."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: IdentityServer
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.requests.append(path)
        if path == "/authorize":
            return self.authorize(one_each(urlsplit(self.path).query))
        if path == "/.well-known/openid-configuration":
            return self.behave(self.discovery())
        if path == "/jwks":
            return self.json(self.server.signer.jwks())
        return self.reply(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", "TEST identity provider 测试身份提供方\n".encode())

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _MAX_FORM_BYTES:
            self.close_connection = True
            return self.reply(HTTPStatus.BAD_REQUEST, "text/plain", b"a form of known, small length\n")
        form = one_each(self.rfile.read(int(length)).decode())
        if self.path.startswith("/control/"):
            return self.control(self.path.removeprefix("/control/"))
        self.server.requests.append(self.path)
        return self.token(form)

    def control(self, name: str) -> None:
        if name not in FAULTS:
            return self.reply(HTTPStatus.NOT_FOUND, "text/plain", f"one of {' '.join(FAULTS)}\n".encode())
        self.server.fault = FAULTS[name]
        return self.reply(HTTPStatus.OK, "text/plain", f"{name}\n".encode())

    def discovery(self) -> Mapping[str, Any]:
        own = self.server.issuer
        return {
            "issuer": "https://other.example" if self.server.fault is Behaviour.OTHER_DISCOVERY else own,
            "authorization_endpoint": f"{own}/authorize", "token_endpoint": f"{own}/token", "jwks_uri": f"{own}/jwks",
            "response_types_supported": ["code"], "subject_types_supported": ["public"], "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"], "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def behave(self, value: Mapping[str, Any]) -> None:
        match self.server.fault:
            case Behaviour.SERVER_ERROR:
                self.reply(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", b"out of order\n")
            case Behaviour.REDIRECT:
                self.reply(HTTPStatus.FOUND, "text/plain", b"", location="http://169.254.169.254/")
            case Behaviour.GARBAGE:
                self.reply(HTTPStatus.OK, "application/json", bytes(range(256)))
            case Behaviour.HUGE:
                self.reply(HTTPStatus.OK, "application/json", b" " * _HUGE_BYTES)
            case Behaviour.SLOW:
                self.server.stopping.wait(self.server.delay_s)
                self.json(value)
            case _:
                self.json(value)

    def authorize(self, asked: Mapping[str, str]) -> None:
        if "login" not in asked:
            fields = "".join(f'<input type="hidden" name="{html.escape(k)}" value="{html.escape(v)}">' for k, v in asked.items())
            page = ('<!doctype html><meta charset="utf-8"><title>测试身份提供方 TEST</title><h1>测试身份提供方 TEST identity provider</h1>'
                    f'<form action="/authorize">{fields}<label>登录名 login <input name="login" autofocus></label> '
                    '<button>登录 Sign in</button></form>')
            return self.reply(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())
        code = secrets.token_urlsafe(16)
        self.server.codes[code] = {**asked, "auth_time": str(time.time() if asked.get("prompt") == "login" else self.server.began)}
        back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked.get('state', ''), 'iss': self.server.issuer})}"
        return self.reply(HTTPStatus.FOUND, "text/plain", b"", location=back)

    def token(self, form: Mapping[str, str]) -> None:
        asked = self.server.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        known = self.client() == (CLIENT_ID, CLIENT_SECRET)
        if asked is None or not known or form.get("redirect_uri") != asked["redirect_uri"] or challenge != asked.get("code_challenge"):
            return self.reply(HTTPStatus.BAD_REQUEST, "application/json", b'{"error": "invalid_grant"}')
        now = time.time()
        claims = {
            "iss": self.server.issuer, "aud": CLIENT_ID, "sub": self.server.subject_of(asked["login"]), "iat": now, "exp": now + LIFE_S,
            "auth_time": float(asked["auth_time"]), "nonce": asked.get("nonce", ""), "preferred_username": asked["login"],
        }
        wrong = self.server.fault if isinstance(self.server.fault, Wrong) else None
        return self.json({"access_token": "unused", "token_type": "Bearer", "id_token": self.server.signer.token(claims, wrong)})

    def client(self) -> tuple[str, ...]:
        scheme, _, pair = self.headers.get("Authorization", "").partition(" ")
        return tuple(unquote(part) for part in base64.b64decode(pair).decode().split(":")) if scheme == "Basic" else ()

    def json(self, value: Mapping[str, Any]) -> None:
        self.reply(HTTPStatus.OK, "application/json", json.dumps(value).encode())

    def reply(self, status: HTTPStatus, content_type: str, body: bytes, *, location: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)


def one_each(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
