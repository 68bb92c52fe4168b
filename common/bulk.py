"""Bulk inserts and reserved ids, the same call on PostgreSQL and SQLite.

Django's `bulk_create` is 3–5 times slower than COPY on PostgreSQL here, because a BinaryField switches its UNNEST path
off (measured); and a binary COPY costs a third of a text one. This module does not validate: constraints do. Values are what
the column's driver takes: int, str, bytes, aware datetime, None.
Where row-level security judges the rows (`common.tenancy`), PostgreSQL takes no COPY: rows go into a temporary table first, and from there
through the policies.
Source: postgresql.org/docs/15/sql-copy.html, "Binary Format", "Notes".
"""
import io
import json
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from django.db import connection, models
from django.db.backends.utils import CursorWrapper

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
        insert_into(insert.model._meta.db_table, _types(insert.model, insert.columns), insert.rows)


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    """`insert_all` for one table."""
    insert_all([Insert(model, columns, rows)])


def insert_into(table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Value]]) -> None:
    """Rows, at least one, for a table that may have no model, such as a temporary one; the caller sees to the transaction.

    `columns`: each column's name with its type, one of `_BINARY`; SQLite does not ask for types.
    """
    names = ", ".join(map(connection.ops.quote_name, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT row_security_active(%s)", [table])
            if cursor.fetchone()[0]:
                waiting = f"waiting_{table}"
                cursor.execute(  # once for a session
                    f"CREATE TEMPORARY TABLE IF NOT EXISTS {waiting} ON COMMIT DELETE ROWS AS TABLE {table} WITH NO DATA")
                _copy(cursor, waiting, names, columns, rows)
                # A second insert in this transaction must not find the rows of the first.
                cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {waiting}; TRUNCATE {waiting}")  # noqa: S608
            else:
                _copy(cursor, table, names, columns, rows)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", [[_sqlite(v) for v in row] for row in rows])  # noqa: S608


def _copy(cursor: CursorWrapper, table: str, names: str, columns: Mapping[str, str], rows: Sequence[Sequence[Value]]) -> None:
    raw: Any = cursor.cursor
    data = io.BytesIO(_binary(columns.values(), rows))
    with connection.wrap_database_errors:
        raw.copy_expert(f"COPY {table} ({names}) FROM STDIN WITH (FORMAT binary)", data, 1 << 20)


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


def _types(model: type[models.Model], columns: Sequence[str]) -> dict[str, str]:
    of_column = {field.column: field for field in model._meta.concrete_fields}
    return {column: str(of_column[column].db_type(connection)).partition("(")[0] for column in columns}


def _binary(types: Iterable[str], rows: Sequence[Sequence[Value]]) -> bytes:
    """Rows as a binary COPY: for each row the number of its columns, then each value with its length; a length of -1 is NULL."""
    # Column by column, because one loop for a thousand values of a type is twice as fast as a thousand calls for one value.
    fields = [_BINARY[type_](values) for type_, values in zip(types, zip(*rows, strict=True), strict=True)]
    counts = [struct.pack(">h", len(fields))] * len(rows)
    return b"".join([b"PGCOPY\n\xff\r\n\0" + bytes(8), *chain.from_iterable(zip(counts, *fields, strict=True)), b"\xff\xff"])


_NULL = b"\xff\xff\xff\xff"
_EIGHT, _FOUR, _LENGTH = struct.Struct(">iq").pack, struct.Struct(">ii").pack, struct.Struct(">i").pack
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def _eights(values: Iterable[Any]) -> list[bytes]:
    return [_NULL if value is None else _EIGHT(8, value) for value in values]


def _fours(values: Iterable[Any]) -> list[bytes]:
    return [_NULL if value is None else _FOUR(4, value) for value in values]


def _strings(values: Iterable[Any]) -> list[bytes]:
    return [_NULL if value is None else _LENGTH(len(value)) + value for value in values]


def _texts(values: Iterable[Any]) -> list[bytes]:
    return _strings([None if value is None else value.encode() for value in values])


def _moments(values: Iterable[Any]) -> list[bytes]:
    known: dict[datetime | None, bytes] = {None: _NULL}  # the rows of one deposit have one moment or two
    return [known.get(value) or known.setdefault(value, _EIGHT(8, (value - _EPOCH) // timedelta(microseconds=1))) for value in values]


_BINARY: dict[str, Callable[[Iterable[Any]], list[bytes]]] = {
    "bigint": _eights, "integer": _fours, "varchar": _texts, "text": _texts, "bytea": _strings, "timestamp with time zone": _moments,
}


def moment(value: datetime) -> datetime:
    """A time from a query that is not the ORM's: aware from PostgreSQL, naive UTC from SQLite."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _sqlite(value: Value) -> Value:
    """Django's SQLite columns hold naive UTC text for datetimes."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ") if isinstance(value, datetime) else value
