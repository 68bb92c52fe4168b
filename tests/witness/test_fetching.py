"""What a witness reads of strangers ends in time, in size, and says nothing more than that it could not be read."""
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.witness.logs import served
from witness.fetching import NotReadError, fetch

Speak = Callable[[socket.socket], None]
LIMIT = 1000


@contextmanager
def speaking(speak: Speak) -> Iterator[str]:
    """A server that reads a request and then says whatever `speak` says; its address."""
    def answer() -> None:
        line, _ = listener.accept()
        with line, suppress(OSError):
            line.recv(1 << 16)
            speak(line)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/checkpoint"
        thread.join(30)
        assert not thread.is_alive()


def dripping(head: bytes) -> Speak:
    """The head at once, then a byte every 50 ms until the other side has gone."""
    def speak(line: socket.socket) -> None:
        line.sendall(head)
        while True:
            line.sendall(b"x")
            time.sleep(0.05)

    return speak


@pytest.mark.parametrize("head", [
    b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n384\r\n",
])
def test_a_slow_drip_ends_at_the_deadline_wherever_it_drips(head: bytes) -> None:
    with speaking(dripping(head)) as url:
        began = time.monotonic()
        with pytest.raises(NotReadError, match="is too slow"):
            fetch(url, limit=LIMIT, timeout_s=0.5)
        assert time.monotonic() - began < 5  # one byte after the other it would have been for ever


@pytest.mark.parametrize(("answer", "said"), [
    (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "answered 302"),
    (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered 404"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "ends early"),
    (b"HTTP/1.1 200 OK\r\n\r\n" + bytes(LIMIT + 1), f"more than {LIMIT} bytes"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n", "does not answer"),
    (b"nonsense\r\n\r\n", "does not answer"), (b"", "does not answer"),
])
def test_what_is_no_whole_answer_is_none(answer: bytes, said: str) -> None:
    with speaking(lambda line: line.sendall(answer)) as url, pytest.raises(NotReadError, match=said):
        fetch(url, limit=LIMIT)


@pytest.mark.parametrize("url", [
    "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/", "http://user@127.0.0.1/", "http://127.0.0.1/?a", "http://127.0.0.1/ b",
    "file:///etc/passwd",
])
def test_an_address_of_another_kind_is_not_asked(url: str) -> None:
    with pytest.raises(NotReadError):
        fetch(url, limit=LIMIT)


def test_a_machine_without_ipv6_reads_what_has_an_address_of_both_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver names the IPv6 address first though such a socket cannot be made there."""
    made, found = socket.socket, socket.getaddrinfo

    def without(family: int = -1, *rest: int, **more: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return made(family, *rest, **more)

    def both(host: str, port: int, **more: int) -> list[object]:
        return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)), *found(host, port, **more)]

    with served({"/checkpoint": b"here"}) as url:
        monkeypatch.setattr("witness.fetching.socket.socket", without)
        monkeypatch.setattr("witness.fetching.socket.getaddrinfo", both)
        data = fetch(f"{url}/checkpoint", limit=LIMIT)
        monkeypatch.undo()
    assert data == b"here"
