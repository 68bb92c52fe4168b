"""An ordeal: depositors at work, programs killed under them, then quiet, then judgement."""
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from ledger.models import LogQueue
from ledger.receipts import receipt_vkey
from ledger.selectors import log_state
from tests.conftest import process_environment
from tests.databases import ROOT
from tests.faults.depositors import Acknowledged, Client, Depositor
from tests.faults.judge import Verdict, judge
from tests.faults.killing import Blow, Killer
from tests.faults.programs import PROGRAMS, Service, wait_until
from tests.faults.published_log import published_size, read_log

DEPOSITORS = 4


@dataclass(repr=False)
class Crowd:
    """Depositors at work; `finish` lets each get its last acknowledgement."""

    depositors: list[Depositor]
    stopping: threading.Event

    def finish(self) -> list[Acknowledged]:
        self.stopping.set()
        for each in self.depositors:
            each.join(120)
            assert not each.is_alive(), f"{each.name} hangs"
            assert each.surprise == ""
        return [one for each in self.depositors for one in each.acknowledged]

    def outcomes(self) -> Counter[str]:
        return sum((each.outcomes for each in self.depositors), Counter())


@contextmanager
def crowd(service: Service, key: str, chance: random.Random, *, batches: float = 0.5) -> Iterator[Crowd]:
    """`batches`: the share of deposits that are batches by digest; the others bring their files."""
    stopping = threading.Event()
    depositors = [
        # A second crowd at the same service must not repeat the keys of the first.
        Depositor(f"d{number}-{chance.getrandbits(32):08x}", Client(service.port, key), random.Random(chance.random()), stopping, batches)
        for number in range(DEPOSITORS)
    ]
    for each in depositors:
        each.start()
    try:
        yield Crowd(depositors, stopping)
    finally:
        stopping.set()


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    verdict: Verdict
    kills: Counter[str]
    acknowledged: list[Acknowledged]


def ordeal(service: Service, key: str, blows: Sequence[Blow], chance: random.Random) -> Result:
    """Strike all blows under load, let the service come to rest, judge what it acknowledged."""
    service.start_all(PROGRAMS)
    with crowd(service, key, chance) as people:
        killer = Killer(service, chance, people.depositors)
        killer.strike(blows)
        # However slow the machine is, something was deposited.
        wait_until("each depositor has answers", lambda: all(len(each.acknowledged) > 4 for each in people.depositors))
        acknowledged = people.finish()
    settle(service)
    print(f"kills: {dict(killer.kills)}; answers: {dict(people.outcomes())}; {service.starts} starts; log size {log_state().size}")
    return Result(judge_now(service, acknowledged), killer.kills, acknowledged)


def settle(service: Service) -> None:
    """Everything that was queued is published."""
    service.start_all(PROGRAMS)
    wait_until("everything is published", lambda: not LogQueue.objects.exists() and log_state().size == published_size(service.url))


def judge_now(service: Service, acknowledged: Sequence[Acknowledged]) -> Verdict:
    return judge(acknowledged, read_log(service.url, log_state().vkey), receipt_vkey())


def fsck(database_url: str) -> str:
    """What `manage.py fsck` finds in the test's service; "" when nothing is wrong."""
    environment = process_environment(database_url, settings.VAR_DIR)
    words = [sys.executable, "manage.py", "fsck", "-v0"]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""
