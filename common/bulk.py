"""Bulk inserts and reserved ids, the same call on PostgreSQL and SQLite.

Django's `bulk_create` is 3–5 times slower than COPY on PostgreSQL here, because a BinaryField switches its UNNEST path
off (measured). This module does not validate: constraints do. Values are what the column's driver takes: int, str, bytes,
aware datetime, None.
"""
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models

Value = int | str | bytes | datetime | None


FEW_ROWS = 40
"""Up to so many rows, one statement's text is cheaper than a COPY for each table."""


@dataclass(frozen=True, slots=True)
class Insert:
    """Rows for one table, not written yet: one value for each of `columns`, which are database column names."""

    model: type[models.Model]
    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]


def insert_all(inserts: Sequence[Insert]) -> None:
    """Write rows of several tables in this order inside the caller's transaction; a few rows go in one round trip.

    Raises django.db.IntegrityError when a constraint refuses one of them; none is inserted then.
    """
    assert connection.in_atomic_block, "a bulk insert belongs in a transaction"
    filled = [insert for insert in inserts if insert.rows]
    if connection.vendor == "postgresql" and 0 < sum(len(insert.rows) for insert in filled) <= FEW_ROWS:
        with connection.cursor() as cursor:
            cursor.execute(";".join(map(_statement, filled)), [value for insert in filled for row in insert.rows for value in row])
        return
    for insert in filled:
        insert_into(insert.model._meta.db_table, insert.columns, insert.rows)


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """`insert_all` for one table."""
    insert_all([Insert(model, columns, list(rows))])


def insert_into(table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """`insert_rows` for a table that has no model, such as a temporary one; the caller sees to the transaction."""
    if connection.vendor == "postgresql":
        _copy(table, columns, rows)
        return
    names, marks = ", ".join(map(connection.ops.quote_name, columns)), ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", [[_sqlite(v) for v in row] for row in rows])  # noqa: S608


def delete_rows(model: type[models.Model], ids: Sequence[int]) -> int:
    """Delete the rows with these primary keys inside the caller's transaction; the number that were there."""
    assert connection.in_atomic_block, "a bulk delete belongs in a transaction"
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DELETE FROM {table} WHERE id = ANY(%s)", [list(ids)])  # noqa: S608
        else:
            cursor.execute(f"DELETE FROM {table} WHERE id IN (SELECT value FROM json_each(%s))", [json.dumps(list(ids))])  # noqa: S608
        return int(cursor.rowcount)


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """`reserve` for one table."""
    return reserve({model: count})[model]


def reserve(counts: Mapping[type[models.Model], int]) -> dict[type[models.Model], list[int]]:
    """So many primary keys of each model, ascending, that no other row will get; call inside the transaction that inserts them."""
    tables = {model._meta.db_table: (model, count) for model, count in counts.items()}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # An identity column's sequence has this name for ever; looking it up in the catalogue would cost more than nextval.
            each = ", ".join(f"ARRAY(SELECT nextval('{table}_id_seq') FROM generate_series(1, %s))" for table in tables)  # noqa: S608
            cursor.execute(f"SELECT {each}", list(counts.values()))
            return {model: sorted(ids) for model, ids in zip(counts, cursor.fetchone(), strict=True)}
        # The IMMEDIATE transaction holds the only write lock, so nobody else inserts between this read and our rows.
        cursor.execute("SELECT name, seq FROM sqlite_sequence")
        last = dict(cursor.fetchall())
    return {model: list(range(last.get(table, 0) + 1, last.get(table, 0) + 1 + count)) for table, (model, count) in tables.items()}


def _statement(insert: Insert) -> str:
    names = ", ".join(map(connection.ops.quote_name, insert.columns))
    row = f"({', '.join(['%s'] * len(insert.columns))})"
    return f"INSERT INTO {insert.model._meta.db_table} ({names}) VALUES {', '.join([row] * len(insert.rows))}"  # noqa: S608


def _copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    # One look-up by type for each value: an isinstance chain would cost as much as the COPY itself.
    text = io.StringIO("".join(["\t".join([_COPIED[type(value)](value) for value in row]) + "\n" for row in rows]))
    with connection.cursor() as cursor:
        raw: Any = cursor.cursor
        with connection.wrap_database_errors:
            raw.copy_expert(f"COPY {table} ({', '.join(map(connection.ops.quote_name, columns))}) FROM STDIN", text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


# Values in COPY's text format.
_COPIED: dict[type, Callable[[Any], str]] = {
    int: str,
    str: _escaped,
    bytes: lambda value: "\\\\x" + value.hex(),
    datetime: datetime.isoformat,
    type(None): lambda _: "\\N",
}


def moment(value: datetime) -> datetime:
    """A time from a query that is not the ORM's: aware from PostgreSQL, naive UTC from SQLite."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _sqlite(value: Value) -> Value:
    """Django's SQLite columns hold naive UTC text for datetimes."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ") if isinstance(value, datetime) else value
