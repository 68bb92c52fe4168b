"""The fault table: each place between two durable writes × {an error there, the end of the process}, at tile boundaries, and in pairs.

An error before a step is "failed and not applied", one after it "failed but applied". After each fault a fresh start finishes
the work: every entry is in the log once and in order, everything is published, fsck finds nothing. Every fault must strike:
the table holds those that the sizes and, for the second of a pair, the recovery from the first come to. `make test` runs
every single fault at 255, 256, 257 and 65,536 (on PostgreSQL 65,535), and a sample of pairs in which each fault comes first and comes
second; `make faults` runs every pair, and every fault at 65,535, 65,536 and 65,537.
Source: threats T2, T3 (Cloudflare Raio 2025: the second fault came during recovery); FiloSottile/sunlight `TestSequenceErrors`.
"""
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import pytest
from django.db import connections

from common.failpoints import InjectedFault
from common.object_store import FileObjectStore
from ledger import failpoints
from ledger.failpoints import BATCH, CHECKPOINT, PUBLICATION, STAMPS, TILES
from ledger.fsck import examine_bundles, examine_log
from ledger.fsck.finding import Examination
from ledger.models import LogQueue, LogState, StampRequest, Timestamp
from sandbox.tsa.server import TimestampServer
from tests.faults.sizes import sized
from tests.ledger.backups import Restore
from tests.ledger.faults import Fault, Forks, failing, strike
from tests.ledger.logs import deposit, entry, sequencer
from tests.ledger.rounds import full_round
from tlog.merkle import CompactRange, leaf_hash
from tlog.tiles import TILE_WIDTH

Pair = tuple[Fault, Fault]
FULL_TILE, PARTIAL_TILE = "ledger.tile-unwritten", "ledger.partial-unwritten"  # met before each object, the others once a round
FAULTS = [
    Fault(place, kind, turn)
    for place in failpoints.ALL for kind in ("error", "kill") for turn in ((1, 2) if place in (FULL_TILE, PARTIAL_TILE) else (1,))
]
TILE_FAULTS = [fault for fault in FAULTS if fault.place in TILES + CHECKPOINT]
EVERY_FAULT_AT = sized((65_536,), (65_535, 65_536, 65_537), on_postgres=(65_535,))
EXAMINED_WHOLE = sized(8, 1)  # every so many faults fsck looks at all rows and objects, after the others at all objects
PARTS = 4  # a fresh log for each part: fsck looks at all of it after every fault
PAIRS_A_PART = 16


def met(fault: Fault, old: int, new: int) -> bool:
    """Whether a round that takes the log from one published size to another comes to the fault's place as often as its turn asks."""
    levels = [1, TILE_WIDTH, TILE_WIDTH * TILE_WIDTH]
    filled = [new // width // TILE_WIDTH - old // width // TILE_WIDTH for width in levels]
    begun = [new // width % TILE_WIDTH > 0 for width in levels]
    # Beside each tile of level 0 a bundle of entries is written.
    often: dict[str, int] = {FULL_TILE: sum(filled) + filled[0], PARTIAL_TILE: sum(begun) + begun[0]}
    return fault.turn <= often.get(fault.place, 1)


def met_again(place: str) -> Sequence[str]:
    """What a start that recovers from a fault at `place` comes to: everything from the step on that was not durable."""
    if place == STAMPS[-1]:
        return STAMPS[:1]
    resumed = (
        (BATCH[:-1], BATCH[0]), (BATCH[-1:] + TILES[:-1], TILES[0]), (TILES[-1:] + CHECKPOINT + PUBLICATION[:2], CHECKPOINT[0]),
        (PUBLICATION[2:3], PUBLICATION[3]), (PUBLICATION[3:] + STAMPS, STAMPS[0]),
    )
    begin = next(begin for places, begin in resumed if place in places)
    return failpoints.ALL[failpoints.ALL.index(begin):]


PAIRS = [(first, second) for first in FAULTS for second in FAULTS if second.place in met_again(first.place)]


def sample(count: int) -> list[Pair]:
    """So many different pairs; every fault comes first in one of them and second in one. Seeded, so that a failure can be met again."""
    shuffled = random.Random(20261123).sample(PAIRS, len(PAIRS))
    first = {pair[0]: pair for pair in shuffled}
    second = {pair[1]: pair for pair in shuffled}
    return list(dict.fromkeys([*first.values(), *second.values(), *shuffled]))[:count]


CHOSEN = sample(sized(81, len(PAIRS)))  # fewer do not have every fault in both places


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

    def suffer(self, faults: Sequence[Fault], *, count: int, examine: Examination = examine_log) -> None:
        """Deposit, meet the faults one after the other, recover, and hold everything against what was deposited."""
        self.deposit(count)
        for fault in faults:
            assert strike(fault, self.forks, self.database), f"{fault} of {faults} was never reached"
        full_round()
        state = LogState.objects.get()
        sizes = (state.size, state.applied_size, state.published_size, state.stamped_size)
        assert sizes == (self.expected.size,) * 4, f"{faults}: {sizes}"
        assert bytes(state.root) == self.expected.root(), faults
        assert not LogQueue.objects.exists(), faults
        assert [str(finding) for finding in examine()] == [], faults


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


def test_a_start_that_cannot_write_its_tiles_fails(ground: Ground, store: FileObjectStore) -> None:
    """Raio: it went on as if they were there."""
    ground.deposit(300)
    sequencer().commit_batch(300)
    with failing(FULL_TILE), pytest.raises(InjectedFault):
        sequencer()
    assert LogState.objects.get().applied_size == 0
    ground.suffer([], count=5)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("end", [255, 256, 257])
def test_any_single_fault_around_a_full_tile_loses_and_forks_nothing(ground: Ground, end: int, part: int) -> None:
    faults = [fault for fault in FAULTS if met(fault, 250, end)]
    for turn, fault in enumerate(faults[part::PARTS]):
        ground.fill(256 * turn + 250)
        ground.suffer([fault], count=end - 250)
    assert Timestamp.objects.count() == StampRequest.objects.filter(outcome=StampRequest.STAMPED).count()


def test_every_fault_comes_first_and_second_in_the_sample_of_pairs() -> None:
    assert {first for first, _ in CHOSEN} == {second for _, second in CHOSEN} == set(FAULTS)
    assert len(set(CHOSEN)) == len(CHOSEN)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(-(-len(CHOSEN) // PAIRS_A_PART)))
def test_a_second_fault_during_recovery_loses_and_forks_nothing(ground: Ground, part: int) -> None:
    for turn, pair in enumerate(CHOSEN[part * PAIRS_A_PART:(part + 1) * PAIRS_A_PART]):
        ground.fill(256 * turn + 250)
        ends = [end for end in (255, 256, 257) if all(met(fault, 250, end) for fault in pair)]
        ground.suffer(pair, count=ends[turn % len(ends)] - 250)
    assert Timestamp.objects.count() == StampRequest.objects.filter(outcome=StampRequest.STAMPED).count()


@pytest.mark.slow
@pytest.mark.parametrize("end", [65_535, 65_536, 65_537])
def test_faults_where_two_levels_of_tiles_fill_at_once(
    ground: Ground, store: FileObjectStore, keep: Callable[[], AbstractContextManager[Restore]], end: int
) -> None:
    faults = [fault for fault in (FAULTS if end in EVERY_FAULT_AT else TILE_FAULTS) if met(fault, 65_530, end)]
    ground.fill(65_530)
    kept = store.root.with_name("kept")
    shutil.copytree(store.root, kept, copy_function=os.link)
    before = CompactRange.restore(ground.expected.size, ground.expected.hashes)
    with keep() as restore:
        for turn, fault in enumerate(faults):
            ground.suffer([fault], count=end - 65_530, examine=examine_bundles if turn % EXAMINED_WHOLE else examine_log)
            restore()
            ground.expected = CompactRange.restore(before.size, before.hashes)
            shutil.rmtree(store.root)
            shutil.copytree(kept, store.root, copy_function=os.link)
