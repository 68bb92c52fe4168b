"""Two histories: the index at which they part is found from a few tiles, and what is returned always proves the fork."""
import pytest

from tlog.checkpoint import format_checkpoint
from tlog.divergence import History, first_difference, prove_fork
from tlog.errors import VerificationError
from tlog.fork import Fork, verify_fork
from tlog.merkle import leaf_hash, root_hash
from tlog.note import Signer, sign_note
from tlog.proof import parse_proof
from tlog.tile_edge import TileEdge
from tlog.tiles import ReadTile

LOG = Signer.from_seed("example.com/log", b"l" * 32)
KEYS = [LOG.verifier]


class Tree:
    """A tree with the tiles that its size has and no others; `read` counts the tiles asked for."""

    def __init__(self, entries: list[bytes]) -> None:
        self.leaves = [leaf_hash(entry) for entry in entries]
        edge = TileEdge()
        tiles = [*edge.extend(self.leaves), *edge.partial_tiles()]
        self.tiles = {(name.level, name.index, name.width): data for name, data in tiles}
        self.asked: set[tuple[int, int, int]] = set()

    def read(self, level: int, index: int, width: int) -> bytes:
        self.asked.add((level, index, width))
        return self.tiles[level, index, width]

    @property
    def history(self) -> History:
        text = format_checkpoint(origin="example.com/log", size=len(self.leaves), root=root_hash(self.leaves))
        return History(sign_note(text, [LOG]), self.read)


def entries(count: int, *, other_at: int | None = None) -> list[bytes]:
    """Entries of which one, and all after it, are of another history."""
    return [b"%s %d" % (b"other" if other_at is not None and number >= other_at else b"entry", number) for number in range(count)]


def cut(tree: Tree) -> ReadTile:
    """Any width of any tile, as of a tree that grew on."""

    def read(level: int, index: int, width: int) -> bytes:
        return next(data for (at, place, _), data in tree.tiles.items() if (at, place) == (level, index))[:width * 32]

    return read


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 255, 256, 257, 511, 512, 513, 700])
def test_the_first_difference_is_found_at_every_place_of_every_size(size: int) -> None:
    one = cut(Tree(entries(900)))
    assert first_difference(size, one, one) is None
    for place in sorted({0, 1, 2, 254, 255, 256, 257, 510, 511, 512, size - 2, size - 1, size}):
        if 0 <= place <= size:
            other = cut(Tree(entries(900, other_at=place)))
            assert first_difference(size, one, other) == (place if place < size else None)


def test_three_levels_are_compared_by_a_tile_of_each() -> None:
    size = 256 * 256 + 300
    one, other = Tree(entries(size)), Tree(entries(size + 7, other_at=40_000))
    a, b = prove_fork(one.history, other.history, log_verifiers=KEYS)
    assert (parse_proof(a).index, parse_proof(b).index) == (40_000, 40_000)
    assert verify_fork(a, b, log_verifiers=KEYS) == Fork.SAME_INDEX
    assert len(one.asked | other.asked) <= 12
    late = Tree(entries(size + 7, other_at=size - 1))
    assert parse_proof(prove_fork(one.history, late.history, log_verifiers=KEYS)[0]).index == size - 1


@pytest.mark.parametrize(("size", "other_size", "at"), [(1, 2, 0), (5, 8, 3), (8, 5, 0), (300, 256, 255), (256, 700, 100), (600, 257, 256)])
def test_different_sizes_are_proven_by_one_index_with_two_leaves(size: int, other_size: int, at: int) -> None:
    one, other = Tree(entries(size)).history, Tree(entries(other_size, other_at=at)).history
    assert verify_fork(*prove_fork(one, other, log_verifiers=KEYS), log_verifiers=KEYS) == Fork.SAME_INDEX


def test_one_size_is_proven_by_the_two_notes_without_any_tile() -> None:
    one, other = Tree(entries(5)), Tree(entries(5, other_at=2))
    assert prove_fork(one.history, other.history, log_verifiers=KEYS) == (one.history.note, other.history.note)
    assert not one.asked | other.asked


@pytest.mark.parametrize("other_size", [5, 9, 300])
def test_one_history_proves_nothing(other_size: int) -> None:
    with pytest.raises(VerificationError, match="equal as far as the smaller tree goes"):
        prove_fork(Tree(entries(5)).history, Tree(entries(other_size)).history, log_verifiers=KEYS)


def test_tiles_of_a_third_history_prove_nothing() -> None:
    """The log's own tiles stand at its public address: what they are held against must be what was signed."""
    signed, third = Tree(entries(8, other_at=3)).history, Tree(entries(8, other_at=2))
    with pytest.raises(VerificationError, match="inclusion"):
        prove_fork(Tree(entries(5)).history, History(signed.note, third.read), log_verifiers=KEYS)


def test_tiles_that_contradict_each_other_are_refused() -> None:
    one, other = Tree(entries(300)), Tree(entries(301, other_at=300))
    other.tiles[1, 0, 1] = b"x" * 32
    with pytest.raises(VerificationError, match="two tiles of level 0 are equal, and their roots are not"):
        prove_fork(one.history, other.history, log_verifiers=KEYS)


def test_a_tile_that_is_too_short_is_refused() -> None:
    one, other = Tree(entries(5)), Tree(entries(6, other_at=4))
    other.tiles[0, 0, 6] = b"x" * 31
    with pytest.raises(VerificationError, match="too short"):
        prove_fork(one.history, other.history, log_verifiers=KEYS)


def test_a_note_of_another_key_is_refused() -> None:
    one, other = Tree(entries(5)).history, Tree(entries(6, other_at=4)).history
    with pytest.raises(VerificationError):
        prove_fork(one, other, log_verifiers=[Signer.from_seed("example.com/log", b"x" * 32).verifier])
