"""Faults for the log's tests: a failpoint armed in this process, or in a process that dies of it."""
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from django.conf import settings

from common import failpoints
from common.failpoints import InjectedFault
from tests.databases import ROOT
from tests.ledger.rounds import full_round

DIED = -9


@contextmanager
def failing(place: str, *, turn: int = 1) -> Iterator[None]:
    """The `turn`-th time that `place` is reached in this process, an InjectedFault is raised."""
    with failpoints.plan(f"{place}=error@{turn}"):
        yield


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens when `place` is reached for the `turn`-th time: an error, or the end of the process."""

    place: str
    kind: str
    turn: int = 1

    @property
    def plan(self) -> str:
        return f"{self.place}={self.kind}@{self.turn}"


class Forks:
    """A process with Django loaded that forks a child for each order: a process exit costs milliseconds then."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", "tests.ledger.fork_server"]
        self.server = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, plan: str, *, database: str) -> int:
        """Run a full round in a child under a plan of failpoints; its exit code, -9 when it died of the plan."""
        orders, answers = self._pipes()
        order = {"plan": plan, "database": database, "var": str(settings.VAR_DIR), "tsas": settings.TSAS}
        orders.write(json.dumps(order).encode() + b"\n")
        orders.flush()
        return int(json.loads(answers.readline())["code"])

    def close(self) -> None:
        orders, answers = self._pipes()
        orders.close()
        self.server.wait()
        answers.close()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        return self.server.stdin, self.server.stdout


def strike(fault: Fault, forks: Forks, database: str) -> bool:
    """Run a full round, start-up included, under a fault; whether it struck. What it left behind is the next one's matter."""
    if fault.kind == "kill":
        code = forks.run(fault.plan, database=database)
        assert code in (0, DIED), code
        return code == DIED
    with failpoints.plan(fault.plan), suppress(InjectedFault):
        full_round()
    # The worker survives its jobs' errors, so an exception is not the sign.
    return failpoints.REACHED.get(fault.place, 0) >= fault.turn
