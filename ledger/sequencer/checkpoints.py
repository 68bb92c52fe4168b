"""Steps 4 and 6: sign the applied tree, publish the checkpoint.

The signature comes last of all: before it the partial tiles of this size are durable, and the root is computed once more
from what a reader will fetch. Two sequencers at the same size sign the same text; one that was stopped at an older size
finds the state moved, and keeps its note to itself. Every key of the log signs that is in force at that moment: two while it changes them.
"""
from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from common.failpoints import reached
from common.object_store import ObjectStore
from ledger.keys import LogSigner
from ledger.models import Checkpoint, LogState, PublishedCheckpoint
from ledger.policies import log_keys_at, log_verifiers
from ledger.sequencer.memory import Clock, Memory
from ledger.sequencer.refusals import LeafMismatch, LostRace, OtherHistory, RootMismatch
from ledger.sequencer.rows import placed_entries
from ledger.sequencer.tiles import Object, bundle_object, write_objects
from ledger.storage import PUBLISHED, published_sizes, read_entries, tile_reader
from tlog.checkpoint import format_checkpoint
from tlog.errors import VerificationError
from tlog.merkle import HASH_BYTES, leaf_hash
from tlog.note import format_note, open_note, sign_note, split_note
from tlog.tiles import TILE_WIDTH, names_for_growth, root_from_tiles, tile_path, tile_root


def sign_checkpoint(memory: Memory, store: ObjectStore, signer: LogSigner, clock: Clock) -> Checkpoint:
    """Sign (applied size, root) and keep the row; the row that is there already when this size was signed before.

    The row keeps what was signed first; the `note` of what is returned has the lines of the keys of today, too.

    Raises LostRace, RootMismatch, LeafMismatch, OtherHistory, ClockBehind, KeyMissing; ObjectConflictError; OSError, DatabaseError.
    """
    assert memory.applied_size == memory.size > 0
    write_objects(store, partial_objects(memory), "ledger.partial")
    verify_stored(memory, store)
    signed_at = memory.moment(clock)
    signers = signer.signers([key.vkey for key in log_keys_at(signed_at)])
    note = sign_note(format_checkpoint(origin=memory.origin, size=memory.size, root=memory.root), signers)
    reached("ledger.checkpoint-signed")
    with transaction.atomic():
        # The update changes nothing and takes the row's lock: no older size is ever signed after a newer one.
        held = LogState.objects.filter(pk=1, applied_size=memory.size, root=memory.root, frozen_at=None).update(applied_size=memory.size)
        if held != 1:
            raise LostRace(f"the tiles are no longer at size {memory.size}")
        checkpoint = Checkpoint.objects.filter(size=memory.size).first()
        if checkpoint is None:
            checkpoint = Checkpoint(size=memory.size, root=memory.root, note=note, signed_at=signed_at)
            checkpoint.save()
        else:
            checkpoint.note = with_signatures(bytes(checkpoint.note), note, memory.size)
        reached("ledger.checkpoint-inserted")
    reached("ledger.checkpoint-kept")
    return checkpoint


def with_signatures(kept: bytes, fresh: bytes, size: int) -> bytes:
    """The note that was kept for this size with the signatures of the fresh one added. Raises OtherHistory unless they say the same."""
    # SPEC: tlog-checkpoint: a log must never sign two inconsistent checkpoints.
    try:
        text = open_note(kept, log_verifiers()).text
    except VerificationError as damaged:
        raise OtherHistory(size=size) from damaged
    if text != split_note(fresh)[0]:
        raise OtherHistory(size=size)
    return format_note(text, dict.fromkeys(line.text for line in (*split_note(kept)[1], *split_note(fresh)[1])))


def publish_checkpoint(
    memory: Memory, checkpoint: Checkpoint, note: bytes, store: ObjectStore, clock: Clock, *, before: datetime | None = None
) -> bool:
    """Publish by compare-and-swap on the published size, then write the copy that start-up reads. Raises LostRace, OSError.

    `note` is the signed checkpoint with the cosignatures that it has. False, and nothing is published, when the moment is not `before`
    that one (None: any will do): its cosignatures are then those of a policy that has ended.
    """
    published_at = memory.moment(clock)
    if before is not None and published_at >= before:
        return False
    with transaction.atomic():
        moved = LogState.objects.filter(pk=1, published_size=memory.published_size).update(published_size=checkpoint.size)
        if moved != 1:
            raise LostRace(f"the published size is no longer {memory.published_size}")
        reached("ledger.published-moved")
        PublishedCheckpoint(
            checkpoint=checkpoint, size=checkpoint.size, previous_size=memory.published_size, note=note, published_at=published_at,
        ).save()
        reached("ledger.published-inserted")
    memory.published_size = checkpoint.size
    reached("ledger.published")
    write_copy(store, checkpoint.size, note)
    return True


def write_copy(store: ObjectStore, size: int, note: bytes) -> None:
    """The copy of the published checkpoint in storage, under a name of its own; older ones go afterwards."""
    store.put_new(f"{PUBLISHED}{size}", [note])
    reached("ledger.copy-written")
    for old in published_sizes(store):
        if old < size:
            store.delete(f"{PUBLISHED}{old}")
    reached("ledger.old-copies-deleted")


def partial_objects(memory: Memory) -> Iterator[Object]:
    """Names and bytes of the partial tiles, and the partial bundle, of the applied size."""
    for name, tile in memory.applied.partial_tiles():
        if name.level == 0:
            yield bundle_object(name.index, placed_entries(name.index * TILE_WIDTH, memory.applied_size))
        yield name.path, tile


def verify_stored(memory: Memory, store: ObjectStore) -> None:
    """The third path: read back what storage holds since the last verified size, from the entries up to the root.

    Raises LeafMismatch, RootMismatch; OSError when storage does not answer.
    """
    read_tile = tile_reader(store)
    roots: dict[tuple[int, int], bytes] = {}
    for name in names_for_growth(memory.verified_size, memory.size):
        tile = read_tile(name.level, name.index, name.width)
        if name.level == 0:
            if b"".join(map(leaf_hash, read_entries(store, name.index, name.width))) != tile:
                raise LeafMismatch(what=tile_path(name.level, name.index, name.width))
        else:
            _verify_children(memory, name.level, name.index, tile, roots)
        if name.width == TILE_WIDTH:
            roots[name.level, name.index] = tile_root(tile)
    if root_from_tiles(memory.size, read_tile) != memory.root:
        raise RootMismatch(step="sign", size=memory.size)
    memory.verified_size = memory.size


def _verify_children(memory: Memory, level: int, index: int, tile: bytes, roots: dict[tuple[int, int], bytes]) -> None:
    for place in range(len(tile) // HASH_BYTES):
        # A child below the last verified size was compared when it was new.
        root = roots.pop((level - 1, index * TILE_WIDTH + place), None)
        if root is not None and root != tile[place * HASH_BYTES:(place + 1) * HASH_BYTES]:
            raise RootMismatch(step=f"level {level}", size=memory.size)
