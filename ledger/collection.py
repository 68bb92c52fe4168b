"""Collects superseded partial tiles: those of a tile that has been full, in a published checkpoint, for long enough.

A reader who verified a checkpoint a moment ago may still ask for its partial tiles, so they stay for a day; afterwards
readers fall back to the full tile. Source: C2SP tlog-tiles ("may delete a partial once the full one exists").
"""
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from common.object_store import ObjectStore
from ledger.models import LogState, PublishedCheckpoint
from ledger.selectors import log_state
from tlog.tiles import TILE_WIDTH, entries_path, tile_path


def collect_partials(store: ObjectStore, *, now: datetime) -> int:
    """Delete what is superseded for PARTIAL_TILE_KEEP_S seconds; the number of deleted objects. Safe to interrupt and repeat."""
    state = log_state()
    keep_since = now - timedelta(seconds=settings.PARTIAL_TILE_KEEP_S)
    rows = PublishedCheckpoint.objects.filter(size__gt=state.collected_size, published_at__lte=keep_since)
    # published_at grows with size: the newest row that is old enough is found from the top of the few that are too young.
    size = rows.order_by("-size").values_list("size", flat=True).first()
    if size is None:
        return 0
    deleted = 0
    for folder in folders_filled(state.collected_size, size):
        for name in store.list(folder):
            store.delete(name)
            deleted += 1
    LogState.objects.filter(pk=1, collected_size=state.collected_size).update(collected_size=size)
    return deleted


def folders_filled(old_size: int, new_size: int) -> Iterator[str]:
    """The folders of partial versions of all tiles and bundles that became full between the two sizes."""
    level = 0
    while new_size := new_size // TILE_WIDTH:
        old_size //= TILE_WIDTH
        for index in range(old_size, new_size):
            yield f"{tile_path(level, index, TILE_WIDTH)}.p/"
            if level == 0:
                yield f"{entries_path(index, TILE_WIDTH)}.p/"
        level += 1
