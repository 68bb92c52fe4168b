"""The client of clamd: what it is told it says, and a scanner that fails has never said that a file is clean."""
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.clamd import EICAR, Fault, ScannerServer
from vault.scanning import PIECE_BYTES, ScanFailedError, Scanner


@pytest.fixture
def server() -> Iterator[ScannerServer]:
    made = ScannerServer()
    thread = threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield made
    made.stop()
    thread.join()


@pytest.fixture
def scanner(server: ScannerServer) -> Scanner:
    return Scanner("127.0.0.1", server.port, wait_s=10.0)


@pytest.mark.parametrize("chunks", [[], [b""], [b"clean"], [bytes(PIECE_BYTES)] * 5, [bytes(3 * PIECE_BYTES + 1), b"", b"x"]])
def test_what_is_clean_is_clean_and_comes_whole(scanner: Scanner, server: ScannerServer, chunks: list[bytes]) -> None:
    assert scanner.examine(chunks) is None
    assert server.taken == [sum(map(len, chunks))]


def test_a_hit_has_its_name_wherever_it_lies(scanner: Scanner) -> None:
    around = bytes(PIECE_BYTES - 10)
    for chunks in ([EICAR], [around, EICAR], [around + EICAR[:7], EICAR[7:] + around]):
        assert scanner.examine(chunks) == "Eicar-Test-Signature"


@pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.CUT_OFF, Fault.LIMIT, Fault.ENDLESS])
def test_a_scanner_that_says_something_else_has_not_said_clean(scanner: Scanner, server: ScannerServer, fault: Fault) -> None:
    server.fault = fault
    with pytest.raises(ScanFailedError):
        scanner.examine([bytes(PIECE_BYTES)] * 3)
    server.fault = Fault.WELL
    assert scanner.examine([b"clean"]) is None


def test_a_scanner_that_hangs_or_is_away_is_an_error_in_time(server: ScannerServer) -> None:
    server.fault = Fault.HANG
    with pytest.raises(ScanFailedError, match="does not answer"):
        Scanner("127.0.0.1", server.port, wait_s=0.3).examine([b"x"])
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(ScanFailedError, match="does not answer"):
            Scanner("127.0.0.1", closed.getsockname()[1], wait_s=10.0).examine([b"x"])


def test_a_source_that_fails_is_not_examined(scanner: Scanner, server: ScannerServer) -> None:
    class GoneError(Exception):
        pass

    def chunks() -> Iterator[bytes]:
        yield b"x"
        raise GoneError

    with pytest.raises(GoneError):
        scanner.examine(chunks())
    assert server.taken == []


def test_it_speaks_to_a_socket_of_this_machine_too(tmp_path: Path) -> None:
    path = str(tmp_path / "clamd.sock")
    with pytest.raises(ScanFailedError):
        Scanner(path, 0, wait_s=10.0).examine([b"x"])
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(b"stream: Some.Name-1 FOUND\0")

        thread = threading.Thread(target=answer)
        thread.start()
        assert Scanner(path, 0, wait_s=10.0).examine([b"x"]) == "Some.Name-1"
        thread.join()
