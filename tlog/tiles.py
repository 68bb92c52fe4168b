"""Proofs and roots from stored tiles: at most two tiles of each level are read, whatever the size of the tree.

A tile of 256 hashes holds, unwritten, the 255 nodes above them. They are recomputed inside that one tile; every node of
the tree is in exactly one tile, at the row that its height modulo 8 says:

    node (height 11, index 5)  is in level 1 (heights 8 to 15), row 3, tile 5 >> 5, place 5 & 31

What it does not do: find tiles. The caller gives `read_tile(level, index, width)`, which returns the 32 × width bytes of a
tile as written for that width; if a partial tile was superseded, it cuts the full one down. Nothing here says that the tiles are
right: whoever signs compares `root_from_tiles` with the root that was computed from the leaves.

Names of tiles and bundles are in `tlog.tile_names` and `tlog.bundles`, and are offered here too.

Source: RFC 6962 section 2.1 (proofs), C2SP tlog-tiles (where their hashes are stored).

>>> from tlog.merkle import leaf_hash, node_hash, verify_inclusion
>>> leaves = [leaf_hash(entry) for entry in (b"a", b"b", b"c")]
>>> def read_tile(level: int, index: int, width: int) -> bytes:
...     return b"".join(leaves[:width])
>>> root = root_from_tiles(3, read_tile)
>>> proof = inclusion_proof(1, 3, read_tile)
>>> verify_inclusion(index=1, size=3, leaf_hash=leaves[1], proof=proof, root=root) == root
True
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from threading import Lock

from tlog.bundles import encode_bundle, parse_bundle
from tlog.errors import VerificationError
from tlog.merkle import EMPTY_ROOT, HASH_BYTES, node_hash
from tlog.tile_names import (
    TILE_WIDTH,
    TileName,
    entries_path,
    names_for_growth,
    parse_entries_path,
    parse_tile_path,
    tile_path,
    tile_widths,
)

__all__ = [
    "TILE_WIDTH",
    "ReadTile",
    "TileCache",
    "TileName",
    "consistency_proof",
    "encode_bundle",
    "entries_path",
    "inclusion_proof",
    "names_for_growth",
    "parse_bundle",
    "parse_entries_path",
    "parse_tile_path",
    "root_from_tiles",
    "tile_path",
    "tile_root",
    "tile_widths",
]

ReadTile = Callable[[int, int, int], bytes]
"""`read_tile(level, index, width)` returns the 32 × width bytes of a tile."""

_TILE_HEIGHT = 8
_PAIR_BYTES = 2 * HASH_BYTES

# The rows of a tile: its hashes, then the nodes above them, each row half as long, as one string of bytes.
_Rows = list[bytes]


class TileCache:
    """The rows of the `capacity` tiles used last, about 16 KiB each; one cache serves one log and any number of threads.

    Tiles only ever grow, so a wider copy of a tile answers for every smaller tree.
    """

    def __init__(self, capacity: int = 512) -> None:
        self._capacity = capacity
        self._tiles: OrderedDict[tuple[int, int], _Rows] = OrderedDict()
        self._lock = Lock()

    def get(self, level: int, index: int, width: int) -> list[bytes] | None:
        """Return the rows of a tile if a copy of at least `width` hashes is kept."""
        with self._lock:
            rows = self._tiles.get((level, index))
            if rows is None or len(rows[0]) < width * HASH_BYTES:
                return None
            self._tiles.move_to_end((level, index))
            return rows

    def put(self, level: int, index: int, rows: list[bytes]) -> None:
        """Keep the rows of a tile, and drop the one that was not used for longest if there are too many."""
        with self._lock:
            self._tiles[level, index] = rows
            self._tiles.move_to_end((level, index))
            if len(self._tiles) > self._capacity:
                self._tiles.popitem(last=False)


def inclusion_proof(index: int, size: int, read_tile: ReadTile, *, cache: TileCache | None = None) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size` leaves (0 ≤ index < size), nearest sibling first.

    Raises:
        ValueError: the index is outside the tree.
        VerificationError: a stored tile has not its length.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    return list(_Tree(size, read_tile, cache).siblings(0, index))


def consistency_proof(old_size: int, new_size: int, read_tile: ReadTile, *, cache: TileCache | None = None) -> list[bytes]:
    """Return the proof that the tree of `new_size` leaves begins with that of `old_size`; empty for equal sizes and from 0.

    Raises:
        ValueError: not 0 ≤ old_size ≤ new_size.
        VerificationError: a stored tile has not its length.
    """
    if not 0 <= old_size <= new_size:
        raise ValueError("a tree does not shrink")
    if old_size in (0, new_size):
        return []
    # The largest complete subtree that ends at the old border; the verifier knows it when it is the whole old tree.
    height = (old_size & -old_size).bit_length() - 1
    last = (old_size - 1) >> height
    tree = _Tree(new_size, read_tile, cache)
    return ([tree.node(height, last)] if last else []) + list(tree.siblings(height, last))


def root_from_tiles(size: int, read_tile: ReadTile, *, cache: TileCache | None = None) -> bytes:
    """Return the root of the tree of `size` leaves from the last tile of each level.

    It shares no state with the compact range that grew the tree: where the two differ, nothing may be signed.

    Raises:
        VerificationError: a stored tile has not its length.
    """
    return _Tree(size, read_tile, cache).root_of_span(0, size.bit_length()) if size else EMPTY_ROOT


def tile_root(tile: bytes) -> bytes:
    """Return the root of a full tile (8,192 bytes): its hash in the level above.

    Raises:
        ValueError: the tile is not full.
    """
    if len(tile) != TILE_WIDTH * HASH_BYTES:
        raise ValueError("only a full tile has a place in the level above")
    return _rows_of(tile)[-1]


class _Tree:
    """The tree of one size, read tile by tile; each tile is read and its rows are computed once."""

    def __init__(self, size: int, read_tile: ReadTile, cache: TileCache | None) -> None:
        self._size = size
        self._read_tile = read_tile
        # Without a shared cache one of its own, wide enough that nothing is read twice: two tiles for each of eight levels.
        self._cache = TileCache(2 * _TILE_HEIGHT) if cache is None else cache

    def siblings(self, height: int, index: int) -> Iterator[bytes]:
        """Yield the siblings on the way from a complete node up to the root."""
        last = (self._size - 1) >> height
        while last:
            # SPEC: RFC 6962 2.1.1. The last node of a row has no sibling when it is a left child: it is promoted.
            if index ^ 1 <= last:
                yield self.root_of_span(index ^ 1, height)
            index, last, height = index >> 1, last >> 1, height + 1

    def root_of_span(self, index: int, height: int) -> bytes:
        """Return the root of the leaves from index × 2^height to (index + 1) × 2^height, or to the end of the tree."""
        end = min((index + 1) << height, self._size)
        count = end - (index << height)
        digest = b""
        # Complete subtrees from the right, smallest first: one for each one-bit of the number of leaves.
        for bit in range(height + 1):
            if count >> bit & 1:
                left = self.node(bit, (end >> bit) - 1)
                digest = node_hash(left, digest) if digest else left
                end -= 1 << bit
        return digest

    def node(self, height: int, index: int) -> bytes:
        """Return the root of a complete subtree of 2^height leaves."""
        level, row = divmod(height, _TILE_HEIGHT)
        above = _TILE_HEIGHT - row
        place = (index & ((1 << above) - 1)) * HASH_BYTES
        return self._rows(level, index >> above)[row][place : place + HASH_BYTES]

    def _rows(self, level: int, index: int) -> _Rows:
        width = min(TILE_WIDTH, (self._size >> (_TILE_HEIGHT * level)) - index * TILE_WIDTH)
        rows = self._cache.get(level, index, width)
        if rows is None:
            tile = self._read_tile(level, index, width)
            if len(tile) != width * HASH_BYTES:
                raise VerificationError(f"{tile_path(level, index, width)} has {len(tile)} bytes instead of {width * HASH_BYTES}")
            rows = _rows_of(tile)
            self._cache.put(level, index, rows)
        return rows


def _rows_of(tile: bytes) -> _Rows:
    rows = [tile]
    sha256 = hashlib.sha256
    while len(row := rows[-1]) >= _PAIR_BYTES:
        # Left and right lie side by side; an odd last hash has no node above it yet.
        pairs = range(0, len(row) - _PAIR_BYTES + 1, _PAIR_BYTES)
        rows.append(b"".join([sha256(b"\x01" + row[start : start + _PAIR_BYTES]).digest() for start in pairs]))
    return rows
