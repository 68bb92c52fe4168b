"""One HTTP GET of a stranger's answer: bounded in time and size, no redirect, no proxy.

A socket's own timeout starts anew with each byte, so whoever drips one byte a second would hold the reader for hours. Here a watchdog
shuts the connection down at one deadline for connecting, TLS, head and body together. Only the look-up of the host's name is
bounded by the system's resolver instead.

What it does not do: believe the answer. The service has a client of its own with the same watchdog (`common.bounded_http`): a witness is
installed elsewhere, with `tlog` and the standard library alone, and `tlog` knows no network.
"""
import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

TIMEOUT_S = 5.0
PIECE = 16 * 1024


class NotReadError(Exception):
    """There was no usable answer; a sentence about why."""


class Address(NamedTuple):
    """Where an http or https address points to."""

    secure: bool
    host: str
    port: int
    path: str


def parse_address(url: str) -> Address:
    """Raises NotReadError: no http or https address of a page without a query."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as fault:
        raise NotReadError(f"{url} is not an address ({fault})") from fault
    if parts.scheme not in ("http", "https") or not host:
        raise NotReadError(f"{url} is not an http or https address")
    if parts.query or parts.fragment or "@" in parts.netloc or not url.isascii() or any(each <= " " for each in url):
        raise NotReadError(f"{url} has more than a host, a port and a plain path")
    secure = parts.scheme == "https"
    return Address(secure, host, port if port is not None else 443 if secure else 80, parts.path or "/")


def fetch(url: str, *, limit: int, timeout_s: float = TIMEOUT_S) -> bytes:
    """The body of a 200 answer of at most `limit` bytes, never much later than after `timeout_s`. Raises NotReadError."""
    address = parse_address(url)
    deadline = time.monotonic() + timeout_s
    try:
        with contextlib.closing(_connected(address, deadline)) as plain, _ended_at(plain, deadline):
            data = _asked(address, plain, url, limit)
    except (OSError, http.client.HTTPException, ValueError, NotReadError) as away:
        # What a connection says after the watchdog has ended it tells nothing about the other side.
        if time.monotonic() >= deadline:
            raise NotReadError(f"{url} is too slow") from away
        if isinstance(away, NotReadError):
            raise
        raise NotReadError(f"{url} does not answer ({type(away).__name__})") from away
    if time.monotonic() >= deadline:
        raise NotReadError(f"{url} is too slow")
    return data


def _connected(address: Address, deadline: float) -> socket.socket:
    """Try each address of the host, all within the one deadline. Raises OSError, UnicodeError."""
    fault: OSError = ConnectionError("the host has no address")
    for family, kind, protocol, _, place in socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM):
        try:
            candidate = socket.socket(family, kind, protocol)
        except OSError as unsupported:
            fault = unsupported
            continue  # a machine without IPv6 is still told the host's IPv6 address
        # A timeout of zero would mean "do not block".
        candidate.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            candidate.connect(place)
        except OSError as refused:
            candidate.close()
            fault = refused
            continue
        return candidate
    raise fault


@contextlib.contextmanager
def _ended_at(connected: socket.socket, deadline: float) -> Iterator[None]:
    """Shut the connection down at the deadline. TLS takes the descriptor over, so a duplicate of it is what is shut down."""
    duplicate = connected.dup()

    def end() -> None:
        with contextlib.suppress(OSError):  # the other side may have gone already
            duplicate.shutdown(socket.SHUT_RDWR)

    watchdog = threading.Timer(max(0.0, deadline - time.monotonic()), end)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
        watchdog.join()
        duplicate.close()


def _asked(address: Address, plain: socket.socket, url: str, limit: int) -> bytes:
    if address.secure:
        context = ssl.create_default_context()
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(address.host, address.port, context=context)
        connection.sock = context.wrap_socket(plain, server_hostname=address.host)
    else:
        connection = http.client.HTTPConnection(address.host, address.port)
        connection.sock = plain
    with contextlib.closing(connection):
        connection.request("GET", address.path, headers={"Connection": "close"})
        with contextlib.closing(connection.getresponse()) as answer:
            if answer.status != http.HTTPStatus.OK:
                raise NotReadError(f"{url} answered {answer.status}")
            return _body(answer, url, limit)


def _body(answer: http.client.HTTPResponse, url: str, limit: int) -> bytes:
    data = bytearray()
    while piece := answer.read1(PIECE):
        data += piece
        if len(data) > limit:
            raise NotReadError(f"{url} sends more than {limit} bytes")
    if answer.length:  # what is left of the announced length: an early end is no error to http.client here
        raise NotReadError(f"{url} ends early")
    return bytes(data)
