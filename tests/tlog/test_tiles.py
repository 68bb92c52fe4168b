"""Tiles: published names and geometry, proofs and roots read from nothing but the tiles that a log of that size has written."""
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tlog import rfc6962
from tlog.errors import VerificationError
from tlog.merkle import EMPTY_ROOT, CompactRange, verify_consistency, verify_inclusion
from tlog.tile_edge import TileEdge
from tlog.tiles import (
    TileCache,
    TileName,
    consistency_proof,
    entries_path,
    inclusion_proof,
    names_for_growth,
    parse_entries_path,
    parse_tile_path,
    root_from_tiles,
    tile_path,
    tile_root,
    tile_widths,
)

PATHS: dict[str, Any] = json.loads((Path(__file__).parent.parent / "vectors" / "paths.json").read_text())
ParsePath = Callable[[str], object]


class Store:
    """The tiles that a log has written: one name, one value, and a list of what was read."""

    def __init__(self) -> None:
        self.tiles: dict[str, bytes] = {}
        self.reads: list[TileName] = []

    def write(self, tiles: list[tuple[TileName, bytes]]) -> None:
        for name, data in tiles:
            assert self.tiles.setdefault(name.path, data) == data
            assert len(data) == 32 * name.width

    def __call__(self, level: int, index: int, width: int) -> bytes:
        self.reads.append(TileName(level, index, width))
        return self.tiles[tile_path(level, index, width)]


def stored(size: int) -> Store:
    """A log of `size` leaves that signed only this size, so that no other partial tile exists."""
    store, edge = Store(), TileEdge()
    store.write(edge.extend([rfc6962.leaf(number) for number in range(size)]))
    store.write(edge.partial_tiles())
    return store


def compact(size: int) -> CompactRange:
    tree = CompactRange()
    tree.extend(rfc6962.leaf(number) for number in range(size))
    return tree


@pytest.fixture(scope="module")
def large() -> Store:
    return stored(70_000)


@pytest.mark.parametrize(("level", "index", "width", "path"), PATHS["tile_path"])
def test_published_tile_path(level: int, index: int, width: int, path: str) -> None:
    assert tile_path(level, index, width or 256) == path
    assert parse_tile_path(path) == TileName(level, index, width or 256)


@pytest.mark.parametrize(("leaf", "size", "path"), PATHS["entries_path_for_leaf"])
def test_published_entries_path(leaf: int, size: int, path: str) -> None:
    index = leaf // 256
    width = min(256, size - 256 * index)
    assert entries_path(index, width) == path
    assert parse_entries_path(path) == (index, width)


@pytest.mark.parametrize(("level", "rest", "number", "index", "width"), PATHS["parse_ok"])
def test_published_path_that_is_read(level: str, rest: str, number: int, index: int, width: int) -> None:
    assert parse_tile_path(f"tile/{level}/{rest}") == TileName(number, index, width or 256)


@pytest.mark.parametrize(("level", "rest"), PATHS["parse_bad"])
def test_published_path_that_is_refused(level: str, rest: str) -> None:
    with pytest.raises(VerificationError):
        parse_tile_path(f"tile/{level}/{rest}")


@pytest.mark.parametrize("rest", [
    "", "/", "1", "01", "0001", "x000/001", "x000/x000/001", "X001/002", "001/002", "x001/x002", "000.p/0", "000.p/256", "000.p/01",
    "000.p/1/", "000.p/-1", "000.p/+1", "000.p/1\n", "000\n", "٠٠٠", "000.p/٣", "..", "000/../000", "%30%30%30", "000.P/1", "000.p",
    "x999/" * 7 + "999", "x009/x223/x372/x036/x854/x775/808", "x999/x999/x999/x999/x999/x999/999", "x" * 10**6,
])  # fmt: skip
@pytest.mark.parametrize(("parse", "prefix"), [(parse_tile_path, "tile/0/"), (parse_entries_path, "tile/entries/")])
def test_a_path_with_another_spelling_is_refused(parse: ParsePath, prefix: str, rest: str) -> None:
    with pytest.raises(VerificationError):
        parse(prefix + rest)


@pytest.mark.parametrize("level", ["-1", "00", "01", "64", "99", "100", "x", "", "٠"])
def test_a_tile_of_an_impossible_level_is_refused(level: str) -> None:
    with pytest.raises(VerificationError):
        parse_tile_path(f"tile/{level}/000")


@pytest.mark.parametrize(("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 2**63, 1), (0, 0, 0), (0, 0, 257)])
def test_no_path_is_made_of_numbers_out_of_range(level: int, index: int, width: int) -> None:
    with pytest.raises(ValueError, match="a tile's"):
        tile_path(level, index, width)


@given(st.integers(0, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_every_path_is_read_back(level: int, index: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, index, width)) == TileName(level, index, width)
    assert parse_entries_path(entries_path(index, width)) == (index, width)


@given(st.one_of(st.text(), st.from_regex(r"tile/[0-9e]{1,8}/(x?[0-9]{3}/)*[0-9]{3}(\.p/[0-9]+)?", fullmatch=True)))
def test_any_path_is_read_as_itself_or_refused(path: str) -> None:
    try:
        assert parse_tile_path(path).path == path
    except VerificationError:
        try:
            assert entries_path(*parse_entries_path(path)) == path
        except VerificationError:
            return


def test_published_geometry_of_a_tree() -> None:
    assert tile_widths(PATHS["tree_geometry"]["size"]) == (112, 17, 1)
    assert tile_widths(256) == (0, PATHS["tree_geometry_256"]["level1_partial"])
    assert tile_widths(0) == ()
    names = names_for_growth(0, PATHS["tree_geometry"]["size"])
    full = [sum(name.width == 256 for name in names if name.level == level) for level in range(3)]
    assert full == [PATHS["tree_geometry"]["level0_full"], PATHS["tree_geometry"]["level1_full"], 0]
    assert [name for name in names if name.width < 256] == [TileName(0, 273, 112), TileName(1, 1, 17), TileName(2, 0, 1)]


def test_growth_names_the_tiles_that_changed_and_no_others() -> None:
    assert [name.path for name in names_for_growth(256, 257)] == ["tile/0/001.p/1"]
    assert [name.path for name in names_for_growth(255, 256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert [name.path for name in names_for_growth(65535, 65536)] == ["tile/0/255", "tile/1/000", "tile/2/000.p/1"]
    assert names_for_growth(7, 7) == []
    for old, new in [(2, 1), (-1, 1)]:
        with pytest.raises(ValueError, match="shrink"):
            names_for_growth(old, new)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 513, 65_535, 65_536, 65_537])
def test_the_written_tiles_are_those_that_growth_names(size: int) -> None:
    assert sorted(stored(size).tiles) == sorted(name.path for name in names_for_growth(0, size))


@pytest.mark.parametrize("steps", [[1] * 600, [255, 1, 1], [256, 256], [300, 700, 65_000, 4000], [0, 3, 0]])
def test_the_edge_writes_the_same_tiles_however_it_grew(steps: list[int]) -> None:
    store, edge, size = Store(), TileEdge(), 0
    for step in steps:
        full = edge.extend([rfc6962.leaf(number) for number in range(size, size + step)])
        assert {name for name, _ in full} == {name for name in names_for_growth(size, size + step) if name.width == 256}
        size += step
        store.write(full)
    store.write(edge.partial_tiles())
    assert (edge.size, store.tiles) == (size, stored(size).tiles)
    assert edge.compact_range().hashes == compact(size).hashes


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600, 65_535, 65_536, 65_537, 70_000])
def test_the_edge_is_restored_from_full_tiles_and_the_last_leaves(large: Store, size: int) -> None:
    leaves = [rfc6962.leaf(number) for number in range(size - size % 256, size)]
    edge = TileEdge.restore(size, large, leaves)
    assert edge.compact_range().hashes == compact(size).hashes
    edge.extend([rfc6962.leaf(number) for number in range(size, 70_000)])
    assert all(large.tiles[name.path] == data for name, data in edge.partial_tiles())


def test_the_edge_refuses_what_is_no_hash_and_what_is_no_edge(large: Store) -> None:
    edge = TileEdge()
    with pytest.raises(ValueError, match="32 bytes"):
        edge.extend([rfc6962.leaf(0), b"short"])
    assert edge.size == 0
    for leaves in ([], [rfc6962.leaf(0)] * 2, [b"short"]):
        with pytest.raises(ValueError, match="leaf hashes of 32 bytes"):
            TileEdge.restore(257, large, leaves)
    with pytest.raises(ValueError, match="full tile"):
        tile_root(bytes(255 * 32))


@pytest.mark.parametrize("size", range(1, 129))
def test_proofs_from_tiles_are_those_of_the_rfc_for_every_leaf_and_every_pair(size: int) -> None:
    store, cache = stored(size), TileCache()
    assert root_from_tiles(size, store) == rfc6962.mth(0, size)
    for index in range(size):
        assert inclusion_proof(index, size, store, cache=cache) == rfc6962.path(index, 0, size)
    for old in range(1, size + 1):
        assert consistency_proof(old, size, store, cache=cache) == rfc6962.proof(old, size)


BORDERS = [255, 256, 257, 300, 511, 512, 513, 65_535, 65_536, 65_537, 65_792, 66_000, 70_000]


@pytest.mark.parametrize("size", BORDERS)
def test_proofs_across_tiles_read_at_most_two_tiles_of_each_level_and_only_written_ones(size: int) -> None:
    store, root = stored(size), compact(size).root()
    levels = len(tile_widths(size))
    assert root_from_tiles(size, store) == root
    for index in {0, 1, 255, size // 2, size // 3 * 2, size - 256, size - 2, size - 1} & {*range(size)}:
        store.reads.clear()
        proof = inclusion_proof(index, size, store)
        assert len(store.reads) == len({*store.reads}) <= 2 * levels
        assert verify_inclusion(index=index, size=size, leaf_hash=rfc6962.leaf(index), proof=proof, root=root) == root
    for old in {1, 2, 255, 256, 257, 65_535, 65_536, 65_537, size // 2, size - 1} & {*range(size)}:
        store.reads.clear()
        proof = consistency_proof(old, size, store)
        assert len(store.reads) <= 2 * levels
        assert verify_consistency(old_size=old, new_size=size, old_root=compact(old).root(), new_root=root, proof=proof) == root


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_proofs_from_a_large_tree_verify(large: Store, data: st.DataObject) -> None:
    root = root_from_tiles(70_000, large)
    index = data.draw(st.integers(0, 69_999))
    proof = inclusion_proof(index, 70_000, large)
    assert verify_inclusion(index=index, size=70_000, leaf_hash=rfc6962.leaf(index), proof=proof, root=root) == root
    old = data.draw(st.integers(1, 70_000))
    steps = consistency_proof(old, 70_000, large)
    assert verify_consistency(old_size=old, new_size=70_000, old_root=compact(old).root(), new_root=root, proof=steps) == root


def test_nothing_is_to_be_proven_for_equal_sizes_and_from_the_empty_tree(large: Store) -> None:
    large.reads.clear()
    assert consistency_proof(0, 70_000, large) == consistency_proof(70_000, 70_000, large) == []
    assert root_from_tiles(0, large) == EMPTY_ROOT
    assert large.reads == []


def test_proofs_for_what_is_outside_the_tree_are_not_made(large: Store) -> None:
    for index, size in [(5, 5), (-1, 5), (0, 0)]:
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_proof(index, size, large)
    for old, new in [(6, 5), (-1, 5)]:
        with pytest.raises(ValueError, match="shrink"):
            consistency_proof(old, new, large)


@pytest.mark.parametrize("damage", [lambda tile: tile[:-1], lambda tile: tile + bytes(32), lambda _: b""])
def test_a_stored_tile_of_another_length_is_refused(damage: Callable[[bytes], bytes]) -> None:
    store = stored(300)
    with pytest.raises(VerificationError, match="bytes instead of"):
        inclusion_proof(7, 300, lambda level, index, width: damage(store(level, index, width)))


def test_a_damaged_tile_never_gives_a_proof_that_verifies() -> None:
    store, root = stored(300), compact(300).root()
    tile = store.tiles["tile/0/000"]
    store.tiles["tile/0/000"] = tile[:40] + bytes([tile[40] ^ 1]) + tile[41:]
    for index in {*range(300)} - {1}:
        proof = inclusion_proof(index, 300, store)
        touched = index < 256
        try:
            verify_inclusion(index=index, size=300, leaf_hash=rfc6962.leaf(index), proof=proof, root=root)
        except VerificationError:
            assert touched
        else:
            assert not touched


def test_a_cache_keeps_the_tiles_used_last_and_no_more() -> None:
    store, cache = stored(1024), TileCache(capacity=3)
    for index in (0, 256, 0, 512):
        inclusion_proof(index, 1024, store, cache=cache)
    store.reads.clear()
    inclusion_proof(0, 1024, store, cache=cache)
    assert store.reads == []
    inclusion_proof(256, 1024, store, cache=cache)
    assert store.reads == [TileName(0, 1, 256)]


def test_a_cached_tile_serves_smaller_trees_and_is_read_again_for_larger_ones() -> None:
    cache, small, big = TileCache(), stored(130), stored(200)
    assert inclusion_proof(3, 130, small, cache=cache) == rfc6962.path(3, 0, 130)
    assert inclusion_proof(3, 200, big, cache=cache) == rfc6962.path(3, 0, 200)
    assert big.reads == [TileName(0, 0, 200)]
    small.reads.clear()
    assert [inclusion_proof(i, 130, small, cache=cache) for i in range(130)] == [rfc6962.path(i, 0, 130) for i in range(130)]
    assert small.reads == []
