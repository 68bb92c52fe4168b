"""Where the log's public bytes lie: tiles and entry bundles under their C2SP paths, and the copy of the published checkpoint.

    tile/<level>/<index>[.p/<width>]   tile/entries/<index>[.p/<width>]   published/<size>   closing.json

Everything is written once through the ObjectStore. A reader of a partial tile takes the full one when the partial was
collected. What this does not do: decide what is written (`ledger/sequencer/`). Source: C2SP tlog-tiles.
"""
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from common.object_store import ObjectStore
from common.stores import store_at
from tlog.merkle import HASH_BYTES
from tlog.tiles import TILE_WIDTH, ReadTile, TileCache, entries_path, parse_bundle, tile_path

PUBLISHED = "published/"
CLOSING_COPY = "closing.json"


def log_store() -> ObjectStore:
    """Where the log's public bytes lie, by the settings."""
    return store_at(settings.LOG_STORE, Path(settings.VAR_DIR) / "log")


def tile_cache() -> TileCache:
    """The tiles that proofs used last, 16 KiB each, shared by the threads of this process: the upper levels stay hot."""
    return _cache(Path(settings.VAR_DIR))


@lru_cache(maxsize=2)
def _cache(_var: Path) -> TileCache:
    return TileCache(512)


def read_object(store: ObjectStore, name: str) -> bytes:
    """The whole object. Raises FileNotFoundError, OSError."""
    with store.open(name) as file:
        return file.read()


def tile_reader(store: ObjectStore) -> ReadTile:
    """`read_tile(level, index, width)`: the first `width` hashes of a tile. Raises FileNotFoundError, OSError."""

    def read_tile(level: int, index: int, width: int) -> bytes:
        return _narrow_or_full(store, width, lambda written: tile_path(level, index, written))[: width * HASH_BYTES]

    return read_tile


def read_entries(store: ObjectStore, index: int, width: int) -> list[bytes]:
    """The first `width` entries of a bundle. Raises FileNotFoundError, OSError, VerificationError when it is malformed."""
    return parse_bundle(_narrow_or_full(store, width, lambda written: entries_path(index, written)))[:width]


def _narrow_or_full(store: ObjectStore, width: int, name: Callable[[int], str]) -> bytes:
    # SPEC: tlog-tiles: a partial tile may be deleted once the full one exists; readers fall back to the full one.
    if width < TILE_WIDTH:
        try:
            return read_object(store, name(width))
        except FileNotFoundError:
            pass
    return read_object(store, name(TILE_WIDTH))


def published_sizes(store: ObjectStore) -> list[int]:
    """The sizes of the published copies in storage, ascending; normally one, two after a crash."""
    names = [name.removeprefix(PUBLISHED) for name in store.list(PUBLISHED)]
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())
