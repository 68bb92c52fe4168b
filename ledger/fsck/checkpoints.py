"""Checkpoints, published checkpoints, the copy in storage, and the sizes in the state row: signatures, columns, order of times.

Roots against entries are the walk's business (`ledger.fsck.entries`).
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Max, OuterRef, Subquery
from django.utils import timezone

from ledger.fsck.finding import Finding
from ledger.fsck.snapshot import Examined
from ledger.models import Checkpoint, LogBatch, LogState, PublishedCheckpoint, Timestamp
from ledger.policies import policies, policy_at
from ledger.policy_text import Period, own_keys
from ledger.selectors import is_complete
from ledger.storage import PUBLISHED, published_sizes, read_object
from ledger.trust import witness_verifiers
from tlog.checkpoint import parse_checkpoint
from tlog.errors import VerificationError
from tlog.merkle import EMPTY_ROOT
from tlog.note import Verifier, open_note, split_note

# Two sequencers may interleave within the slack that one clock is allowed.
SLACK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that the log had from when to when, by its policies; with the witnesses' keys of all of them."""

    origin: str
    known: Sequence[Period]
    witnesses: tuple[Verifier, ...]

    @property
    def log(self) -> tuple[Verifier, ...]:
        return tuple(dict.fromkeys(key for period in self.known for key in own_keys(period.policy, self.origin)))

    def at(self, moment: datetime) -> set[tuple[str, bytes]]:
        return {(key.name, key.key_id) for key in own_keys(policy_at(moment, self.known).policy, self.origin)}


def examine_checkpoints(examined: Examined) -> Iterator[Finding]:
    try:
        keys = Keys(examined.state.origin, policies(), witness_verifiers())
    except ImproperlyConfigured as wrong:
        yield Finding("the policy", str(wrong))
        yield from _state(examined)
        return
    if examined.verifier not in keys.log:
        yield Finding("ledger_logstate", "vkey is not a key that the log had by its policies")
    yield from _signed(examined, keys)
    yield from _published(keys)
    yield from _state(examined)


def _signed(examined: Examined, keys: Keys) -> Iterator[Finding]:
    latest, now = None, timezone.now()
    rows = Checkpoint.objects.annotate(sequenced_at=_of_size(LogBatch, "sequenced_at")).order_by("size")
    for row in rows.iterator():
        where = f"ledger_checkpoint of size {row.size}"
        try:
            note = open_note(bytes(row.note), keys.log)
            stated = parse_checkpoint(note.text)
        except VerificationError as wrong:
            yield Finding(where, f"note: {wrong}")
        else:
            if keys.at(row.signed_at) != {(line.name, line.key_id) for line in note.signatures}:
                yield Finding(where, "note: it is not signed by the log's keys of that time, by all of them and by no other")
            if (stated.origin, stated.size, stated.root) != (examined.state.origin, row.size, bytes(row.root)):
                yield Finding(where, "origin, size or root is not that of the note")
        if row.sequenced_at is None:
            yield Finding(where, "no batch ended at this size")
        if not _in_order(row.sequenced_at, latest, row.signed_at, now):
            yield Finding(where, "signed_at is out of order")
        latest = row.signed_at


def _published(keys: Keys) -> Iterator[Finding]:
    latest, size, now = None, 0, timezone.now()
    rows = PublishedCheckpoint.objects.select_related("checkpoint").annotate(
        stamped_at=Subquery(Timestamp.objects.filter(checkpoint=OuterRef("pk")).order_by("received_at").values("received_at")[:1]),
        next_signed_at=Subquery(Checkpoint.objects.filter(size__gt=OuterRef("size")).order_by("size").values("signed_at")[:1]),
    )
    for row in rows.order_by("size").iterator():
        where = f"ledger_publishedcheckpoint of size {row.size}"
        if row.checkpoint.size != row.size or not _carries(bytes(row.note), bytes(row.checkpoint.note)):
            yield Finding(where, "checkpoint, size or note is not that of the signed checkpoint")
        else:
            yield from _cosignatures(where, bytes(row.note), keys, row.published_at)
        if not _in_order(row.checkpoint.signed_at, latest, row.published_at, row.stamped_at, row.next_signed_at, now):
            yield Finding(where, "published_at is out of order")
        if row.previous_size != size:
            yield Finding(where, f"it followed on size {row.previous_size}, which is not the one before it")
        latest, size = row.published_at, row.size
    present = PublishedCheckpoint.objects.filter(checkpoint__in=Checkpoint.objects.all())
    for missing in PublishedCheckpoint.objects.exclude(pk__in=present).values_list("size", flat=True):
        yield Finding(f"ledger_publishedcheckpoint of size {missing}", "its checkpoint is missing")


def _cosignatures(where: str, note: bytes, keys: Keys, published_at: datetime) -> Iterator[Finding]:
    """Lines of the witnesses verify, and it is by the log's key of its time. Whether there was a quorum was judged at publication."""
    try:
        opened = open_note(note, (*keys.log, *keys.witnesses))
    except VerificationError as wrong:
        yield Finding(where, f"note: {wrong}")
        return
    if not keys.at(published_at) & {(line.name, line.key_id) for line in opened.signatures}:
        yield Finding(where, "note: no key signed it that was the log's when it was published")


def _of_size(model: type[LogBatch], column: str) -> Subquery:
    return Subquery(model.objects.filter(size=OuterRef("size")).values(column)[:1])


def _in_order(one_before: datetime | None, other_before: datetime | None, time: datetime, *after: datetime | None) -> bool:
    """Whether `time` is not before the two and not after the others, as far as there are any."""
    earliest = max((before for before in (one_before, other_before) if before), default=time)
    return earliest - SLACK <= time <= min(later for later in after if later) + SLACK


def _carries(published: bytes, signed: bytes) -> bool:
    """The published note has the signed note's text and its signature lines, and maybe more."""
    try:
        (text, lines), (wanted_text, wanted_lines) = split_note(published), split_note(signed)
    except VerificationError:
        return False
    return text == wanted_text and set(wanted_lines) <= set(lines)


def _state(examined: Examined) -> Iterator[Finding]:
    state, where = examined.state, "ledger_logstate"
    if examined.verifier.name != state.origin:
        yield Finding(where, "vkey is not that of the origin")
    if state.frozen_at is not None and not is_complete():
        yield Finding(where, f"the log is frozen since {state.frozen_at.isoformat(timespec='seconds')}")
    if state.size == 0 and bytes(state.root) != EMPTY_ROOT:
        yield Finding(where, "the root is not that of the empty tree")
    published = PublishedCheckpoint.objects.aggregate(last=Max("size"))["last"] or 0
    stamped = Timestamp.objects.aggregate(last=Max("size"))["last"] or 0
    if state.published_size != published:
        yield Finding(where, f"published_size is {state.published_size}, the newest published checkpoint has {published}")
    if state.stamped_size != stamped:
        yield Finding(where, f"stamped_size is {state.stamped_size}, the newest stamped checkpoint has {stamped}")
    if state.collected_size and not PublishedCheckpoint.objects.filter(size=state.collected_size).exists():
        yield Finding(where, "collected_size is not the size of a published checkpoint")


def examine_copy(examined: Examined, now: LogState) -> Iterator[Finding]:
    """The published copy in storage is what the database published; call it outside the snapshot, with the state of `now`."""
    sizes = published_sizes(examined.store)
    if now.published_size and not sizes:
        yield Finding(PUBLISHED, "the copy of the published checkpoint is missing")
    for size in sizes:
        path = f"{PUBLISHED}{size}"
        note = PublishedCheckpoint.objects.filter(size=size).values_list("note", flat=True).first()
        try:
            if note is None or read_object(examined.store, path) != bytes(note):
                yield Finding(path, "the copy is not what the database published")
        except FileNotFoundError:
            continue  # replaced by a newer one since it was listed
    for path in examined.store.list(PUBLISHED):
        if not path.removeprefix(PUBLISHED).isdigit():
            yield Finding(path, "no object of the log has this name")
