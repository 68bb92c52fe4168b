"""Proofs: made from stored tiles at ten thousand and ten million entries, against pymerkle, and verified against bare SHA-256."""
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pymerkle import SqliteTree

from bench.figures import PAIRS, Figure, percentile, rates_in_turn, ratio
from bench.loops import node_hashes
from common.object_store import FileObjectStore
from ledger.storage import tile_reader
from tlog.merkle import node_hash, verify_inclusion
from tlog.tiles import TileCache, inclusion_proof, root_from_tiles, tile_path

PROOFS = 2000
SMALL = 10_000


class StoredTree:
    """A tree of random leaves as tiles in a folder, written without fsync; only its hashes matter here."""

    def __init__(self, folder: Path, size: int) -> None:
        self.size, self.folder = size, folder
        level, below = 0, size
        roots: list[bytes] = []
        while below:
            roots = self._write_level(level, below, roots)
            level, below = level + 1, below // 256
        self.read_tile = tile_reader(FileObjectStore(folder))
        self.cache = TileCache(512)

    def _write_level(self, level: int, width: int, hashes: list[bytes]) -> list[bytes]:
        """Write one level's tiles; the roots of the full ones are the next level."""
        roots = []
        for index in range(-(-width // 256)):
            count = min(256, width - 256 * index)
            tile = hashes[256 * index:256 * index + count] if level else _random_hashes(count)
            path = self.folder / tile_path(level, index, count)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(tile))
            if count == 256:
                roots.append(_root(tile))
        return roots

    def prove(self, index: int, *, hot: bool = True) -> list[bytes]:
        """A proof; `hot` keeps the interior nodes of the tiles that were used last."""
        return inclusion_proof(index, self.size, self.read_tile, cache=self.cache if hot else TileCache(8))


def _random_hashes(count: int) -> list[bytes]:
    data = os.urandom(32 * count)
    return [data[at:at + 32] for at in range(0, len(data), 32)]


def _root(tile: list[bytes]) -> bytes:
    while len(tile) > 1:
        tile = [node_hash(left, right) for left, right in zip(tile[::2], tile[1::2], strict=True)]
    return tile[0]


def proof_figures(large: int) -> Iterator[Figure]:
    """Made at `large` entries against ten thousand; and against pymerkle at a tenth of `large`."""
    with tempfile.TemporaryDirectory(prefix="cunzheng-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
        big, small = StoredTree(Path(folder, "big"), large), StoredTree(Path(folder, "small"), SMALL)
        yield from _size_figures(big, small)
        yield _verification_figure(StoredTree(Path(folder, "million"), 1_000_000))
        yield _pymerkle_figure(Path(folder), large // 10)


def _size_figures(big: StoredTree, small: StoredTree) -> Iterator[Figure]:
    dice = random.Random(1)
    times: dict[bool, list[float]] = {True: [], False: []}

    def prove(tree: StoredTree, *, hot: bool = False) -> Callable[[], int]:
        def some() -> int:
            for _ in range(PROOFS):
                index = dice.randrange(tree.size)
                began = time.perf_counter()
                tree.prove(index, hot=hot)
                if tree is big:
                    times[hot].append(time.perf_counter() - began)
            return PROOFS

        return some

    rates = rates_in_turn(prove(big), prove(small), prove(big, hot=True))
    slower = 1 / ratio(rates[0], rates[1])
    cold, hot = (percentile(times[kept], 0.5) * 1000 for kept in (False, True))
    name = f"inclusion proof at {big.size:,} entries"
    yield Figure(f"{name}, nothing kept", "at ten thousand", 5, "", slower, f"{slower:.1f} × as long", at_most=True)
    yield Figure(f"{name}, nothing kept, p50", "–", 2, "", cold, f"{cold:.2f} ms", at_most=True)
    yield Figure(f"{name}, hot interior nodes kept, p50", "–", 2, "0.3 ms", hot, f"{hot:.2f} ms", at_most=True)


def _verification_figure(tree: StoredTree) -> Figure:
    dice = random.Random(2)
    root = root_from_tiles(tree.size, tree.read_tile)
    indices = [dice.randrange(tree.size) for _ in range(200)]
    proofs = [(index, tree.read_tile(0, index // 256, min(256, tree.size - index // 256 * 256)), tree.prove(index)) for index in indices]
    ready = [(index, tile[index % 256 * 32:index % 256 * 32 + 32], proof) for index, tile, proof in proofs]

    def verify() -> int:
        for _ in range(20):
            for index, leaf, proof in ready:
                verify_inclusion(index=index, size=tree.size, leaf_hash=leaf, proof=proof, root=root)
        return 20 * len(ready)

    ours, bare = rates_in_turn(verify, lambda: node_hashes(200_000, bytes(65)))
    value = statistics.median(ours)
    shown = f"{value:,.0f}/s ({ratio(ours, bare) * 20:.2f} of its 20 bare hashes)"
    return Figure("proof verification, tree of 1 million", "bare SHA-256 calls of 65 bytes", 30_000, "60,000/s", value, shown)


def _pymerkle_figure(folder: Path, size: int) -> Figure:
    """pymerkle 7 keeps its tree in SQLite and walks it; its tree is filled once, and few proofs are enough to see."""
    theirs = SqliteTree(str(folder / "pymerkle.db"))
    theirs.append_entries((number.to_bytes(8, "big") for number in range(size)), chunksize=100_000)
    ours = StoredTree(folder / "ours", size)
    dice = random.Random(3)

    def prove_theirs() -> int:
        theirs.prove_inclusion(dice.randrange(size) + 1)
        return 1

    def prove_ours() -> int:
        for _ in range(500):
            ours.prove(dice.randrange(size))
        return 500

    rates = rates_in_turn(prove_ours, prove_theirs, pairs=PAIRS)
    value = ratio(*rates)
    return Figure(f"inclusion proof at {size:,} entries", "pymerkle 7 on SQLite", 100, "1,000 ×", value, f"{value:,.0f} ×")


