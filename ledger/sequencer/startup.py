"""Loading: what a sequencer checks before it touches anything, and how it gets its memory back.

Run at start-up and after every trouble. It refuses whatever could become a fork: another key, another history, a database
or a storage restored from an old copy, a clock set back. Only then are unfinished writes finished: tiles of committed
rows, the copy of a published checkpoint.
Source: design.md §3; the incidents of threats.md §1.1 (Venafi 2017: a restored old copy signed a fork; Raio 2025: recovery
that was not the same code as the work).
"""
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from common.append_only import missing_guards
from common.object_store import ObjectStore
from ledger.keys import LogSigner
from ledger.models import Checkpoint, LogBatch, LogState, PublishedCheckpoint
from ledger.policies import log_keys_at, log_verifiers
from ledger.selectors import is_complete, log_state
from ledger.sequencer.checkpoints import write_copy
from ledger.sequencer.memory import Clock, Memory, edge_root, require_clock
from ledger.sequencer.refusals import (
    DatabaseOlder,
    GuardMissing,
    LogIsClosed,
    LogIsFrozen,
    LostRace,
    NotDurable,
    OtherHistory,
    OtherKey,
    Refusal,
    RootMismatch,
    RowsMissing,
    StorageDamaged,
    StorageOlder,
)
from ledger.sequencer.rows import placed_entries
from ledger.sequencer.tiles import apply_tiles
from ledger.storage import CLOSING_COPY, PUBLISHED, published_sizes, read_object, tile_reader
from tlog.checkpoint import parse_checkpoint
from tlog.errors import VerificationError
from tlog.merkle import CompactRange, leaf_hash
from tlog.note import open_note
from tlog.tile_edge import TileEdge
from tlog.tiles import TILE_WIDTH, entries_path, root_from_tiles, tile_path

NOT_DURABLE = ("synchronous_commit", "fsync", "full_page_writes")


def load(store: ObjectStore, signer: LogSigner, clock: Clock) -> Memory:
    """Check everything, finish what a crash left unfinished, and return the memory of a log whose tiles are all applied.

    Raises Refusal; LostRace when another sequencer works at the same time; OSError and DatabaseError when it may be tried again.
    """
    require_guards()
    require_durable_database()
    state = log_state()
    try:
        require_not_frozen(state)
        require_own_log(state, signer, clock())
        require_same_history(state, store)
        require_storage_not_ahead(state, store)
        require_no_unknown_closing(state, store)
        last_time = last_time_of_log()
        require_clock(clock(), last_time)
        memory = restore(state, store)
        memory.last_time = last_time
        finish(memory, state, store)
    except Refusal as refusal:
        # What looked like another history may be another sequencer at work between two of our reads.
        if moved_since(state):
            raise LostRace("the log moved while it was being loaded") from refusal
        raise
    return memory


def finish(memory: Memory, state: LogState, store: ObjectStore) -> None:
    """Finish what a crash left unfinished, and complete both trees."""
    apply_tiles(memory, store)
    if edge_root(memory.applied) != memory.root:
        raise RootMismatch(step="load", size=state.size)
    memory.tree = memory.applied.compact_range()
    memory.planned = restored_edge(state.size, store)
    restore_copy(state, store)


def moved_since(state: LogState) -> bool:
    now = log_state()
    return (now.size, now.applied_size, now.published_size) != (state.size, state.applied_size, state.published_size)


def require_guards() -> None:
    names = missing_guards(connection)
    if names:
        raise GuardMissing(names=", ".join(names))


def require_durable_database() -> None:
    """On PostgreSQL a commit that was answered must survive a power cut; SQLite is opened with synchronous=FULL by the settings."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for setting in NOT_DURABLE:
            cursor.execute("SELECT current_setting(%s)", [setting])
            if cursor.fetchone() == ("off",):
                raise NotDurable(setting=setting)


def require_not_frozen(state: LogState) -> None:
    if state.frozen_at is None:
        return
    if is_complete():
        raise LogIsClosed(origin=state.origin, size=state.size)
    raise LogIsFrozen(since=state.frozen_at.isoformat(timespec="seconds"))


def require_own_log(state: LogState, signer: LogSigner, now: datetime) -> None:
    """The keys that sign now are at hand, the key of the state row is the log's, and the newest checkpoints are signed by its keys."""
    signer.signers([key.vkey for key in log_keys_at(now)])
    if state.vkey not in {key.vkey for key in log_verifiers()}:
        raise OtherKey(what="ledger_logstate", origin=state.origin)
    for row in (Checkpoint.objects.order_by("-size").first(), PublishedCheckpoint.objects.filter(size=state.published_size).first()):
        if row is not None:
            require_own_note(bytes(row.note), row.size, state, f"{row._meta.label} {row.size}")
        elif state.published_size:
            raise RowsMissing(start=state.published_size, end=state.published_size)


def require_own_note(note: bytes, size: int, state: LogState, what: str) -> None:
    """Raises OtherKey unless `note` is a checkpoint of this log for `size`."""
    try:
        checkpoint = parse_checkpoint(open_note(note, log_verifiers()).text)
    except VerificationError as wrong:
        raise OtherKey(what=what, origin=state.origin) from wrong
    if (checkpoint.origin, checkpoint.size) != (state.origin, size):
        raise OtherKey(what=what, origin=state.origin)


def require_same_history(state: LogState, store: ObjectStore) -> None:
    """The published copy in storage is one of ours, not newer than the database, and what the database published for its size."""
    sizes = published_sizes(store)
    if not sizes:
        return
    note = read_object(store, f"{PUBLISHED}{sizes[-1]}")
    require_own_note(note, sizes[-1], state, f"{PUBLISHED}{sizes[-1]}")
    # SPEC: design.md §3: a database older than the published copy is refused: a stale restore is a fork.
    if sizes[-1] > state.published_size:
        raise DatabaseOlder(database=state.published_size, storage=sizes[-1], where=f"the checkpoint {PUBLISHED}{sizes[-1]}")
    row = PublishedCheckpoint.objects.filter(size=sizes[-1]).first()
    if row is None or bytes(row.note) != note:
        raise OtherHistory(size=sizes[-1])


def require_storage_not_ahead(state: LogState, store: ObjectStore) -> None:
    """Tiles are written after the commit, so storage that holds a bundle beyond the database's size has seen a newer database."""
    index, width = divmod(state.size, TILE_WIDTH)
    widths = bundle_widths(store, index)
    if widths and widths[-1] > width:
        found = entries_path(index, widths[-1])
        raise DatabaseOlder(database=state.size, storage=index * TILE_WIDTH + widths[-1], where=f"the entries {found}")


def require_no_unknown_closing(state: LogState, store: ObjectStore) -> None:
    """A log that closed says so in storage too: a database that does not know it is a copy from before, and would take deposits again."""
    if state.closing_at is None and is_stored(store, CLOSING_COPY):
        raise DatabaseOlder(database=state.size, storage="closed", where=CLOSING_COPY)


def bundle_widths(store: ObjectStore, index: int) -> list[int]:
    """The widths in which a bundle is stored, ascending; 256 for the full one."""
    full = entries_path(index, TILE_WIDTH)
    names = [name.rpartition("/")[2] for name in store.list(f"{full}.p/")]
    widths = sorted(int(name) for name in names if name.isascii() and name.isdigit())
    return [*widths, TILE_WIDTH] if is_stored(store, full) else widths


def is_stored(store: ObjectStore, name: str) -> bool:
    try:
        store.open(name).close()
    except FileNotFoundError:
        return False
    return True


def restore(state: LogState, store: ObjectStore) -> Memory:
    """The memory at `applied_size`; its trees are complete only after `apply_tiles`."""
    batch = LogBatch.objects.filter(size=state.size).first()
    if batch is None and state.size:
        raise RowsMissing(start=state.size, end=state.size)
    applied = restored_edge(state.applied_size, store)
    require_published_tiles(state, store)
    return Memory(
        origin=state.origin, root=bytes(state.root), tree=CompactRange(), planned=TileEdge(), applied=applied,
        published_size=state.published_size, verified_size=state.published_size, last_time=None,
        rows_sha256=bytes(batch.rows_sha256) if batch else b"",
    )


def restored_edge(size: int, store: ObjectStore) -> TileEdge:
    """The edge of a stored tree: upper levels from full tiles, the last leaves from the rows. Raises StorageOlder, RowsMissing."""
    entries = placed_entries(size - size % TILE_WIDTH, size)
    read_tile = tile_reader(store)
    last = ""

    def read(level: int, index: int, width: int) -> bytes:
        nonlocal last
        last = tile_path(level, index, width)
        return read_tile(level, index, width)

    try:
        return TileEdge.restore(size, read, list(map(leaf_hash, entries)))
    except FileNotFoundError as absent:
        raise StorageOlder(name=last) from absent
    except ValueError as wrong:
        raise StorageDamaged(detail=last) from wrong


def require_published_tiles(state: LogState, store: ObjectStore) -> None:
    """The tiles in storage lead to the root that was published: this folder is this log's, and no older than its checkpoint."""
    if not state.published_size:
        return
    row = PublishedCheckpoint.objects.select_related("checkpoint").get(size=state.published_size)
    try:
        root = root_from_tiles(state.published_size, tile_reader(store))
    except FileNotFoundError as absent:
        raise StorageOlder(name=f"the tiles of size {state.published_size}") from absent
    except VerificationError as wrong:
        raise RootMismatch(step="load", size=state.published_size) from wrong
    if root != bytes(row.checkpoint.root):
        raise RootMismatch(step="load", size=state.published_size)


def last_time_of_log() -> datetime | None:
    """The latest time in the log: of its last batch, signature and publication; None for an empty one."""
    times: Sequence[datetime | None] = (
        LogBatch.objects.order_by("-size").values_list("sequenced_at", flat=True).first(),
        Checkpoint.objects.order_by("-size").values_list("signed_at", flat=True).first(),
        PublishedCheckpoint.objects.order_by("-size").values_list("published_at", flat=True).first(),
    )
    return max((time for time in times if time is not None), default=None)


def restore_copy(state: LogState, store: ObjectStore) -> None:
    """Write the published copy that a crash after the publication's commit left unwritten."""
    if state.published_size and published_sizes(store)[-1:] != [state.published_size]:
        note = PublishedCheckpoint.objects.values_list("note", flat=True).get(size=state.published_size)
        write_copy(store, state.published_size, bytes(note))
