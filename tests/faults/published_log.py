"""The published log as a stranger reads it: over HTTP, through `/log/` alone, every byte held against the signed root."""
import urllib.request
from dataclasses import dataclass

from tlog.bundles import parse_bundle
from tlog.checkpoint import parse_checkpoint
from tlog.merkle import HASH_BYTES, leaf_hash, root_hash
from tlog.note import open_note
from tlog.tiles import TILE_WIDTH, entries_path, root_from_tiles, tile_path
from tlog.verifier import Verifier


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """Leaf hashes in order, all below one verified root."""

    size: int
    leaves: tuple[bytes, ...]


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        data: bytes = answer.read()
    return data


def published_size(url: str) -> int:
    """The size that `/log/checkpoint` states; 0 while there is none or nobody answers."""
    try:
        return parse_checkpoint(fetch(f"{url}/log/checkpoint").decode().partition("\n\n")[0] + "\n").size
    except OSError:
        return 0


def read_log(url: str, vkey: str) -> PublishedLog:
    """Everything below the newest checkpoint. Raises VerificationError, or URLError for a tile that is not there."""
    note = open_note(fetch(f"{url}/log/checkpoint"), [Verifier.from_vkey(vkey)])
    checkpoint = parse_checkpoint(note.text)

    def read_tile(level: int, index: int, width: int) -> bytes:
        return fetch(f"{url}/log/{tile_path(level, index, width)}")

    leaves: list[bytes] = []
    while len(leaves) < checkpoint.size:
        index, width = len(leaves) // TILE_WIDTH, min(TILE_WIDTH, checkpoint.size - len(leaves))
        hashes = [leaf_hash(entry) for entry in parse_bundle(fetch(f"{url}/log/{entries_path(index, width)}"), width)]
        tile = read_tile(0, index, width)
        assert b"".join(hashes) == tile[:width * HASH_BYTES], f"bundle {index} is not what tile {index} hashes"
        leaves += hashes
    assert root_hash(leaves) == checkpoint.root, "the entries do not lead to the signed root"
    assert root_from_tiles(checkpoint.size, read_tile) == checkpoint.root, "the tiles do not lead to the signed root"
    return PublishedLog(checkpoint.size, tuple(leaves))
