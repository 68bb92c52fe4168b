"""Step 3: tiles are a pure function of the committed rows, so nothing needs staging, and start-up runs the very same function.

Full tiles and bundles are written once; where one exists already it must hold these bytes. Batch by batch: the root that
a batch was committed with is compared before any of its tiles is written, because a wrong tile could never be mended.
"""
from collections.abc import Iterable, Iterator, Sequence

from common.failpoints import reached
from common.object_store import ObjectStore
from ledger.models import LogBatch, LogState
from ledger.sequencer.memory import Memory, edge_root
from ledger.sequencer.refusals import LostRace, RootMismatch
from ledger.sequencer.rows import placed_entries
from tlog.merkle import leaf_hash
from tlog.tile_edge import Tile, TileEdge
from tlog.tiles import TILE_WIDTH, encode_bundle, entries_path

Object = tuple[str, bytes]
GROUP_ENTRIES = 16_384


def apply_tiles(memory: Memory, store: ObjectStore) -> None:
    """Write what the committed batches above `applied_size` filled, and move `applied_size` after each group of them.

    Raises LostRace, RootMismatch, RowsMissing; ObjectConflictError; OSError and DatabaseError when nothing is lost.
    """
    while group := next_batches(memory.applied_size):
        apply_batches(memory.applied, group, store)


def next_batches(applied_size: int) -> list[tuple[int, bytes]]:
    """(size, root) of the committed batches above `applied_size`, as many as are applied in one go."""
    within = LogBatch.objects.filter(size__gt=applied_size, size__lte=applied_size + GROUP_ENTRIES)
    return [(size, bytes(root)) for size, root in within.order_by("size").values_list("size", "root")]


def apply_batches(edge: TileEdge, batches: Sequence[tuple[int, bytes]], store: ObjectStore) -> None:
    """Grow `edge`, the tree of `applied_size` leaves, by committed batches, each given by its size and root after it."""
    old_size = edge.size
    start = old_size - old_size % TILE_WIDTH
    entries = placed_entries(start, batches[-1][0])
    reached("ledger.rows-read")
    full: list[Tile] = []
    for size, root in batches:
        full += edge.extend(list(map(leaf_hash, entries[edge.size - start:size - start])))
        if edge_root(edge) != root:
            raise RootMismatch(step="apply", size=size)
    write_objects(store, full_objects(full, start, entries), "ledger.tile")
    if LogState.objects.filter(pk=1, applied_size=old_size).update(applied_size=edge.size) != 1:
        raise LostRace(f"the tiles are no longer at size {old_size}")
    reached("ledger.tiles-applied")


def full_objects(full: Sequence[Tile], start: int, entries: Sequence[bytes]) -> Iterator[Object]:
    """Names and bytes of full tiles and of the bundles below level 0; `entries` begin at index `start`."""
    for name, tile in full:
        if name.level == 0:
            offset = name.index * TILE_WIDTH - start
            yield bundle_object(name.index, entries[offset:offset + TILE_WIDTH])
        yield name.path, tile


def bundle_object(index: int, entries: Sequence[bytes]) -> Object:
    return entries_path(index, len(entries)), encode_bundle(entries)


def write_objects(store: ObjectStore, objects: Iterable[Object], failpoint: str) -> None:
    """Store all objects, durable on return. `failpoint` with "-unwritten" stands before each, with "-written" after all of them."""

    def approached() -> Iterator[Object]:
        for each in objects:
            reached(f"{failpoint}-unwritten")
            yield each

    store.put_all(approached())
    reached(f"{failpoint}-written")
