"""The growing edge of a log's tiles: what the writer of tiles keeps in memory between two batches.

For every level it holds the hashes of the last, partial tile: at most 255 × 8 hashes for any tree that fits on earth. Leaf
hashes go in, full tiles come out, in an order in which a reader never meets a tile whose parts are missing.

What it does not do: store anything. Writing tiles is the caller's work, write-once: for equal leaves the bytes are equal, so
a crash between two writes is repaired by doing it again.

Source: C2SP tlog-tiles.

>>> edge = TileEdge()
>>> [name.path for name, _ in edge.extend([bytes(32)] * 257)]
['tile/0/000']
>>> [name.path for name, _ in edge.partial_tiles()]
['tile/0/001.p/1', 'tile/1/000.p/1']
"""

from collections.abc import Sequence

from tlog.merkle import HASH_BYTES, CompactRange
from tlog.tile_names import TILE_WIDTH, TileName
from tlog.tiles import ReadTile, tile_root

Tile = tuple[TileName, bytes]
"""A tile's name and its 32 × width bytes."""


class TileEdge:
    """The partial tiles of a tree of `size` leaves; mutable, for one owner."""

    __slots__ = ("_rows", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._rows: list[list[bytes]] = []

    @classmethod
    def restore(cls, size: int, read_tile: ReadTile, leaf_hashes: Sequence[bytes]) -> "TileEdge":
        """Return the edge of a stored tree, from its full tiles and the last `size % 256` leaf hashes.

        At most 255 tiles of each level are read, all of them full: partial tiles exist only for sizes that were signed.

        Raises:
            ValueError: not that many leaf hashes, one that is not 32 bytes, or a tile that is not full.
        """
        if len(leaf_hashes) != size % TILE_WIDTH or any(len(digest) != HASH_BYTES for digest in leaf_hashes):
            raise ValueError(f"a tree of {size} leaves has {size % TILE_WIDTH} leaf hashes of 32 bytes after its last full tile")
        edge = cls()
        edge._size = size
        row, level = list(leaf_hashes), 0
        while size:
            edge._rows.append(row)
            size //= TILE_WIDTH
            row = [tile_root(read_tile(level, index, TILE_WIDTH)) for index in range(size - size % TILE_WIDTH, size)]
            level += 1
        return edge

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    def extend(self, leaf_hashes: Sequence[bytes]) -> list[Tile]:
        """Add leaf hashes in order; return the tiles that became full, lower levels first.

        Raises:
            ValueError: a hash is not 32 bytes; nothing was added.
        """
        if any(len(digest) != HASH_BYTES for digest in leaf_hashes):
            raise ValueError("a leaf hash is 32 bytes")
        full: list[Tile] = []
        arriving, before, level = list(leaf_hashes), self._size, 0
        self._size += len(arriving)
        while arriving:
            if level == len(self._rows):
                self._rows.append([])
            row = self._rows[level] + arriving
            index = before // TILE_WIDTH
            arriving = []
            for start in range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH):
                tile = b"".join(row[start : start + TILE_WIDTH])
                full.append((TileName(level, index + len(arriving), TILE_WIDTH), tile))
                arriving.append(tile_root(tile))
            self._rows[level] = row[len(arriving) * TILE_WIDTH :]
            before, level = index, level + 1
        return full

    def partial_tiles(self) -> list[Tile]:
        """Return the partial tiles of this size, lower levels first: those to write before a checkpoint of it is signed."""
        return [
            (TileName(level, (self._size >> (8 * level)) // TILE_WIDTH, len(row)), b"".join(row))
            for level, row in enumerate(self._rows)
            if row
        ]

    def compact_range(self) -> CompactRange:
        """Return the compact range of this tree, computed from the tiles' hashes."""
        hashes: list[bytes] = []
        for row in reversed(self._rows):
            tree = CompactRange()
            tree.extend(row)
            hashes.extend(tree.hashes)
        return CompactRange.restore(self._size, hashes)
