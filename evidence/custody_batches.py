"""Where trails had got to, put into the log: statements of kind `custody`, a claim for each trail that moved.

    {"claims": [{"name": "head_01", "sha256": …, "sm3": …}, …], "received_at": …, "record": …, "type": "cunzheng/custody/v1"}
    claim head_01: {"record": "CZ-…", "sequence": 4, "digest": "<hex>"}, with 32 random bytes of salt of its own

A trail's digests chain its rows, so its last row stands for all; a package shows the claim of its own record and withholds the others,
which say nothing without their salts. A claim's bytes are made of the row that it tells of, so only salts are kept. Exactly once: the rows
of one run are one transaction, and a row of a trail has at most one place in the log.
What this does not do: prove that a row is true, or show one that was changed before it was put here; the runs are minutes apart.
Source: formats A1 (other entry kinds), A6 (custody chain); docs/adr/0022; threats T13, T26.
"""
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from common.bulk import Insert, insert_all, reserve
from common.failpoints import reached
from common.jobs import RunAgain
from evidence.granted_trails import note_ends
from evidence.models import CustodyCommitment, CustodyEvent, CustodyHead
from evidence.trail import to_the_millisecond
from ledger.errors import LogClosed, LogFrozen
from ledger.models import LogQueue, Receipt
from ledger.own_statements import fresh_number
from ledger.services import promise, queue_rows, receipt_row
from tlog.claims import SALT_LENGTH, Claim, make_claim
from tlog.entry import commit
from tlog.merkle import leaf_hash
from tlog.statement import format_statement
from tlog.times import date_in_china, format_time

COMMIT_CUSTODY = "evidence.commit-custody"
EVERY = timedelta(minutes=5)
KIND = "custody"
HEADS = 64
"""Claims of one statement at most. Whoever gets one of them gets the digests of the others too, and a row for each that is withheld."""
MOST = 4096
"""Trails of one run at most; what is left is the next one's, at once."""
OVERLAP = 20_000
"""Rows before the newest one in the log that are looked at again: a transaction may have taken its ids early and committed late."""
SWEPT = 50_000
"""Rows that each run looks at beside, round and round, so that none stays out for ever whatever happened."""
MEMBER = "head_{:02}"


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a trail: the row's id, the record's number, its place and its digest (hex)."""

    event_id: int
    record: str
    sequence: int
    digest: str

    def claim(self, position: int, salt: bytes) -> Claim:
        """Claim number `position` (from 1) of a statement."""
        value = {"record": self.record, "sequence": self.sequence, "digest": self.digest}
        return make_claim(MEMBER.format(position), value, salt, kind=KIND)


def commit_custody(_always: int) -> None:
    """The job: ends of grants into the trails, ends of trails into the log. Raises RunAgain while there is more than one run takes."""
    note_ends()
    now = timezone.now()
    if commit_heads(moved_heads(now=now), now=now) == MOST:
        raise RunAgain(now)


def commit_heads(heads: Sequence[Head], *, now: datetime) -> int:
    """Put these ends of trails into the log; how many there were, 0 when the log takes no entry any more.

    Raises IntegrityError, and nothing was written, when another run was at one of them.
    """
    if not heads:
        return 0
    try:
        with transaction.atomic():
            _write(heads, to_the_millisecond(now))
            reached("evidence.custody-before-commit")
    except (LogClosed, LogFrozen):
        return 0
    return len(heads)


def moved_heads(*, now: datetime, overlap: int = OVERLAP, swept: int = SWEPT) -> list[Head]:
    """The ends of trails that are not in the log: of the newest rows, and of a slice of the old ones that changes with the time."""
    newest = CustodyHead.objects.aggregate(id=Max("event_id"))["id"] or 0
    first = int(now.timestamp() / EVERY.total_seconds()) * swept % (newest + 1)
    old = _ends(first - 1, until=first + swept, most=MOST)
    fresh = _ends(newest - overlap, until=None, most=MOST - len(old))
    return sorted({head.event_id: head for head in (*old, *fresh)}.values(), key=lambda head: head.event_id)


def _ends(after: int, *, until: int | None, most: int) -> list[Head]:
    later = CustodyEvent.objects.filter(evidence=OuterRef("evidence"), sequence__gt=OuterRef("sequence"))
    known = CustodyHead.objects.filter(event=OuterRef("pk"))
    rows = CustodyEvent.objects.filter(~Exists(known), ~Exists(later), pk__gt=after).order_by("pk")
    if until is not None:
        rows = rows.filter(pk__lte=until)
    return [Head(*row) for row in rows.values_list("pk", "evidence__record", "sequence", "digest")[:most]]


def _write(heads: Sequence[Head], now: datetime) -> None:
    """Statements, queue rows and one receipt for all of them, as a deposit has them, and which row stands where."""
    groups = [heads[first:first + HEADS] for first in range(0, len(heads), HEADS)]
    ids = reserve({Receipt: 1, LogQueue: len(groups), CustodyCommitment: len(groups)})
    statements, entries, rows = [], [], []
    for id_, ticket, group in zip(ids[CustodyCommitment], ids[LogQueue], groups, strict=True):
        record, salts = fresh_number(date_in_china(now)), [os.urandom(SALT_LENGTH) for _ in group]
        claims = [head.claim(position, salt) for position, (head, salt) in enumerate(zip(group, salts, strict=True), 1)]
        statement = format_statement(kind=KIND, record=record, received_at=format_time(now), claims=claims)
        entry = commit(KIND, statement).encode()
        entries.append((record, entry, leaf_hash(entry)))
        statements.append((id_, record, now, statement, ids[Receipt][0], ticket))
        rows += [(id_, position, head.event_id, salt) for position, (head, salt) in enumerate(zip(group, salts, strict=True), 1)]
    receipt = promise(ids[Receipt][0], [(record, leaf) for record, _, leaf in entries], received_at=now)
    insert_all([
        queue_rows(ids[LogQueue], [(entry, leaf) for _, entry, leaf in entries], queued_at=now), receipt_row(receipt),
        Insert(CustodyCommitment, ("id", "record", "received_at", "statement", "receipt_id", "ticket"), statements),
        Insert(CustodyHead, ("commitment_id", "position", "event_id", "salt"), rows),
    ])
