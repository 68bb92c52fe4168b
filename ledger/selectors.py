"""Reads of the log: its state, the places of tickets, checkpoints and stamps. Nothing here writes; nothing here is private.

A record is covered by the first *stamped* published checkpoint that is larger than its index. Stamps are only added to
sizes at or above the largest stamped one (`ledger.stamping`), so that answer never changes once it exists (formats A5, A7).
"""
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import OuterRef, Subquery

from ledger.models import LogBatch, LogEntry, LogQueue, LogState, OwnStatement, PublishedCheckpoint, Timestamp
from ledger.own_claims import claims_of
from tlog.merkle import leaf_hash

CLOSING = "closing"
HOLD_OPEN = "LOCK TABLE ledger_logqueue IN ROW EXCLUSIVE MODE; "
SHUT = "SELECT closing_at IS NOT NULL, frozen_at IS NOT NULL FROM ledger_logstate WHERE id = 1"
NOT_SET_UP = "The log is not set up: run `manage.py init_service`. 日志尚未初始化，请先运行 `manage.py init_service`。"
_origins: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What the log is and how far each of its steps got; times are None until the step happened once."""

    origin: str
    vkey: str
    size: int
    applied_size: int
    published_size: int
    published_at: datetime | None
    stamped_size: int
    stamped_at: datetime | None
    queue_length: int
    oldest_unpublished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """The time since when the oldest unpublished entry waits (None: none waits), and whether the log takes entries at all.

    `closed` is for good and in order; `frozen` is for good because database and storage contradict each other.
    """

    oldest_unpublished_at: datetime | None
    frozen: bool
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Successor:
    """The log that goes on after this one; `url` is where its deposits are taken, "" when that was not known."""

    origin: str
    vkey: str
    url: str

    @property
    def address(self) -> str:
        return self.url or self.origin


@dataclass(frozen=True, slots=True)
class Closing:
    """What the log's last entry says: its record number, when the log stopped taking entries, and which log goes on, if one was named."""

    record: str
    at: datetime
    successor: Successor | None


@dataclass(frozen=True, slots=True)
class Place:
    """An entry's place in the log: 0 ≤ index, leaf hash of 32 bytes."""

    index: int
    leaf_hash: bytes
    entry: bytes
    sequenced_at: datetime


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """How far one ticket got: each None until it happened; `published_…` is that of the first checkpoint that covers it, `stamped_…` that
    of the first stamped one.
    """

    index: int | None
    sequenced_at: datetime | None
    published_at: datetime | None
    stamped_at: datetime | None
    published_size: int | None = None
    stamped_size: int | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """A verified RFC 3161 token, its raw bytes, and the time that it states."""

    authority: str
    token: bytes
    gen_time: datetime


@dataclass(frozen=True, slots=True)
class Covering:
    """The checkpoint that a record's proof leads to, and its stamps; () while none is stamped that covers the record."""

    size: int
    note: bytes
    published_at: datetime
    stamps: tuple[Stamp, ...]


def log_state() -> LogState:
    """The state row. Raises ImproperlyConfigured before `init_service`."""
    state = LogState.objects.filter(pk=1).first()
    if state is None:
        raise ImproperlyConfigured(NOT_SET_UP)
    return state


def log_origin() -> str:
    """The log's name; it never changes, so each process asks once. Raises ImproperlyConfigured before `init_service`."""
    database = str(connection.settings_dict["NAME"])
    if database not in _origins:
        _origins[database] = log_state().origin
    return _origins[database]


def log_facts() -> LogFacts:
    """The log at this moment. Raises ImproperlyConfigured before `init_service`."""
    state = log_state()
    published = PublishedCheckpoint.objects.filter(size=state.published_size).first()
    stamp = Timestamp.objects.filter(size=state.stamped_size).order_by("gen_time").first()
    return LogFacts(
        origin=state.origin, vkey=state.vkey, size=state.size, applied_size=state.applied_size,
        published_size=state.published_size, published_at=published.published_at if published else None,
        stamped_size=state.stamped_size, stamped_at=stamp.gen_time if stamp else None,
        queue_length=LogQueue.objects.count(), oldest_unpublished_at=_oldest_unpublished_at(state.published_size),
    )


def log_backlog() -> Backlog:
    """What `refuse_when_behind` asks: three look-ups by primary key."""
    state = log_state()
    closed = state.closing_at is not None
    return Backlog(_oldest_unpublished_at(state.published_size), state.frozen_at is not None and not closed, closed)


def refuses_entries() -> tuple[bool, bool]:
    """Whether the log is closed, and whether it is frozen, for a transaction that is about to queue an entry.

    What it finds holds until the end of that transaction: `ledger.closing` waits for it.
    """
    with connection.cursor() as cursor:
        # On PostgreSQL every INSERT takes this lock by itself, later. Taken now, it makes a closing under way commit before the second
        # statement reads, and one that begins later wait; each statement has a snapshot of its own. SQLite has one writer at a time.
        cursor.execute(HOLD_OPEN + SHUT if connection.vendor == "postgresql" else SHUT)
        closed, frozen = cursor.fetchone() or (False, False)
    return bool(closed), bool(frozen)


def is_complete() -> bool:
    """Whether a closed log has published everything that it promised.

    The sizes are read after the queue. Once the log is closed an empty queue stays empty, and what left it is counted in the size; read the
    other way round, an entry that the sequencer takes between the two is in neither, and the checkpoint before it passes for the final one.
    """
    if log_state().closing_at is None or LogQueue.objects.exists():
        return False
    state = log_state()
    return state.published_size == state.size


def closing() -> Closing | None:
    """What the log said when it closed; None while it is open. Raises VerificationError when the row was damaged."""
    for own in OwnStatement.objects.filter(kind="key").order_by("-id"):
        claim = claims_of(own).get(CLOSING)
        if isinstance(claim, dict):
            named = claim["successor"]
            fields = {name: str(text) for name, text in named.items()} if isinstance(named, dict) else {}
            return Closing(own.record, own.received_at, Successor(**fields) if fields else None)
    return None


def _oldest_unpublished_at(published_size: int) -> datetime | None:
    # The queue is read in the order of its ids and batches in the order of sizes: the first of each is the oldest.
    batch = LogBatch.objects.filter(size__gt=published_size).order_by("size").values_list("oldest_queued_at", flat=True).first()
    return batch or LogQueue.objects.order_by("id").values_list("queued_at", flat=True).first()


def unpublished_since() -> datetime | None:
    """When the oldest batch was committed that no published checkpoint covers; None when there is none."""
    published = log_state().published_size
    return LogBatch.objects.filter(size__gt=published).order_by("size").values_list("sequenced_at", flat=True).first()


def places_of(tickets: Collection[int]) -> dict[int, Place]:
    """The places of those tickets that are in the log."""
    rows = LogEntry.objects.filter(ticket__in=tickets).annotate(at=_first_above("index", LogBatch, "sequenced_at"))
    found = rows.values_list("ticket", "index", "entry", "at")
    return {ticket: Place(index, leaf_hash(bytes(entry)), bytes(entry), at) for ticket, index, entry, at in found}


def entry_of(ticket: int) -> tuple[bytes, bytes]:
    """Entry and leaf hash (32 bytes) of a ticket, queued or in the log. Raises LogEntry.DoesNotExist for a ticket never given out."""
    # The queue first: a row moves from there into the log in one transaction, never back.
    row = LogQueue.objects.filter(pk=ticket).values_list("entry", flat=True).first()
    entry = bytes(row if row is not None else LogEntry.objects.values_list("entry", flat=True).get(ticket=ticket))
    return entry, leaf_hash(entry)


def facts_for(tickets: Collection[int]) -> dict[int, TicketFacts]:
    """How far each ticket got, one query for all; tickets that are still queued have no facts yet."""
    rows = LogEntry.objects.filter(ticket__in=tickets).annotate(
        sequenced_at=_first_above("index", LogBatch, "sequenced_at"),
        published_at=_first_above("index", PublishedCheckpoint, "published_at"),
        stamped_at=_first_above("index", Timestamp, "gen_time"),
        published_size=_first_above("index", PublishedCheckpoint, "size"),
        stamped_size=_first_above("index", Timestamp, "size"),
    )
    columns = rows.values_list("ticket", "index", "sequenced_at", "published_at", "stamped_at", "published_size", "stamped_size")
    facts = {ticket: TicketFacts(*row) for ticket, *row in columns}
    return {ticket: facts.get(ticket, TicketFacts(None, None, None, None)) for ticket in tickets}


def stamped_between(first: int, last: int) -> dict[int, datetime]:
    """When each ticket with first ≤ index < last was stamped, as `facts_for` says it; one query. Those without a ticket are left out."""
    rows = LogEntry.objects.filter(index__gte=first, index__lt=last, ticket__isnull=False)
    stamped = rows.annotate(at=_first_above("index", Timestamp, "gen_time")).exclude(at=None)
    return dict(stamped.values_list("ticket", "at"))


def _first_above(index: str, model: type[LogBatch | PublishedCheckpoint | Timestamp], column: str) -> Subquery:
    """`column` of the model's first row that covers the outer row's `index`; one look-up in the index of sizes."""
    order = ("size", "gen_time") if model is Timestamp else ("size",)
    return Subquery(model.objects.filter(size__gt=OuterRef(index)).order_by(*order).values(column)[:1])


def published_note(size: int | None = None) -> bytes | None:
    """The note published for `size`, or the newest; None when there is none."""
    rows = PublishedCheckpoint.objects.all() if size is None else PublishedCheckpoint.objects.filter(size=size)
    note = rows.order_by("-size").values_list("note", flat=True).first()
    return None if note is None else bytes(note)


def stamps_of(size: int) -> list[Stamp]:
    """The stamps of the checkpoint of `size`, in the order of their authorities' ids."""
    rows = Timestamp.objects.filter(size=size).order_by("authority").values_list("authority", "token", "gen_time")
    return [Stamp(authority, bytes(token), gen_time) for authority, token, gen_time in rows]


def covering_checkpoint(index: int) -> Covering | None:
    """The first stamped published checkpoint with a size above `index`; while none is stamped, the first published one; else None."""
    size = Timestamp.objects.filter(size__gt=index).order_by("size").values_list("size", flat=True).first()
    rows = PublishedCheckpoint.objects.filter(size__gt=index) if size is None else PublishedCheckpoint.objects.filter(size=size)
    published = rows.order_by("size").first()
    if published is None:
        return None
    stamps = () if size is None else tuple(stamps_of(size))
    return Covering(published.size, bytes(published.note), published.published_at, stamps)


def covering_checkpoints(indices: Sequence[int]) -> list[Covering | None]:
    """`covering_checkpoint` for each index; those that share a checkpoint share one object and its queries."""
    found: dict[int, Covering | None] = {}
    last: Covering | None = None
    for index in sorted(set(indices)):
        # Ascending: what covers the last index is the first to cover this one too, unless it ends before it.
        if last is None or index >= last.size:
            last = covering_checkpoint(index)
        found[index] = last
    return [found[index] for index in indices]
