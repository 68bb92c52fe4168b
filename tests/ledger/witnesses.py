"""Real witnesses on loopback for the log's tests, each with its own key and file, and the faults that one may have."""
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.selectors import log_state
from tlog.note import CosignatureSigner, Verifier
from witness.cosigning import Answer, KnownLog, Witness
from witness.server import Server
from witness.store import Store

Fault = Callable[[Answer], Answer]


class Faulty(Witness):
    """A witness whose answers pass through `fault`; None leaves them alone."""

    fault: Fault | None = None

    def add_checkpoint(self, body: bytes) -> Answer:
        answer = super().add_checkpoint(body)
        return answer if self.fault is None else self.fault(answer)


class LocalWitness:
    """One witness of the log of this test's database; it can be stopped and started again at the same port."""

    def __init__(self, folder: Path, name: str, *, clock: Callable[[], float] = time.time) -> None:
        state = log_state()
        self.name, self.clock = name, clock
        self.signer = CosignatureSigner.from_seed(f"test/{name}", name.encode().ljust(32, b"."))
        self.store = Store(folder / f"{name}.sqlite3")
        self.witness = self._knowing(state.origin, state.vkey)
        self.port = 0
        self.start()

    def _knowing(self, origin: str, *vkeys: str) -> Faulty:
        known = KnownLog(origin, tuple(map(Verifier.from_vkey, vkeys)), "http://127.0.0.1:1")
        return Faulty({origin: known}, (self.signer,), self.store, clock=self.now, ready=lambda _: None)

    def know(self, *vkeys: str) -> None:
        """What its operator does when the log changes its key: writes these, and starts it anew."""
        self.stop()
        self.witness = self._knowing(log_state().origin, *vkeys)
        self.start()

    def now(self) -> float:
        return self.clock()

    def start(self) -> None:
        self.server = Server(("127.0.0.1", self.port), "", self.witness)
        self.port = int(self.server.server_address[1])
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def line(self) -> str:
        return f"witness {self.name} {self.signer.vkey} http://127.0.0.1:{self.port}"


@contextmanager
def local_witnesses(folder: Path, *names: str) -> Iterator[list[LocalWitness]]:
    """Witnesses of these names, until the block ends."""
    folder.mkdir(exist_ok=True)
    started = [LocalWitness(folder, name) for name in names]
    try:
        yield started
    finally:
        for each in started:
            each.stop()
            each.store.close()


def policy(witnesses: list[LocalWitness], *lines: str) -> str:
    """A policy of this log with these witnesses; `lines` are its groups and its quorum."""
    return "\n".join([f"log {log_state().vkey}", *(each.line for each in witnesses), *lines, ""])
