"""Proofs for records, made from stored tiles: at most two tiles of each level are read, no table is scanned.

A record's proof is made against the first stamped checkpoint that covers it, so it never changes (formats A5).
"""
from dataclasses import dataclass
from datetime import datetime

from ledger.errors import RecordNotPublished
from ledger.selectors import Stamp, covering_checkpoint
from ledger.storage import log_store, tile_cache, tile_reader
from tlog import tiles
from tlog.proof import format_proof


@dataclass(frozen=True, slots=True)
class RecordProof:
    """A tlog-proof, the checkpoint it leads to (size, whole note) and that checkpoint's stamps, () while it has none."""

    proof: bytes
    size: int
    note: bytes
    stamps: tuple[Stamp, ...]
    published_at: datetime


def record_proof(index: int) -> RecordProof:
    """The proof of the entry at `index` (≥ 0). Raises RecordNotPublished while no published checkpoint covers it, OSError."""
    covering = covering_checkpoint(index)
    if covering is None:
        raise RecordNotPublished(retry_after_s=1)
    hashes = inclusion_proof(index, covering.size)
    proof = format_proof(index=index, hashes=hashes, checkpoint=covering.note)
    return RecordProof(proof, covering.size, covering.note, covering.stamps, covering.published_at)


def inclusion_proof(index: int, size: int) -> list[bytes]:
    """The siblings of leaf `index` in the tree of `size` leaves, nearest first (0 ≤ index < size, a checkpointed size)."""
    return tiles.inclusion_proof(index, size, tile_reader(log_store()), cache=tile_cache())


def consistency_proof(old_size: int, new_size: int) -> list[bytes]:
    """The proof that the tree of `new_size` leaves (a checkpointed size) begins with that of `old_size`."""
    return tiles.consistency_proof(old_size, new_size, tile_reader(log_store()), cache=tile_cache())
