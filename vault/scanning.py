"""Ask a clamd whether it knows the bytes of an original as malware, while they stream by. It says; nothing is deleted or altered for it.

    → zINSTREAM\\0, then chunks: 4 bytes of length (big endian) and the bytes; a length of 0 ends them
    ← stream: OK\\0   stream: <name> FOUND\\0   INSTREAM size limit exceeded. ERROR\\0

A scanner that is away, slow, or takes no file of that size has not said that a file is clean: that is an error, and whoever asks tries
again later. What this does not do: decide what follows from a hit (`evidence.quarantine`), or read the vault. Source: clamd(8).
"""
import re
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

PIECE_BYTES: Final = 1 << 18
LONGEST_ANSWER: Final = 4096
_FOUND = re.compile(r"stream: (.{1,300}) FOUND", re.ASCII)


class ScanFailedError(OSError):
    """The scanner did not say what it thinks: it is away, slow, full, or answers something else."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """A clamd that listens at a TCP address, or at a socket of this machine when `port` is 0 and `host` a path."""

    host: str
    port: int
    wait_s: float

    def examine(self, chunks: Iterable[bytes]) -> str | None:
        """The name of the malware that the scanner found in the bytes; None when it knows them as clean. Raises ScanFailedError.

        What `chunks` raises passes; the scanner then gets no end, and its opinion is not asked.
        """
        try:
            with self._connected() as connection:
                connection.settimeout(self.wait_s)
                with suppress(BrokenPipeError, ConnectionResetError):  # it may have said already that it takes no more
                    connection.sendall(b"zINSTREAM\0")
                    for chunk in chunks:
                        _send(connection, chunk)
                    connection.sendall(struct.pack("!L", 0))
                return _verdict(_answer(connection))
        except ScanFailedError:
            raise
        except OSError as away:
            raise ScanFailedError(f"the scanner does not answer ({type(away).__name__})") from away

    def _connected(self) -> socket.socket:
        if self.port:
            return socket.create_connection((self.host, self.port), timeout=self.wait_s)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(self.wait_s)
            connection.connect(self.host)
        except BaseException:
            connection.close()
            raise
        return connection


def _send(connection: socket.socket, chunk: bytes) -> None:
    for at in range(0, len(chunk), PIECE_BYTES):
        piece = chunk[at : at + PIECE_BYTES]
        # SPEC: clamd(8): a length of 0 would end the stream, so no bytes are sent as no piece.
        connection.sendall(struct.pack("!L", len(piece)) + piece)


def _answer(connection: socket.socket) -> str:
    answer = b""
    while not answer.endswith(b"\0"):
        more = connection.recv(LONGEST_ANSWER)
        answer += more
        if not more or len(answer) > LONGEST_ANSWER:
            raise ScanFailedError("the scanner ended its answer before it was one")
    return answer[:-1].decode("ascii", "replace").strip()


def _verdict(answer: str) -> str | None:
    if answer == "stream: OK":
        return None
    found = _FOUND.fullmatch(answer)
    if found is None:
        raise ScanFailedError("the scanner refuses the file" if answer.endswith("ERROR") else "the scanner answers something else")
    return found[1]
