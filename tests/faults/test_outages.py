"""T6: storage that is away for a while, under four depositors. No acknowledgement meanwhile, a clear 503, and recovery by itself."""
import errno
import os
import random
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connections, transaction

from cases.models import Case
from config import env
from tests.databases import administrator, renamed
from tests.faults.conftest import Install
from tests.faults.failing_disk import Call, FailingDisk, Rule, well
from tests.faults.ordeal import Crowd, crowd, fsck, judge_now, settle
from tests.faults.programs import Service, wait_until
from tests.faults.sizes import seed, sized

OUTAGE_S = float(sized(2, 10))
LEAKED = 40
# A request that is refused before its body was read ends with its connection, which a client may notice first.
UNREAD = {"BrokenPipeError", "ConnectionResetError", "RemoteDisconnected"}


@pytest.fixture
def chance() -> random.Random:
    number = seed()
    print(f"repeat these choices with CUNZHENG_FAULT_SEED={number}")
    return random.Random(number)


@pytest.fixture
def disk(var_dir: Path) -> Iterator[FailingDisk]:
    disk = FailingDisk(var_dir, var_dir.parent / "disk.socket")
    yield disk
    disk.close()


def live_through(
    service: Service, people: Crowd, outage: Callable[[], AbstractContextManager[None]], *, for_s: float = OUTAGE_S
) -> set[str]:
    """Deposits go on, then the outage, then deposits go on again; the answers that were given during the outage."""
    every = people.depositors
    wait_until("deposits are acknowledged", lambda: all(each.acknowledged for each in every))
    descriptors = open_descriptors(service)
    with outage():
        time.sleep(0.5)  # what was on its way when it began may still be acknowledged
        before = people.outcomes()
        time.sleep(for_s)
        during = people.outcomes() - before
    counts = {each: len(each.acknowledged) for each in every}
    wait_until("deposits are acknowledged again", lambda: all(len(each.acknowledged) > count for each, count in counts.items()))
    assert open_descriptors(service) < descriptors + LEAKED, "an outage does not use up descriptors"
    return set(during)


def open_descriptors(service: Service) -> int:
    """How many descriptors all programs have open together."""
    return sum(len(os.listdir(f"/proc/{process}/fd")) for running in service.running.values() for process in members(running.group))


def members(group: int) -> list[int]:
    found = subprocess.run(["ps", "-eo", "pid=,pgid="], capture_output=True, text=True, check=True).stdout
    return [int(pid) for pid, pgid in (line.split() for line in found.splitlines()) if int(pgid) == group]


def judge_calm(service: Service, people: Crowd, database: str) -> None:
    acknowledged = people.finish()
    settle(service)
    assert judge_now(service, acknowledged).faults() == {}
    assert fsck(database) == ""


def in_folder(pattern: str, error: int) -> Rule:
    where = re.compile(pattern)

    def rule(call: Call) -> int:
        return error if where.match(call.path) else 0

    return rule


# Where the disk fails, how, and whether deposits can be taken all the same: tiles may come later, originals and rows may not.
DISKS: dict[str, tuple[str, int, bool]] = {
    "the vault is full": ("vault/", errno.ENOSPC, False),
    "everything is read-only": ("", errno.EROFS, False),
    "the log is full": ("log/", errno.ENOSPC, True),
}


@pytest.mark.parametrize("name", DISKS)
def test_a_disk_that_fails_for_a_while_costs_nothing_but_time(
    name: str, disk: FailingDisk, install: Install, service: str, key: str, chance: random.Random
) -> None:
    pattern, error, taken = DISKS[name]

    @contextmanager
    def outage() -> Iterator[None]:
        disk.rule = in_folder(pattern, error)
        yield
        disk.rule = well

    with install() as programs:
        for program in ("web", "sequencer"):
            programs.start(program, disk=disk.address)
        programs.start_all(())
        with crowd(programs, key, chance, batches=0.0) as people:
            answers = live_through(programs, people, outage)
            assert answers - UNREAD == {"201" if taken else "storage-unavailable"}
            judge_calm(programs, people, service)


@contextmanager
def refused_connections(url: str) -> Iterator[None]:
    """PostgreSQL takes no connection to this database any more and has ended those that there were."""
    name = urlsplit(url).path[1:]
    with administrator(renamed(url, "postgres")) as cursor:
        cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@contextmanager
def moved_away(url: str) -> Iterator[None]:
    """The database's folder is not where it was, as when its disk is not mounted: gone at once, for of files that went one after the other
    somebody could find the first without its log, which is the database of some minutes ago, and tell of it."""
    here = Path(urlsplit(url).path).parent
    there = here.with_name("elsewhere")
    here.rename(there)
    yield
    assert not here.exists(), "nobody made another database in its place"
    there.rename(here)


WAYS = {"postgresql": [refused_connections], "": [moved_away]}[urlsplit(os.environ.get("DATABASE_URL", "")).scheme]


@pytest.mark.parametrize("away", WAYS, ids=lambda way: way.__name__)
def test_a_database_that_is_away_for_a_while_costs_nothing_but_time(
    away: Callable[[str], AbstractContextManager[None]], install: Install, service: str, key: str, chance: random.Random
) -> None:
    with install() as programs:
        programs.start_all(("web", "sequencer", "worker"))
        connections.close_all()
        with crowd(programs, key, chance) as people:
            assert live_through(programs, people, lambda: away(service)) - UNREAD == {"storage-unavailable"}
            assert not any(running.ended() for running in programs.running.values()), "sequencer and worker go on by themselves"
            judge_calm(programs, people, service)


@contextmanager
def locked() -> Iterator[None]:
    """Another program forgets to commit: it holds the rows of all cases, of SQLite the only write lock."""
    with transaction.atomic():
        # In the order in which a deposit locks them: what is tested is one who holds locks, not one who makes a ring of them.
        list(Case.objects.order_by("pk").select_for_update())
        yield


def test_who_forgets_to_commit_holds_deposits_up_and_no_longer_than_a_lock_may_be_waited_for(
    install: Install, service: str, key: str, chance: random.Random
) -> None:
    with install() as programs:
        programs.start_all(("web", "sequencer"))
        with crowd(programs, key, chance) as people:
            for_s = sized(1, env.LOCK_WAIT_S + 10)
            answers = live_through(programs, people, locked, for_s=for_s)
            assert answers - UNREAD == ({"deposit-busy"} if for_s > env.LOCK_WAIT_S else set())
            judge_calm(programs, people, service)
