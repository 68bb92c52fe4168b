"""A TCP proxy on loopback that cuts every connection at a chosen byte of the exchange, both directions counted together."""
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

BLOCK = 65_536


@dataclass(eq=False)
class CuttingProxy:
    """Forwards to `target`. `passed` counts what went through since `let_pass`; at `limit` bytes all connections are cut.

    `marked`: where in that count the word `mark` went by.
    """

    target: tuple[str, int]
    mark: bytes = b"COMMIT"
    marked: list[int] = field(default_factory=list)
    passed: int = 0
    limit: int | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: set[socket.socket] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._start(self._accept)

    def let_pass(self, limit: int | None) -> None:
        """Begin a new count; None lets everything through."""
        with self._lock:
            self.passed, self.limit, self.marked = 0, limit, []

    def close(self) -> None:
        self._server.close()
        self._cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
                far = socket.create_connection(self.target)
            except OSError:  # closed
                return
            self._open |= {near, far}
            self._start(self._pump, near, far)
            self._start(self._pump, far, near)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(BLOCK):
                with self._lock:  # one count for all: nothing overtakes the cut
                    allowed = data if self.limit is None else data[:max(0, self.limit - self.passed)]
                    if self.mark in data:
                        self.marked.append(self.passed + data.index(self.mark))
                    self.passed += len(allowed)
                    sink.sendall(allowed)
                    if len(allowed) < len(data) or self.passed == self.limit:
                        self._cut()
                        return
        for each in (source, sink):
            self._end(each)

    def _cut(self) -> None:
        for each in list(self._open):
            self._end(each)

    def _end(self, one: socket.socket) -> None:
        self._open.discard(one)
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()

    @staticmethod
    def _start(work: Callable[..., None], *arguments: socket.socket) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()
