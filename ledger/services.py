"""Writes that a deposit makes in the log room: queue rows and the receipt, inside the deposit's own transaction.

What becomes of a queue row is the sequencer's business (`ledger/sequencer/`).
"""
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from common.bulk import Insert
from common.key_files import key_path
from ledger.errors import LogBehind, LogClosed, LogFrozen
from ledger.keys import receipt_signer
from ledger.models import LogQueue, Receipt
from ledger.selectors import Backlog, closing, log_backlog, log_origin, refuses_entries
from tlog.errors import VerificationError
from tlog.receipt import format_receipt

BACKLOG_KEPT = timedelta(seconds=1)
RETRY_AFTER_S = 30
_backlog: dict[str, tuple[datetime, Backlog]] = {}


def queue_rows(tickets: Sequence[int], entries: Sequence[tuple[bytes, bytes]], *, queued_at: datetime) -> Insert:
    """Queue rows for (entry, 32-byte leaf hash) pairs, to be written in the deposit's transaction.

    The tickets are ids of LogQueue, reserved after the case locks were taken: the sequencer reads tickets in order, so log
    order follows case order.
    """
    rows = [(ticket, entry, leaf_hash, queued_at) for ticket, (entry, leaf_hash) in zip(tickets, entries, strict=True)]
    return Insert(LogQueue, ("id", "entry", "leaf_hash", "queued_at"), rows)


def receipt_row(receipt: Receipt) -> Insert:
    """The row of a promised receipt, to be written in the deposit's transaction."""
    row = (receipt.pk, receipt.text, receipt.key_id, receipt.received_at, receipt.include_by)
    return Insert(Receipt, ("id", "text", "key_id", "received_at", "include_by"), [row])


def promise(receipt_id: int, leaves: Sequence[tuple[str, bytes]], *, received_at: datetime) -> Receipt:
    """The unsigned receipt for (record number, 32-byte leaf hash) pairs, under a reserved id; `receipt_row` writes it.

    `received_at` is also the `queued_at` of the leaves: `fsck` compares the two. Call it inside the deposit's transaction: from here to
    its end the log does not close. Raises LogClosed, LogFrozen.
    """
    _refuse_when_shut(*refuses_entries())
    received = int(received_at.timestamp())
    include_by = received + settings.RECEIPT_PROMISE_S
    return Receipt(
        pk=receipt_id, text=format_receipt(received=received, include_by=include_by, leaves=leaves),
        key_id=_receipt_key_id(log_origin(), key_path("receipt")),
        received_at=received_at, include_by=datetime.fromtimestamp(include_by, UTC),
    )


def refuse_when_behind(*, now: datetime) -> None:
    """Refuse new deposits while the oldest unpublished entry is older than half the promise, or the log takes nothing any more.

    Cheap: the database is asked about once a second and process. What slips through in that second is promised half a day that the log
    still has; a log that was closed or frozen meanwhile is found out by `promise`.
    Raises LogBehind, LogClosed or LogFrozen.
    """
    # SPEC: formats A3: never promise what cannot be kept.
    backlog = _recent_backlog(now)
    _refuse_when_shut(backlog.closed, backlog.frozen)
    oldest = backlog.oldest_unpublished_at
    if oldest is not None and now - oldest > timedelta(seconds=settings.RECEIPT_PROMISE_S) / 2:
        raise LogBehind(retry_after_s=RETRY_AFTER_S, waiting_s=int((now - oldest).total_seconds()))


def _refuse_when_shut(closed: bool, frozen: bool) -> None:
    if closed:
        raise LogClosed(successor=_successor_address())
    if frozen:
        raise LogFrozen(retry_after_s=RETRY_AFTER_S)


def _successor_address() -> str:
    try:
        said = closing()
    except VerificationError:
        said = None  # a row that was damaged is fsck's to name; the refusal is no less true
    return _("未指定") if said is None or said.successor is None else said.successor.address


def _recent_backlog(now: datetime) -> Backlog:
    database = str(connection.settings_dict["NAME"])
    known = _backlog.get(database)
    if known is None or abs(now - known[0]) > BACKLOG_KEPT:
        known = _backlog[database] = (now, log_backlog())
    return known[1]


@lru_cache(maxsize=8)
def _receipt_key_id(origin: str, _path: Path) -> str:
    return receipt_signer(origin).verifier.key_id.hex()
