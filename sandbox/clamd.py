"""A TEST stand-in for clamd on loopback, INSTREAM only: it takes EICAR's test file for malware and everything else for clean.

Run by tests as a real server on a port of its own. `server.fault` makes it misbehave (`Fault`). It looks for malware of no kind.
Source: clamd(8); eicar.org's standard test file, which is harmless.
"""
from __future__ import annotations

import enum
import socketserver
import struct
import threading

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LARGEST_PIECE = 1 << 24


class Fault(enum.StrEnum):
    """What the scanner does wrong."""

    WELL = "well"
    HANG = "hang"
    GARBAGE = "garbage"
    CUT_OFF = "cut-off"
    LIMIT = "limit"
    ENDLESS = "endless"


class ScannerServer(socketserver.ThreadingTCPServer):
    """One scanner on one port. `taken`: how many bytes each stream had that came to its end."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.fault = Fault.WELL
        self.taken: list[int] = []
        self.stopping = threading.Event()
        super().__init__(address, _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()


class _Handler(socketserver.StreamRequestHandler):
    server: ScannerServer

    def handle(self) -> None:
        command = self.rfile.read(len(b"zINSTREAM\0"))
        if command != b"zINSTREAM\0":
            self.wfile.write(b"UNKNOWN COMMAND\0")
            return
        fault = self.server.fault
        if fault is Fault.HANG:
            self.server.stopping.wait(60)
            return
        if fault is Fault.LIMIT:
            self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
            return
        found, size = self._stream()
        if size < 0:
            return
        self.server.taken.append(size)
        answers = {
            Fault.GARBAGE: b"\xff\xfe what\0", Fault.CUT_OFF: b"stream: O", Fault.ENDLESS: b"stream: " * 10_000,
            Fault.WELL: b"stream: Eicar-Test-Signature FOUND\0" if found else b"stream: OK\0"}
        self.wfile.write(answers[fault])

    def _stream(self) -> tuple[bool, int]:
        """Whether EICAR's bytes were in the stream, and its length; -1 for one that never ended."""
        found, size, tail = False, 0, b""
        while len(head := self.rfile.read(4)) == 4:
            [length] = struct.unpack("!L", head)
            if length == 0:
                return found, size
            piece = self.rfile.read(length) if length <= LARGEST_PIECE else b""
            if len(piece) != length:
                break
            size += length
            found |= EICAR in tail + piece
            tail = (tail + piece)[-len(EICAR) :]
        return False, -1
