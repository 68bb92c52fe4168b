"""Promises and what became of them: each receipt can be signed again, each promised leaf is in the log or in the queue.

The database itself finds the missing leaves, by anti-joins with a temporary table: that needs no index and no memory here.
That the receipt's record numbers are those of the records is examined where records are known.
"""
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from common.bulk import insert_into
from ledger.fsck.finding import Finding
from ledger.fsck.snapshot import Examined
from ledger.keys import receipt_signer
from ledger.models import LogQueue, Receipt
from tlog.encoding import encode_base64
from tlog.errors import VerificationError
from tlog.merkle import leaf_hash
from tlog.note import Signer, sign_note
from tlog.receipt import Receipt as Promise
from tlog.receipt import open_receipt

CHUNK = 200

# The leaf hash of an entry, computed by the database. SQLite gets the function from us.
LEAF = {"postgresql": "sha256('\\x00'::bytea || entry)", "sqlite": "cunzheng_leaf_hash(entry)"}
LOST = """
    SELECT receipt, leaf FROM fsck_promised WHERE leaf NOT IN (SELECT leaf_hash FROM ledger_logqueue)
    AND NOT EXISTS (SELECT 1 FROM fsck_placed WHERE fsck_placed.leaf = fsck_promised.leaf) ORDER BY receipt
"""
BROKEN = """
    SELECT DISTINCT receipt FROM fsck_promised JOIN ledger_receipt ON ledger_receipt.id = receipt
    WHERE include_by < %s AND NOT EXISTS (SELECT 1 FROM fsck_placed WHERE fsck_placed.leaf = fsck_promised.leaf AND place < %s)
    ORDER BY receipt
"""
MOVED = """
    SELECT ledger_logqueue.id FROM ledger_logqueue JOIN fsck_promised ON leaf = leaf_hash JOIN ledger_receipt ON ledger_receipt.id = receipt
    WHERE queued_at <> received_at ORDER BY ledger_logqueue.id
"""
TWICE = """
    SELECT id FROM ledger_logqueue WHERE leaf_hash IN (SELECT leaf FROM fsck_placed) OR id IN (SELECT ticket FROM ledger_logentry)
    ORDER BY id
"""

# An entry without a ticket was replayed from storage, and its receipt may be lost with the rest.
UNPROMISED = """
    SELECT leaf FROM (
        SELECT leaf FROM fsck_placed JOIN ledger_logentry ON ledger_logentry."index" = place WHERE ticket IS NOT NULL
        UNION ALL SELECT leaf_hash FROM ledger_logqueue
    ) AS taken WHERE leaf NOT IN (SELECT leaf FROM fsck_promised) LIMIT 1
"""


def examine_promises(examined: Examined) -> Iterator[Finding]:
    signer = receipt_signer(examined.state.origin)
    _prepare()
    for receipt in Receipt.objects.order_by("id").iterator(chunk_size=CHUNK):
        yield from _receipt(receipt, signer)
    yield from _queue()
    for receipt_id, leaf in _select(LOST):
        promised = encode_base64(bytes(leaf))
        yield Finding(f"ledger_receipt {receipt_id}", f"the promised leaf {promised} is neither in the log nor in the queue")
    for (leaf,) in _select(UNPROMISED):
        yield Finding("ledger_receipt", f"no receipt promises every entry: that of leaf {encode_base64(bytes(leaf))}, for one, has none")
    for (receipt_id,) in _select(BROKEN, [_parameter(timezone.now()), examined.state.published_size]):
        yield Finding(f"ledger_receipt {receipt_id}", "the promise is broken: not published by include-by")
    for (ticket,) in _select(MOVED):
        yield Finding(f"ledger_logqueue {ticket}", "queued_at is not the time of its receipt")
    for (ticket,) in _select(TWICE):
        yield Finding(f"ledger_logqueue {ticket}", "the entry or its ticket is in the log already")


def _prepare() -> None:
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.connection.create_function("cunzheng_leaf_hash", 1, leaf_hash, deterministic=True)
    kind = "bytea" if connection.vendor == "postgresql" else "blob"
    _execute(f"CREATE TEMPORARY TABLE fsck_promised (receipt bigint, leaf {kind})")
    _execute(f'CREATE TEMPORARY TABLE fsck_placed AS SELECT "index" AS place, {LEAF[connection.vendor]} AS leaf FROM ledger_logentry')  # noqa: S608
    _execute("CREATE INDEX fsck_placed_leaf ON fsck_placed (leaf)")
    _execute("ANALYZE fsck_placed" if connection.vendor == "postgresql" else "ANALYZE temp.fsck_placed")


def _receipt(receipt: Receipt, signer: Signer) -> Iterator[Finding]:
    where = f"ledger_receipt {receipt.pk}"
    if receipt.key_id != signer.verifier.key_id.hex():
        yield Finding(where, "key_id is not that of the receipt key")
    try:
        promise = open_receipt(sign_note(receipt.text, [signer]), [signer.verifier])
    except (ValueError, VerificationError) as wrong:
        yield Finding(where, f"text: {wrong}")
        return
    if not _times_agree(promise, receipt.received_at, receipt.include_by):
        yield Finding(where, "received_at or include_by is not that of the text")
    insert_into("fsck_promised", {"receipt": "bigint", "leaf": "bytea"}, [(receipt.pk, leaf) for _, leaf in promise.leaves])


def _times_agree(promise: Promise, received_at: datetime, include_by: datetime) -> bool:
    # Receipts hold whole seconds; received_at keeps its fraction, include_by has none.
    return promise.received == int(received_at.timestamp()) and include_by == datetime.fromtimestamp(promise.include_by, UTC)


def _queue() -> Iterator[Finding]:
    last = last_ticket()
    for row in LogQueue.objects.order_by("id").iterator():
        where = f"ledger_logqueue {row.pk}"
        if leaf_hash(bytes(row.entry)) != bytes(row.leaf_hash):
            yield Finding(where, "the entry does not have the leaf hash that was promised")
        if row.pk > last:
            yield Finding(where, "this ticket was never given out")


def last_ticket() -> int:
    """The last ticket that was given out, whether or not its row is there still."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_get_serial_sequence('ledger_logqueue', 'id')")
            sequence = cursor.fetchone()[0]
        rows = _select(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608 - the database's own name
    else:
        rows = _select("SELECT seq FROM sqlite_sequence WHERE name = 'ledger_logqueue'")
    return int(rows[0][0]) if rows else 0


def _parameter(moment: datetime) -> str | datetime | None:
    """A moment as this database's driver takes it in a statement of our own."""
    value: str | datetime | None = connection.ops.adapt_datetimefield_value(moment)
    return value


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _select(statement: str, parameters: Sequence[int | str | datetime | None] = ()) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[Any] = cursor.fetchall()
        return rows
