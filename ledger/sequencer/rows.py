"""Bulk reads of queue and log, the same on both engines.

PostgreSQL sends a thousand rows as a handful of aggregates: one long bytes value and its lengths are decoded three times as
fast as three thousand values. SQLite does not need that.
"""
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Any

from django.db import connection

from ledger.sequencer.refusals import RowsMissing
from tlog.merkle import HASH_BYTES

QUEUED = "SELECT id, entry, leaf_hash, queued_at FROM ledger_logqueue ORDER BY id LIMIT %s"
PLACED = 'SELECT entry FROM ledger_logentry WHERE "index" >= %s AND "index" < %s ORDER BY "index"'
QUEUED_TOGETHER = f"""
    SELECT array_agg(id), string_agg(entry, ''), array_agg(octet_length(entry)), string_agg(leaf_hash, ''), min(queued_at)
    FROM ({QUEUED}) AS queued
"""  # noqa: S608
PLACED_TOGETHER = f"SELECT string_agg(entry, ''), array_agg(octet_length(entry)) FROM ({PLACED}) AS placed"  # noqa: S608


Queued = tuple[list[int], list[bytes], list[bytes], datetime | None]


def queued_rows(limit: int) -> Queued:
    """Tickets, entries and promised leaf hashes of the first `limit` queue rows in ticket order, and the earliest time among them."""
    if connection.vendor == "postgresql":
        tickets, entries, lengths, leaves, oldest = _one(QUEUED_TOGETHER, [limit])
        if not tickets:
            return [], [], [], None
        return tickets, _pieces(entries, lengths), _pieces(leaves, [HASH_BYTES] * len(tickets)), oldest
    rows = _all(QUEUED.replace("queued_at", "CAST(queued_at AS TEXT)"), [limit])
    # Django keeps UTC as text here, whose order is that of the times; one of them is parsed and not all.
    oldest = datetime.fromisoformat(min(row[3] for row in rows)).replace(tzinfo=UTC) if rows else None
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows], oldest


def placed_entries(start: int, end: int) -> list[bytes]:
    """The entries of the indices from `start` to before `end`. Raises RowsMissing."""
    if connection.vendor == "postgresql":
        joined, lengths = _one(PLACED_TOGETHER, [start, end])
        entries = _pieces(joined, lengths) if lengths else []
    else:
        entries = [row[0] for row in _all(PLACED, [start, end])]
    if len(entries) != end - start:
        raise RowsMissing(start=start, end=end)
    return entries


def _pieces(joined: memoryview, lengths: Sequence[int]) -> list[bytes]:
    data = bytes(joined)
    return [data[start:end] for start, end in pairwise(accumulate(lengths, initial=0))]


def _one(statement: str, parameters: Sequence[int]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()


def _all(statement: str, parameters: Sequence[int]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[Any] = cursor.fetchall()
        return rows
