"""Partial tiles stay as long as a reader may ask for them, and go when their full tile has been published for a day."""
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from common.failpoints import InjectedFault
from common.object_store import FileObjectStore
from ledger.collection import collect_partials, folders_filled
from ledger.fsck import examine_log
from ledger.models import LogState
from ledger.proofs import record_proof
from tests.ledger.logs import Clock, entry, grow, sequencer
from tlog.merkle import leaf_hash
from tlog.policy import parse_policy
from tlog.proof import verify_proof

DAY = 86_400


class StoreThatFailsToDelete(FileObjectStore):
    """Deletes one object, then the disk is gone."""

    deleted = 0

    def delete(self, name: str) -> None:
        if self.deleted:
            raise InjectedFault(name)
        self.deleted += 1
        super().delete(name)


def published_daily(sizes: tuple[int, ...]) -> Clock:
    """Publish these sizes a day apart; the clock stands at the last one."""
    clock = Clock(timezone.now() - timedelta(days=30))
    log = sequencer(clock=clock)
    for before, size in zip((0, *sizes), sizes, strict=False):
        clock.advance(DAY)
        grow(log, before, size - before, at=clock())
        log.publish()
    return clock


def partials(store: FileObjectStore) -> set[str]:
    return {name for name in store.list("tile/") if ".p/" in name}


def test_partials_go_a_day_after_their_full_tile_was_published(store: FileObjectStore) -> None:
    clock = published_daily((10, 256, 300))
    at_once = partials(store)
    assert at_once == {
        "tile/0/000.p/10", "tile/entries/000.p/10", "tile/1/000.p/1", "tile/0/001.p/44", "tile/entries/001.p/44",
    }
    assert collect_partials(store, now=clock()) == 2
    assert partials(store) == at_once - {"tile/0/000.p/10", "tile/entries/000.p/10"}
    assert LogState.objects.get().collected_size == 256
    assert collect_partials(store, now=clock()) == 0


def test_nothing_goes_before_its_day_is_over(store: FileObjectStore, settings: Settings) -> None:
    clock = published_daily((10, 256))
    before = partials(store)
    assert collect_partials(store, now=clock()) == 0
    clock.advance(DAY - 1)
    assert collect_partials(store, now=clock()) == 0
    assert partials(store) == before
    settings.PARTIAL_TILE_KEEP_S = 10
    assert collect_partials(store, now=clock()) == 2


def test_proofs_and_fsck_hold_after_a_collection(store: FileObjectStore) -> None:
    clock = published_daily((10, 256, 700))
    clock.advance(DAY)
    assert collect_partials(store, now=clock()) > 0
    policy = parse_policy(f"log {LogState.objects.get().vkey}\nquorum none\n")
    for index in (0, 9, 10, 255, 256, 699):
        verify_proof(record_proof(index).proof, leaf_hash=leaf_hash(entry(index)), policy=policy)
    assert list(examine_log()) == []


def test_a_collection_that_was_interrupted_is_finished_by_the_next(store: FileObjectStore) -> None:
    clock = published_daily((10, 20, 300))
    clock.advance(DAY)
    with pytest.raises(InjectedFault):
        collect_partials(StoreThatFailsToDelete(store.root), now=clock())
    assert LogState.objects.get().collected_size == 0
    assert collect_partials(store, now=clock()) == 3
    assert list(examine_log()) == []


def test_a_log_that_published_nothing_has_nothing_to_collect(store: FileObjectStore) -> None:
    assert collect_partials(store, now=timezone.now()) == 0


def test_every_tile_that_fills_between_two_sizes_is_visited_once() -> None:
    assert list(folders_filled(255, 257)) == ["tile/0/000.p/", "tile/entries/000.p/"]
    assert list(folders_filled(256, 511)) == []
    assert "tile/1/000.p/" in set(folders_filled(65_535, 65_536))
    whole = list(folders_filled(0, 70_000))
    split = [*folders_filled(0, 300), *folders_filled(300, 65_536), *folders_filled(65_536, 70_000)]
    assert sorted(whole) == sorted(split)
    assert len(set(whole)) == len(whole) == 2 * 273 + 1
