"""Sequencer processes beside a test: started, watched, stopped."""
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import process_environment
from tests.databases import ROOT

FAST = {
    "CUNZHENG_SEQUENCE_INTERVAL_S": "0.02", "CUNZHENG_CHECKPOINT_INTERVAL_S": "0.05", "CUNZHENG_STAMP_INTERVAL_S": "0.2",
    "CUNZHENG_TSAS": "",
}


class SequencerProcess:
    """One `manage.py sequence`, or what `words` say instead, with short cadences; what it says is in `said`."""

    def __init__(self, database: str, var_dir: Path, *, words: Sequence[str] = ("manage.py", "sequence"), **environment: str) -> None:
        self.log = var_dir / f"sequencer-{time.monotonic_ns()}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, stderr=output,
                env=process_environment(database, var_dir, **{**FAST, **environment}))

    @property
    def said(self) -> str:
        return self.log.read_text()

    def wait_until_ready(self) -> None:
        wait_until(lambda: "sequencer of" in self.said or self.process.poll() is not None)
        assert self.process.poll() is None, self.said

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> int:
        """Ask it to end as a process manager does; its exit code."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextmanager
def sequencers(count: int, database: str, var_dir: Path, **environment: str) -> Iterator[list[SequencerProcess]]:
    """So many sequencer processes, all ready; killed in the end if they are still there."""
    found = [SequencerProcess(database, var_dir, **environment) for _ in range(count)]
    try:
        for each in found:
            each.wait_until_ready()
        yield found
    finally:
        for each in found:
            each.process.kill()
            each.process.wait()


def wait_until(condition: Callable[[], bool], *, within_s: float = 30) -> None:
    """Asked often at first and then less, so that asking takes no processor from what is waited for; at most a tenth is waited too long."""
    began = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - began
        assert waited_s < within_s, "it did not happen in time"
        time.sleep(min(max(0.01, waited_s / 10), 0.5))
