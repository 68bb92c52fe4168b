"""The fault table: each place between two durable writes × {an error there, the end of the process}, at tile boundaries, and in pairs.

An error before a step is "failed and not applied", one after it "failed but applied". After each fault a fresh start finishes
the work: every entry is in the log once and in order, everything is published, fsck finds nothing. `make test` runs every
place once and a sample of pairs; `make faults` runs the whole table.
Source: threats T2, T3 (Cloudflare Raio 2025: the second fault came during recovery); FiloSottile/sunlight `TestSequenceErrors`.
"""
import itertools
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import pytest
from django.db import connections

from common.object_store import FileObjectStore
from ledger import failpoints
from ledger.fsck import examine_log
from ledger.models import LogQueue, LogState, StampRequest, Timestamp
from sandbox.tsa.server import TimestampServer
from tests.ledger.faults import Fault, Forks, strike
from tests.ledger.logs import deposit, entry
from tests.ledger.rounds import full_round
from tlog.merkle import CompactRange, leaf_hash

EVERYTHING = os.environ.get("CUNZHENG_FAULTS") == "full"
REPEATED = {"ledger.tile-unwritten", "ledger.partial-unwritten"}
FAULTS = [
    Fault(place, kind, turn)
    for place in failpoints.ALL for kind in ("error", "kill") for turn in ((1, 2) if place in REPEATED else (1,))
]
PARTS = 4  # a fresh log for each part: fsck looks at all of it after every fault
PAIRS = list(itertools.product(FAULTS, FAULTS))
TILE_FAULTS = [fault for fault in FAULTS if fault.place in failpoints.TILES + failpoints.CHECKPOINT]


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    server = Forks()
    yield server
    server.close()


class Ground:
    """A log on which faults are tried; it knows what must be in it."""

    def __init__(self, database: str, forks: Forks) -> None:
        self.database, self.forks = database, forks
        self.expected = CompactRange()

    def fill(self, size: int) -> None:
        """Deposit up to `size` entries and let everything be published, without a fault."""
        self.deposit(size - self.expected.size)
        full_round()

    def deposit(self, count: int) -> None:
        first = self.expected.size
        deposit(first, count)
        self.expected.extend(leaf_hash(entry(number)) for number in range(first, first + count))

    def suffer(self, faults: Sequence[Fault], *, count: int) -> None:
        """Deposit, meet the faults one after the other, recover, and hold everything against what was deposited."""
        self.deposit(count)
        struck = [strike(fault, self.forks, self.database) for fault in faults]
        # Some sizes fill no tile, or leave one partial tile only.
        assert struck[0] or faults[0].place in REPEATED, f"{faults[0]} was never reached"
        full_round()
        state = LogState.objects.get()
        sizes = (state.size, state.applied_size, state.published_size, state.stamped_size)
        assert sizes == (self.expected.size,) * 4, f"{faults}: {sizes}"
        assert bytes(state.root) == self.expected.root(), faults
        assert not LogQueue.objects.exists(), faults
        assert [str(finding) for finding in examine_log()] == [], faults


@pytest.fixture
def ground(service: str, authority: TimestampServer, forks: Forks) -> Ground:
    connections.close_all()
    return Ground(service, forks)


def test_every_place_is_met_in_one_round(ground: Ground) -> None:
    """A place that no round reaches would be a row of the table that tests nothing."""
    ground.fill(250)
    for place in failpoints.ALL:
        ground.deposit(256)
        assert strike(Fault(place, "error"), ground.forks, ground.database), place
        full_round()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("end", [255, 256, 257])
def test_any_single_fault_around_a_full_tile_loses_and_forks_nothing(ground: Ground, end: int, part: int) -> None:
    for turn, fault in enumerate(FAULTS[part::PARTS]):
        ground.fill(256 * turn + 250)
        ground.suffer([fault], count=end - 250)
    assert Timestamp.objects.count() == StampRequest.objects.filter(outcome=StampRequest.STAMPED).count()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(-(-len(PAIRS) // 28) if EVERYTHING else 3))
def test_a_second_fault_during_recovery_loses_and_forks_nothing(ground: Ground, part: int) -> None:
    # Seeded, so that a failure can be met again.
    shuffled = random.Random(20261123).sample(PAIRS, len(PAIRS))
    for turn, (first, second) in enumerate(shuffled[part * 28:(part + 1) * 28] if EVERYTHING else shuffled[part * 14:(part + 1) * 14]):
        ground.fill(256 * turn + 250)
        ground.suffer([first, second], count=5 + turn % 3)


@pytest.mark.slow
@pytest.mark.parametrize("end", [65_535, 65_536, 65_537])
def test_faults_where_two_levels_of_tiles_fill_at_once(
    ground: Ground, store: FileObjectStore, backup: Callable[[], AbstractContextManager[None]], end: int
) -> None:
    faults = FAULTS if EVERYTHING else random.Random(end).sample(TILE_FAULTS, 3)
    ground.fill(65_530)
    kept = store.root.with_name("kept")
    shutil.copytree(store.root, kept, copy_function=os.link)
    for fault in faults:
        before = CompactRange.restore(ground.expected.size, ground.expected.hashes)
        with backup():
            ground.suffer([fault], count=end - 65_530)
        ground.expected = before
        shutil.rmtree(store.root)
        shutil.copytree(kept, store.root, copy_function=os.link)
