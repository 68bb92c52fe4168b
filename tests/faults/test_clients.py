"""T8 and worse: a hundred clients with one key, clients that go away, clients that fall silent, and bytes that are no HTTP."""
import os
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.gunicorn import SILENCE_S, Listener, when_ready
from evidence.models import Evidence
from ledger.models import LogEntry
from tests.faults import impatient
from tests.faults.conftest import Install
from tests.faults.depositors import Acknowledged, Client, Request, single_request
from tests.faults.ordeal import fsck, judge_now, settle
from tests.faults.programs import Service, wait_until
from tests.faults.test_disk import until_acknowledged
from vault.storage import vault_store

CLIENTS = 100


@pytest.fixture
def running(install: Install) -> Iterator[Service]:
    with install() as programs:
        programs.start_all(("web", "sequencer"))
        yield programs


@pytest.fixture
def client(running: Service, key: str) -> Iterator[Client]:
    client = Client(running.port, key)
    yield client
    client.close()


def head(request: Request, key: str) -> bytes:
    lines = [
        f"POST {request.path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {key}", f"Content-Type: {request.content_type}",
        f"Content-Length: {len(request.body)}", "", "",
    ]
    return "\r\n".join(lines).encode()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def test_a_hundred_clients_with_one_key_make_one_leaf_and_get_one_receipt(running: Service, key: str, service: str) -> None:
    request, ready = single_request("one", (os.urandom(300_000),), case="LN-1"), threading.Barrier(CLIENTS)

    def deposit(_: int) -> Acknowledged:
        client = Client(running.port, key)
        ready.wait()
        try:
            return until_acknowledged(client, request)
        finally:
            client.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        acknowledged = list(pool.map(deposit, range(CLIENTS)))
    assert len({answer["receipt"] for one in acknowledged for answer in one.answers}) == 1
    settle(running)
    assert (Evidence.objects.count(), LogEntry.objects.count()) == (1, 1)
    assert judge_now(running, acknowledged).faults() == {}
    assert len(list(vault_store().list(""))) == 1, "what the others sent was removed"
    assert fsck(service) == ""


def test_uploads_that_are_broken_off_leave_nothing(running: Service, client: Client, key: str, var_dir: Path) -> None:
    request = single_request("broken-off", (os.urandom(700_000), os.urandom(10)), case="LN-1")
    whole = head(request, key) + request.body
    for number, length in enumerate([200, 700, 5_000, 270_000, 600_000, len(whole) - 100, len(whole) - 1]):
        with connected(running.port) as line:
            line.sendall(whole[:length])
            if number % 2:  # a reset instead of an orderly end
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
    wait_until("nothing is left", lambda: not [path for path in (var_dir / "vault").rglob("*") if path.is_file()], within_s=SILENCE_S)
    assert Evidence.objects.count() == 0
    until_acknowledged(client, request)


def test_bytes_that_are_no_request_disturb_nobody(running: Service, client: Client) -> None:
    chance = random.Random(8)
    noise = [
        b"", b"\r\n" * 1000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"POST /api/v1/evidence HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/evidence HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/evidence HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"GET /" + b"a" * 100_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10_000, *(chance.randbytes(size) for size in (1, 10, 1_000, 100_000)),
    ]
    for number, data in enumerate(noise):
        with connected(running.port) as line:
            try:
                line.sendall(data)
                line.shutdown(socket.SHUT_WR)
                answer = line.recv(100)
            except OSError:  # cut off in the middle of it
                answer = b""
        assert not answer.startswith(b"HTTP/1.1 5"), (data[:60], answer)
        until_acknowledged(client, single_request(f"after {number}".replace(" ", "-"), (b"x",), case="LN-1"))
    assert running.worker_deaths() == 0


def test_clients_that_fall_silent_hold_others_up_for_a_moment_at_most(install: Install, key: str) -> None:
    """More of them than the web has threads, half in the head and half in an upload."""
    request = single_request("silent", (bytes(10_000),), case="LN-1")
    whole = head(request, key) + request.body
    with install(hooks=impatient.__name__) as programs, ExitStack() as lines:
        programs.start_all(("web",))
        client = Client(programs.port, key)
        lines.callback(client.close)
        for number in range(20):
            line = lines.enter_context(connected(programs.port))
            line.sendall(whole[:40 if number % 2 else 2_000])
        began = time.monotonic()
        until_acknowledged(client, single_request("first", (b"x",), case="LN-1"), within_s=4 * impatient.SILENCE_S)
        print(f"held up for {time.monotonic() - began:.1f} s")
        assert time.monotonic() - began < 3 * impatient.SILENCE_S


@dataclass
class Listening:
    sock: socket.socket


@dataclass
class Master:
    LISTENERS: list[Listener]


def test_the_service_itself_waits_twenty_seconds_for_a_silent_client() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        when_ready(Master([Listening(listening)]))
        with connected(listening.getsockname()[1]):
            accepted, _ = listening.accept()
            with accepted:
                assert struct.unpack("@ll", accepted.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16)) == (20, 0)
