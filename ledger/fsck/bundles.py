"""The fast examination: entry bundles in storage against the newest published checkpoint, without the database's entries.

What an outside auditor does with the public files. It answers "do the stored entries lead to the root that was signed",
and names the first tile that differs.
"""
from collections.abc import Iterator

from ledger.fsck.finding import Finding
from ledger.policies import log_verifiers
from ledger.selectors import published_note
from ledger.storage import log_store, read_entries, tile_reader
from tlog.checkpoint import parse_checkpoint
from tlog.errors import VerificationError
from tlog.merkle import CompactRange, leaf_hash
from tlog.note import open_note
from tlog.tiles import TILE_WIDTH, entries_path, tile_path


def examine_bundles() -> Iterator[Finding]:
    """Findings in bundles, level-0 tiles, root and signature of the newest published checkpoint; nothing when all is well."""
    note = published_note()
    if note is None:
        return
    try:
        checkpoint = parse_checkpoint(open_note(note, log_verifiers()).text)
    except VerificationError as wrong:
        yield Finding("ledger_publishedcheckpoint", str(wrong))
        return
    tree = CompactRange()
    yield from _bundles(tree, checkpoint.size)
    if tree.size == checkpoint.size and tree.root() != checkpoint.root:
        yield Finding(f"ledger_publishedcheckpoint of size {checkpoint.size}", "the root is not that of the stored entries")


def _bundles(tree: CompactRange, size: int) -> Iterator[Finding]:
    store = log_store()
    read_tile = tile_reader(store)
    for index in range(-(-size // TILE_WIDTH)):
        width = min(TILE_WIDTH, size - index * TILE_WIDTH)
        try:
            leaves = list(map(leaf_hash, read_entries(store, index, width)))
            same = b"".join(leaves) == read_tile(0, index, width)
        except FileNotFoundError as absent:
            yield Finding(entries_path(index, width), f"an object is missing ({absent.filename})")
            return
        except VerificationError as malformed:
            yield Finding(entries_path(index, width), str(malformed))
            return
        if not same:
            yield Finding(tile_path(0, index, width), "the tile is not that of the stored entries")
        tree.extend(leaves)
