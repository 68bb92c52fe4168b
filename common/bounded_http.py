"""One HTTP request with a total deadline and a size cap, for answers of strangers: no redirects, no proxies, no re-used connections.

A socket's own timeout starts anew with every byte, so a server that drips one byte a second holds a client for hours. Here a watchdog
shuts the connection down when the deadline has passed, in whatever state it is: TLS handshake, headers or body. Only the look-up of the
host's name is bounded by its resolver instead. https is verified with the system's certificates, for the name in the URL.

The name is looked up once, and the connection goes to an address of that answer and to no other. Addresses that an operator configured
are used as they are; for an address that somebody else chose, `common.destinations` has the resolver that refuses most of them.
"""
from __future__ import annotations

import contextlib
import enum
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

T = TypeVar("T")
Address = tuple[int, Any]
"""A family of addresses and an address as its sockets take it."""
Resolver = Callable[[SplitResult], Sequence[Address]]
"""The addresses that a request to a URL may go to, best first. Raises NoAnswer, OSError, UnicodeError, ValueError."""


class Trouble(enum.StrEnum):
    """Why there is no answer; a closed list."""

    FORBIDDEN = "forbidden-address"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "timeout"
    BROKEN_CONNECTION = "broken-connection"
    REDIRECT = "redirect"
    HTTP_STATUS = "http-status"
    CONTENT_TYPE = "content-type"
    TOO_LARGE = "too-large"


class NoAnswer(Exception):
    """The server gave no usable answer; `trouble` says why, `detail` is for the log."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(f"{trouble}: {detail}")
        self.trouble = trouble
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for everything together, and bytes of body."""

    timeout_s: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A whole answer of any status that is no redirect; the media type without parameters."""

    status: int
    media_type: str
    body: bytes


def system_addresses(target: SplitResult) -> list[Address]:
    """Whatever the system's resolver says of the URL's host."""
    port = target.port or (443 if target.scheme == "https" else 80)
    found = socket.getaddrinfo(target.hostname or "", port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


def post(url: str, body: bytes, *, content_type: str, accept: str, limits: Limits) -> bytes:
    """Post `body` to an http or https URL and give the body of a 200 answer of the media type `accept`.

    Raises: NoAnswer. Never takes much longer than `limits.timeout_s`.
    """
    return _post(url, body, content_type, accept, limits, partial(_read_accepted, accept=accept, max_bytes=limits.max_bytes))


def post_for_any(url: str, body: bytes, *, content_type: str, limits: Limits) -> Answered:
    """`post` for whoever must read refusals too: the answer of any status. Raises: NoAnswer."""
    return _post(url, body, content_type, "*/*", limits, partial(_read_any, max_bytes=limits.max_bytes))


def post_to_stranger(url: str, body: bytes, *, headers: Mapping[str, str], limits: Limits, resolve: Resolver) -> Answered:
    """POST `body` with these headers where `resolve` allows it; the whole answer of any status. Raises: NoAnswer."""
    return _ask("POST", url, body, headers, limits, partial(_read_any, max_bytes=limits.max_bytes), resolve)


def post_and_hang_up(url: str, body: bytes, *, headers: Mapping[str, str], limits: Limits, resolve: Resolver) -> Answered:
    """POST `body` with these headers; the answer's status, a redirect's too, and the first `max_bytes` of its body: no more is read.

    Raises: NoAnswer.
    """
    return _ask("POST", url, body, headers, limits, partial(_read_beginning, max_bytes=limits.max_bytes), resolve)


def get_any(
    url: str, *, limits: Limits, resolve: Resolver = system_addresses, headers: Mapping[str, str] = MappingProxyType({})
) -> Answered:
    """GET an http or https URL; the answer of any status. Raises: NoAnswer."""
    return _ask("GET", url, None, {"Accept": "*/*", **headers}, limits, partial(_read_any, max_bytes=limits.max_bytes), resolve)


def _post(
    url: str, body: bytes, content_type: str, accept: str, limits: Limits, read: Callable[[http.client.HTTPResponse], T]
) -> T:
    return _ask("POST", url, body, {"Content-Type": content_type, "Accept": accept}, limits, read)


def _ask(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], limits: Limits,
    read: Callable[[http.client.HTTPResponse], T], resolve: Resolver = system_addresses,
) -> T:
    deadline = time.monotonic() + limits.timeout_s
    late = NoAnswer(Trouble.TIMEOUT, f"no whole answer within {limits.timeout_s} s")
    try:
        target = urlsplit(url)
        with _connection(target, deadline, resolve) as connection:
            path = (target.path or "/") + (f"?{target.query}" if target.query else "")
            connection.request(method, path, body, {**headers, "Connection": "close"})
            with contextlib.closing(connection.getresponse()) as response:
                answer = read(response)
    except (OSError, http.client.HTTPException, NoAnswer) as error:
        # What a connection says after the watchdog has cut it tells nothing about the server.
        if time.monotonic() >= deadline:
            raise late from error
        raise _classified(error) from error
    except ValueError as error:
        # Some addresses, such as a log's in a policy, nobody judged before: an impossible port must not end a process.
        raise NoAnswer(Trouble.UNREACHABLE, "its address is none") from error
    # A body of no stated length ends where the connection does, so one that the watchdog cut looks whole.
    if time.monotonic() >= deadline:
        raise late
    return answer


def _classified(error: OSError | http.client.HTTPException | NoAnswer) -> NoAnswer:
    if isinstance(error, NoAnswer):
        return error
    trouble = Trouble.TLS if isinstance(error, ssl.SSLError) else Trouble.BROKEN_CONNECTION
    return NoAnswer(trouble, type(error).__name__)


@contextlib.contextmanager
def _connection(target: SplitResult, deadline: float, resolve: Resolver) -> Iterator[http.client.HTTPConnection]:
    host = target.hostname or ""
    secure = target.scheme == "https"
    port = target.port or (443 if secure else 80)
    with _connect(target, deadline, resolve) as plain, _cut_at(plain, deadline):
        if secure:
            context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, context=context)
            connection.sock = context.wrap_socket(plain, server_hostname=host)
        else:
            connection = http.client.HTTPConnection(host, port)
            connection.sock = plain
        with contextlib.closing(connection):
            yield connection


def _connect(target: SplitResult, deadline: float, resolve: Resolver) -> socket.socket:
    """Try each address that the host was found at, all within the one deadline."""
    try:
        addresses = resolve(target)
    except (OSError, UnicodeError) as error:
        raise NoAnswer(Trouble.UNREACHABLE, "the host's name is not known") from error
    for family, address in addresses:
        try:
            candidate = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            continue  # a machine without IPv6 is still told the host's IPv6 address
        # A timeout of zero would mean "do not block", and none "wait for ever".
        candidate.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            candidate.connect(address)
        except OSError:
            candidate.close()
            continue
        return candidate
    raise NoAnswer(Trouble.UNREACHABLE, "no address of the host takes a connection")


@contextlib.contextmanager
def _cut_at(connected: socket.socket, deadline: float) -> Iterator[None]:
    """Shut the connection down at the deadline, whoever owns the socket then: TLS takes the descriptor over, the duplicate remains."""
    duplicate = connected.dup()

    def cut() -> None:
        with contextlib.suppress(OSError):  # the other side may have gone already
            duplicate.shutdown(socket.SHUT_RDWR)

    watchdog = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
        watchdog.join()
        duplicate.close()


def _read_any(response: http.client.HTTPResponse, max_bytes: int) -> Answered:
    # A redirect is refused, not followed: it would send the request where nobody configured it.
    if 300 <= response.status < 400:
        raise NoAnswer(Trouble.REDIRECT, f"status {response.status}")
    return Answered(response.status, response.headers.get_content_type(), _read_body(response, max_bytes))


def _read_beginning(response: http.client.HTTPResponse, max_bytes: int) -> Answered:
    return Answered(response.status, response.headers.get_content_type(), response.read(max_bytes))


def _read_accepted(response: http.client.HTTPResponse, accept: str, max_bytes: int) -> bytes:
    if 300 <= response.status < 400:
        raise NoAnswer(Trouble.REDIRECT, f"status {response.status}")
    if response.status != HTTPStatus.OK:
        raise NoAnswer(Trouble.HTTP_STATUS, f"status {response.status}")
    if response.headers.get_content_type() != accept:
        raise NoAnswer(Trouble.CONTENT_TYPE, "another content type")
    return _read_body(response, max_bytes)


def _read_body(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    expected = response.length
    if expected is not None and expected > max_bytes:
        raise NoAnswer(Trouble.TOO_LARGE, f"more than {max_bytes} bytes announced")
    body = response.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise NoAnswer(Trouble.TOO_LARGE, f"more than {max_bytes} bytes")
    if expected is not None and len(body) < expected:
        raise NoAnswer(Trouble.BROKEN_CONNECTION, f"{len(body)} of {expected} bytes")
    return body
