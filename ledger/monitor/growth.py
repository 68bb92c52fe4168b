"""Every entry and tile that is new since the last round, from the entries up to the signed root; and a few old ones again.

The root is computed from fetched entries, not taken from tiles: `Memory.tree` has every entry that was ever shown here. A round takes
as many bundles as its time allows; the rest follows in the next one, and what was taken is bound to the signed root already.
Source: C2SP tlog-tiles; RFC 6962 2.1.
"""
import time

from ledger.monitor.front_door import ShownTree
from ledger.monitor.memory import Memory, Store
from tlog.checkpoint import Checkpoint
from tlog.errors import VerificationError
from tlog.merkle import HASH_BYTES, CompactRange, leaf_hash, verify_consistency
from tlog.tiles import TILE_WIDTH, consistency_proof, entries_path, names_for_growth, tile_path, tile_root

OLD_BUNDLES = 4
"""So many bundles are read once more in each round: storage rots, and a cache may hold what it should not."""


def verify_growth(tree: ShownTree, point: Checkpoint, memory: Memory, store: Store, *, until: float) -> None:
    """Verify entries and tiles beyond `memory.tree`, at least one bundle, and begin no other after `until` (monotonic).

    Nothing is remembered of what does not hold. Raises VerificationError, Away, OSError.
    """
    before = memory.tree.size
    if before >= point.size:
        return
    grown, fresh = CompactRange.restore(before, memory.tree.hashes), list[bytes]()
    for index in range(before // TILE_WIDTH, -(-point.size // TILE_WIDTH)):
        if fresh and time.monotonic() > until:
            break
        new = _leaves(tree, index)[max(0, before - index * TILE_WIDTH) :]
        grown.extend(new)
        fresh += new
    _verify_upper_tiles(tree, before, grown.size)
    proof = consistency_proof(grown.size, point.size, tree.read_tile)
    verify_consistency(old_size=grown.size, new_size=point.size, old_root=grown.root(), new_root=point.root, proof=proof)
    store.keep_leaves(before, fresh)
    memory.tree = grown


def verify_again(tree: ShownTree, memory: Memory, store: Store) -> None:
    """Hold the next few bundles and their tiles, verified in an earlier round, against the leaves kept then.

    The last one is among them: a log that is young, or that nobody uses, has no other that a round would read.
    Raises VerificationError, Away, OSError.
    """
    size = min(memory.tree.size, tree.size)
    bundles = -(-size // TILE_WIDTH)
    for _ in range(min(OLD_BUNDLES, bundles)):
        index = memory.looked_again % bundles
        width = min(TILE_WIDTH, size - index * TILE_WIDTH)
        if b"".join(_leaves(tree, index)[:width]) != store.leaves(index * TILE_WIDTH, width):
            raise VerificationError(f"{entries_path(index, width)} is not what it was")
        if width == TILE_WIDTH:
            _verify_child(tree, 0, index)
        memory.looked_again = (index + 1) % bundles


def _leaves(tree: ShownTree, index: int) -> list[bytes]:
    """The leaf hashes of a bundle, which its tile has too. Raises VerificationError, Away."""
    width = min(TILE_WIDTH, tree.size - index * TILE_WIDTH)
    hashes = [leaf_hash(entry) for entry in tree.read_entries(index)]
    if b"".join(hashes) != tree.read_tile(0, index, width):
        raise VerificationError(f"{entries_path(index, width)} is not what {tile_path(0, index, width)} hashes")
    return hashes


def _verify_upper_tiles(tree: ShownTree, before: int, size: int) -> None:
    """Every full tile that is new has its root in its place in the level above."""
    for name in names_for_growth(before, size):
        if name.width == TILE_WIDTH:
            _verify_child(tree, name.level, name.index)


def _verify_child(tree: ShownTree, level: int, index: int) -> None:
    above, place = divmod(index, TILE_WIDTH)
    width = min(TILE_WIDTH, (tree.size >> 8 * (level + 1)) - above * TILE_WIDTH)
    row = tree.read_tile(level + 1, above, width)
    if tile_root(tree.read_tile(level, index, TILE_WIDTH)) != row[place * HASH_BYTES : (place + 1) * HASH_BYTES]:
        raise VerificationError(f"{tile_path(level + 1, above, width)} is not what {tile_path(level, index, TILE_WIDTH)} hashes")
