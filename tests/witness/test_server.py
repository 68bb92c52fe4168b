"""A connection ends in time whatever its client does, and there are no more of them at once than the program can bear."""
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.witness.logs import ORIGIN, WITNESS, Log, entries
from witness.cosigning import KnownLog, Witness
from witness.server import Server
from witness.store import Store

LOG = Log(entries(9))
GOOD = LOG.request(0, 5)
WHOLE = b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(GOOD), GOOD)


@contextmanager
def listening(folder: Path, *, request_s: float) -> Iterator[int]:
    """The port of a witness whose requests may take so long altogether."""
    store = Store(folder / "witness.sqlite3")
    known = KnownLog(ORIGIN, (LOG.signer.verifier,), "http://127.0.0.1:1")
    witness = Witness({ORIGIN: known}, (WITNESS,), store, clock=time.time, ready=lambda _: None)
    server = Server(("127.0.0.1", 0), "", witness, request_s=request_s)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        store.close()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


@pytest.mark.parametrize("start", [b"", b"POST /add-checkpoint HTTP/1.1\r\nX: ", WHOLE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", WHOLE])
def test_a_client_that_drips_a_byte_now_and_then_is_cut_off(tmp_path: Path, start: bytes) -> None:
    """In the head, in the body, or in the request after a good one: each byte would begin a socket's own timeout anew."""
    with listening(tmp_path, request_s=0.5) as port, connected(port) as line:
        line.sendall(start)
        began = time.monotonic()
        with suppress(OSError):  # a reset or a broken pipe, by chance
            while time.monotonic() - began < 10:
                line.sendall(b"x")
                time.sleep(0.05)
        assert time.monotonic() - began < 5


def test_a_request_after_another_has_its_own_time(tmp_path: Path) -> None:
    with listening(tmp_path, request_s=2.0) as port, closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.connect()
        line = connection.sock
        for _ in range(6):
            assert asked(connection) == 404
            time.sleep(0.5)
        assert connection.sock is line  # the same one all the time


def test_no_more_connections_than_it_can_bear_and_the_next_one_when_one_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("witness.server.CONNECTIONS", 2)
    with listening(tmp_path, request_s=30) as port, ExitStack() as stack:
        first, second = (stack.enter_context(closing(HTTPConnection("127.0.0.1", port, timeout=30))) for _ in range(2))
        assert (asked(first), asked(second)) == (404, 404)
        with connected(port) as third:
            assert third.recv(1) == b""
        first.close()
        deadline = time.monotonic() + 10
        while not answered(port):
            assert time.monotonic() < deadline


def asked(connection: HTTPConnection) -> int:
    """The status of a page that is not there; the connection stays."""
    connection.request("GET", "/nothing")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def answered(port: int) -> bool:
    with connected(port) as line:
        try:
            line.sendall(WHOLE)
            return line.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        except ConnectionError:
            return False
