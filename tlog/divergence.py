"""Where two histories of one log part, and the two statements that prove it: made from tiles, for `tlog.fork` to verify.

Two checkpoints of one size with different roots are the proof themselves. Of different sizes they prove nothing, but one index with
two leaves does, and the tiles of both sides say which: from the top level down one tile of each side is compared on every level,
so that a tree of any size costs a handful of tiles.

What it does not do: fetch tiles or trust them. A tile that lies makes a proof that does not verify, and `prove_fork` returns
nothing that `tlog.fork.verify_fork` does not accept.

Source: formats of this project, part C (`tlog.fork`); C2SP tlog-tiles, tlog-proof.

>>> from tlog.checkpoint import format_checkpoint
>>> from tlog.fork import verify_fork
>>> from tlog.merkle import leaf_hash, root_hash
>>> from tlog.note import Signer, sign_note
>>> log = Signer.from_seed("example.com/log", bytes(32))
>>> def history(*entries: bytes) -> History:
...     leaves = [leaf_hash(entry) for entry in entries]
...     text = format_checkpoint(origin="example.com/log", size=len(leaves), root=root_hash(leaves))
...     return History(sign_note(text, [log]), lambda level, index, width: b"".join(leaves)[: 32 * width])
>>> one, other = history(b"a", b"b"), history(b"a", b"x", b"c")
>>> str(verify_fork(*prove_fork(one, other, log_verifiers=[log.verifier]), log_verifiers=[log.verifier]))
'same index, different leaves'
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tlog.checkpoint import Checkpoint, parse_checkpoint
from tlog.errors import VerificationError
from tlog.fork import verify_fork
from tlog.merkle import HASH_BYTES
from tlog.note import Verifier, open_note
from tlog.proof import format_proof
from tlog.tile_names import TILE_WIDTH
from tlog.tiles import ReadTile, TileCache, inclusion_proof

_TILE_HEIGHT = 8


@dataclass(frozen=True, slots=True)
class History:
    """One side: its signed checkpoint, and `read_tile` of the tree of that checkpoint's size (`tlog.tiles.ReadTile`)."""

    note: bytes
    read_tile: ReadTile


def prove_fork(one: History, other: History, *, log_verifiers: Iterable[Verifier]) -> tuple[bytes, bytes]:
    """Return two statements that `verify_fork` accepts: the notes, or a tlog-proof of each side with its leaf hash as `extra`.

    Raises:
        VerificationError: a note is not the log's, the tiles lead to no contradiction, or not to the signed roots; and whatever
            `read_tile` raises.
    """
    verifiers = tuple(log_verifiers)
    points = [_checkpoint(side.note, verifiers) for side in (one, other)]
    if points[0].size == points[1].size and points[0].root != points[1].root:
        pair = one.note, other.note
    else:
        reads = [in_tree_of(point.size, side.read_tile) for point, side in zip(points, (one, other), strict=True)]
        index = first_difference(min(point.size for point in points), *reads)
        if index is None:
            raise VerificationError("the tiles of both are equal as far as the smaller tree goes")
        a, b = (_proven(index, point.size, read, side.note) for point, read, side in zip(points, reads, (one, other), strict=True))
        pair = a, b
    verify_fork(*pair, log_verifiers=verifiers)
    return pair


def first_difference(size: int, one: ReadTile, other: ReadTile) -> int | None:
    """Return the first index below `size` (≥ 0) whose leaves differ, by the tiles of two trees of at least that size; None for none.

    Raises:
        VerificationError: a tile of a higher level differs and those below it do not, or a tile is too short.
    """
    found = False
    begin = 0
    for level in reversed(range(-(-size.bit_length() // _TILE_HEIGHT))):
        # Below a hash that differs its whole tile is compared, else what is right of the last hash of the level above.
        end = begin + TILE_WIDTH if found else size >> (_TILE_HEIGHT * level)
        place = _first_in_tile(level, begin, end, one, other)
        if place is None and found:
            raise VerificationError(f"two tiles of level {level} are equal, and their roots are not")
        found = place is not None
        begin = TILE_WIDTH * (end if place is None else place)
    return begin // TILE_WIDTH if found else None


def in_tree_of(size: int, read_tile: ReadTile) -> ReadTile:
    """Return a reader that asks for the tiles that the tree of `size` has, and cuts them: nobody has to serve the widths of other trees."""

    def read(level: int, index: int, width: int) -> bytes:
        whole = min(TILE_WIDTH, (size >> (_TILE_HEIGHT * level)) - index * TILE_WIDTH)
        return read_tile(level, index, whole)[: width * HASH_BYTES]

    return read


def _first_in_tile(level: int, begin: int, end: int, one: ReadTile, other: ReadTile) -> int | None:
    """The first hash of a level from `begin` to `end` that differs; all of them are in one tile."""
    if begin == end:
        return None
    index, width = begin // TILE_WIDTH, end - begin
    tiles = [read(level, index, width) for read in (one, other)]
    if any(len(tile) != width * HASH_BYTES for tile in tiles):
        raise VerificationError(f"a tile of level {level} is too short")
    places = range(0, width * HASH_BYTES, HASH_BYTES)
    return next((begin + at // HASH_BYTES for at in places if tiles[0][at : at + HASH_BYTES] != tiles[1][at : at + HASH_BYTES]), None)


def _checkpoint(note: bytes, verifiers: tuple[Verifier, ...]) -> Checkpoint:
    return parse_checkpoint(open_note(note, verifiers).text)


def _proven(index: int, size: int, read: ReadTile, note: bytes) -> bytes:
    leaf = read(0, index // TILE_WIDTH, index % TILE_WIDTH + 1)[-HASH_BYTES:]
    return format_proof(index=index, hashes=inclusion_proof(index, size, read, cache=TileCache()), checkpoint=note, extra=leaf)
