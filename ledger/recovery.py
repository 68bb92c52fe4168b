"""After an old backup was restored: take from the tiles what the database lost, or freeze the log.

Storage holds every entry that was ever signed, because partial tiles are durable before the signature. So the log is
recovered up to everything that storage holds, not only up to the published checkpoint: no signature that ever existed is
contradicted. Statements are not in storage, but for the one with which a log closes: an entry that no queue row explains is a
record whose statement is lost, and each of these is an incident. When database and storage are not of one history, nothing can be
mended: the log is frozen.
Source: design.md §3.
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.object_store import ObjectStore
from ledger.closing_copy import restore_closing
from ledger.incidents import STATEMENT_LOST, open_incident
from ledger.models import Checkpoint, Incident, LogBatch, LogEntry, LogQueue, LogState
from ledger.policies import log_verifiers
from ledger.selectors import log_state
from ledger.sequencer.batch import BATCH_ENTRIES, Arrivals, commit, plan
from ledger.sequencer.checkpoints import publish_checkpoint
from ledger.sequencer.memory import Clock, Memory
from ledger.sequencer.rows import placed_entries
from ledger.sequencer.startup import bundle_widths, last_time_of_log, require_guards, require_not_frozen, require_own_note
from ledger.sequencer.tiles import apply_tiles
from ledger.storage import PUBLISHED, published_sizes, read_entries, read_object
from tlog.checkpoint import parse_checkpoint
from tlog.encoding import encode_base64
from tlog.entry import parse_entry
from tlog.errors import VerificationError
from tlog.merkle import CompactRange, leaf_hash
from tlog.note import format_note, split_note
from tlog.tile_edge import TileEdge
from tlog.tiles import TILE_WIDTH


@dataclass(frozen=True, slots=True)
class LostStatement:
    """An entry in the log whose statement the database does not have any more: all that is known of the record."""

    index: int
    kind: str
    statement_sha256: bytes
    leaf_hash: bytes

    @property
    def subject(self) -> str:
        return f"entry {self.index}"

    @property
    def facts(self) -> dict[str, str | int]:
        return {
            "index": self.index, "kind": self.kind, "statement_sha256": self.statement_sha256.hex(),
            "leaf_hash": encode_base64(self.leaf_hash),
        }


@dataclass(frozen=True, slots=True)
class Recovery:
    """`replayed` entries were taken from storage; `frozen` says why the log had to be frozen, None when it was not."""

    replayed: int
    published_size: int
    lost: tuple[LostStatement, ...]
    frozen: str | None = None


class NotOneHistory(Exception):
    """Database and storage contradict each other."""


def recover(store: ObjectStore, clock: Clock) -> Recovery:
    """Bring the database up to what storage holds; may be interrupted and repeated. No sequencer may run.

    Raises Refusal for another log's storage, LostRace when a sequencer runs all the same; OSError, DatabaseError.
    """
    require_guards()
    state = log_state()
    require_not_frozen(state)
    note = published_copy(state, store)
    extent = stored_extent(store)
    try:
        trees = grown_together(state, store, extent, note)
        restore_closing(store)
    except (NotOneHistory, VerificationError, FileNotFoundError) as contradiction:
        LogState.objects.filter(pk=1, frozen_at=None).update(frozen_at=clock())
        return Recovery(0, state.published_size, (), frozen=str(contradiction))
    memory = remembered(state, trees)
    lost = replay(memory, store, extent, clock, stops=[checkpoint_size(note)] if note else [])
    apply_tiles(memory, store)
    if note is not None and checkpoint_size(note) > state.published_size:
        publish_again(memory, note, store, clock)
    return Recovery(memory.size - state.size, memory.published_size, tuple(lost))


def open_incidents_of_losses(clock: Clock) -> Iterator[LostStatement]:
    """Open an incident for each entry whose statement is lost and that has none yet, each in the log; what was opened. May be repeated."""
    known = set(Incident.objects.filter(code=STATEMENT_LOST).values_list("subject", flat=True))
    for index, entry in list(LogEntry.objects.filter(ticket=None).order_by("index").values_list("index", "entry")):
        lost = _lost(index, bytes(entry))
        if lost.subject not in known:
            open_incident(STATEMENT_LOST, lost.subject, lost.facts, now=clock())
            yield lost


def published_copy(state: LogState, store: ObjectStore) -> bytes | None:
    """The newest published copy, under this log's key and name; None when nothing was published. Raises OtherKey."""
    sizes = published_sizes(store)
    if not sizes:
        return None
    note = read_object(store, f"{PUBLISHED}{sizes[-1]}")
    require_own_note(note, sizes[-1], state, f"{PUBLISHED}{sizes[-1]}")
    return note


def stored_extent(store: ObjectStore) -> int:
    """How many entries storage holds without a gap: full bundles, then the widest partial one."""
    index = 0
    while True:
        widths = bundle_widths(store, index)
        if not widths or widths[-1] < TILE_WIDTH:
            return index * TILE_WIDTH + (widths[-1] if widths else 0)
        index += 1


def grown_together(state: LogState, store: ObjectStore, extent: int, note: bytes | None) -> tuple[CompactRange, TileEdge, TileEdge]:
    """The trees of the database's size and of its applied size, after database, storage and published copy were compared entry by entry.

    Raises NotOneHistory, VerificationError, FileNotFoundError.
    """
    published, known = checkpoint_size(note) if note else 0, max(extent, state.size)
    if published > known:
        raise NotOneHistory(f"neither the database nor storage has all {published} published entries")
    tree, planned, applied = CompactRange(), TileEdge(), TileEdge()
    whole = CompactRange()
    stops = sorted({state.size, state.applied_size, published, known})
    for start, end in spans(stops):
        leaves = compared_leaves(state, store, start, end, extent)
        whole.extend(leaves)
        if end <= state.size:
            tree.extend(leaves)
            planned.extend(leaves)
        if end <= state.applied_size:
            applied.extend(leaves)
        require_roots(state, note, whole)
    return tree, planned, applied


def spans(stops: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Consecutive ranges up to the last stop that cross no stop and no multiple of 4,096."""
    start = 0
    for stop in stops:
        while start < stop:
            end = min(stop, start - start % BATCH_ENTRIES + BATCH_ENTRIES)
            yield start, end
            start = end


def compared_leaves(state: LogState, store: ObjectStore, start: int, end: int, extent: int) -> list[bytes]:
    """Leaf hashes of a range that lies on one side of the database's end. Raises NotOneHistory where both sides know it and differ."""
    placed = placed_entries(start, end) if end <= state.size else None
    stored = stored_entries(store, start, min(end, extent), extent)
    if placed is not None and placed[:len(stored)] != stored:
        raise NotOneHistory(f"database and storage differ between the entries {start} and {end}")
    return list(map(leaf_hash, stored if placed is None else placed))


def stored_entries(store: ObjectStore, start: int, end: int, extent: int) -> list[bytes]:
    entries: list[bytes] = []
    for index in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
        entries += read_entries(store, index, min(TILE_WIDTH, extent - index * TILE_WIDTH))
    return entries[start % TILE_WIDTH:][:max(0, end - start)]


def require_roots(state: LogState, note: bytes | None, tree: CompactRange) -> None:
    if tree.size == state.size and tree.root() != bytes(state.root):
        raise NotOneHistory(f"the entries do not lead to the database's root of size {state.size}")
    if note is None:
        return
    checkpoint = parse_checkpoint(split_note(note)[0])
    if tree.size == checkpoint.size and tree.root() != checkpoint.root:
        raise NotOneHistory(f"the entries do not lead to the published root of size {checkpoint.size}")


def checkpoint_size(note: bytes) -> int:
    return parse_checkpoint(split_note(note)[0]).size


def remembered(state: LogState, trees: tuple[CompactRange, TileEdge, TileEdge]) -> Memory:
    tree, planned, applied = trees
    digest = LogBatch.objects.filter(size=state.size).values_list("rows_sha256", flat=True).first()
    return Memory(
        origin=state.origin, root=bytes(state.root), tree=tree, planned=planned, applied=applied, published_size=state.published_size,
        verified_size=state.published_size, last_time=last_time_of_log(), rows_sha256=bytes(digest or b""),
    )


def replay(memory: Memory, store: ObjectStore, extent: int, clock: Clock, *, stops: Sequence[int]) -> list[LostStatement]:
    """Commit the entries that only storage holds, with their queue rows where those survived; what has none is lost."""
    waiting = {bytes(leaf): ticket for ticket, leaf in LogQueue.objects.values_list("id", "leaf_hash").iterator()}
    lost: list[LostStatement] = []
    first = memory.size
    for start, end in spans(sorted({*stops, first, max(extent, first)})):
        if start < first:
            continue
        entries = stored_entries(store, start, end, extent)
        leaves = list(map(leaf_hash, entries))
        tickets = [waiting.pop(leaf, None) for leaf in leaves]
        commit(memory, plan(memory, Arrivals(tickets, entries, leaves, None), clock))
        lost += [_lost(index, entry) for index, entry, ticket in zip(range(start, end), entries, tickets, strict=True) if ticket is None]
    return lost


def _lost(index: int, entry: bytes) -> LostStatement:
    parsed = parse_entry(entry)
    return LostStatement(index, parsed.kind, parsed.sha256, leaf_hash(entry))


def publish_again(memory: Memory, note: bytes, store: ObjectStore, clock: Clock) -> None:
    """Give the database the published checkpoint that it lost."""
    checkpoint = parse_checkpoint(split_note(note)[0])
    row = Checkpoint.objects.filter(size=checkpoint.size).first()
    if row is None:
        row = Checkpoint(size=checkpoint.size, root=checkpoint.root, note=without_cosignatures(note), signed_at=memory.moment(clock))
        row.save()
    publish_checkpoint(memory, row, note, store, clock)


def without_cosignatures(note: bytes) -> bytes:
    """The note as the log signed it, under all its keys of that time: what the witnesses added is the published row's."""
    text, lines = split_note(note)
    own = {(key.name, key.key_id) for key in log_verifiers()}
    return format_note(text, [line.text for line in lines if (line.name, line.decode()[0]) in own])
