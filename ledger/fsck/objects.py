"""Every object in the log's storage is one that the log wrote: no strange name, nothing beyond the log, no odd partial tile.

The walk over the entries looks at what must be there; this looks at what is there. A partial tile of a size that was
never signed is left by a crash and is harmless, if its hashes are those of the full tile.
"""
from collections.abc import Iterator, Mapping

from ledger.closing_copy import closing_copy
from ledger.fsck.finding import Finding
from ledger.fsck.snapshot import Examined
from ledger.models import LogState
from ledger.storage import CLOSING_COPY, PUBLISHED, read_entries, read_object, tile_reader
from tlog.errors import VerificationError
from tlog.merkle import HASH_BYTES, leaf_hash
from tlog.tile_edge import TileEdge
from tlog.tiles import TILE_WIDTH, TileName, parse_entries_path, parse_tile_path

Partials = Mapping[tuple[int, int], bytes]


def examine_objects(examined: Examined, edge: TileEdge, now: LogState) -> Iterator[Finding]:
    """`edge` is that of the examined tree; `now` the state after it: a log that grew meanwhile has written more."""
    partials = {(name.level, name.index): data for name, data in edge.partial_tiles()}
    for path in sorted(examined.store.list("")):
        if path.startswith(PUBLISHED):
            continue
        if path == CLOSING_COPY:
            yield from _closing_copy(examined, now)
            continue
        try:
            name, is_bundle = _parse(path)
        except VerificationError:
            yield Finding(path, "no object of the log has this name")
            continue
        end = (name.index * TILE_WIDTH + name.width) * TILE_WIDTH**name.level
        if end > edge.size:
            if end > now.size or now.size == edge.size:
                yield Finding(path, "the object lies beyond the log")
        elif name.width < TILE_WIDTH:
            yield from _partial(examined, path, name, partials, is_bundle=is_bundle)


def _closing_copy(examined: Examined, now: LogState) -> Iterator[Finding]:
    if now.closing_at is None:
        yield Finding(CLOSING_COPY, "it says that the log is closed, and the database does not know")
    elif read_object(examined.store, CLOSING_COPY) != closing_copy():
        yield Finding(CLOSING_COPY, "the copy is not what the log said when it closed")


def _parse(path: str) -> tuple[TileName, bool]:
    if path.startswith("tile/entries/"):
        return TileName(0, *parse_entries_path(path)), True
    return parse_tile_path(path), False


def _partial(examined: Examined, path: str, name: TileName, partials: Partials, *, is_bundle: bool) -> Iterator[Finding]:
    try:
        whole = partials.get((name.level, name.index)) or tile_reader(examined.store)(name.level, name.index, TILE_WIDTH)
        wanted = whole[:name.width * HASH_BYTES]
        if is_bundle:
            found = b"".join(map(leaf_hash, read_entries(examined.store, name.index, name.width)))
        else:
            found = read_object(examined.store, path)
    except FileNotFoundError:
        return  # collected since it was listed, or its full tile is missing, which the walk has said
    except VerificationError as malformed:
        yield Finding(path, str(malformed))
        return
    if found != wanted:
        yield Finding(path, "the stored bytes are not those of the entries")
