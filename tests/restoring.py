"""Puts a PostgreSQL database that a test has used back to what its template holds, or says that it cannot.

Making a database of a template costs half a second of a processor, and a test writes into a dozen of a hundred tables. So rows are
deleted where there are some, those of the template are put back, and so are the sequences. What is more than rows is not mended: after a
change of the schema, of privileges, of policies or of the database's own settings the answer is None, and the caller drops the database.

It works as a superuser, whom neither append-only triggers nor policies bind. Not for SQLite, whose template is one small file to copy.
"""
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

MUCH_BYTES = 24 * 1024 * 1024
"""A database that has grown by so much is not cleaned: a new one is cheaper, and indexes would stay large."""
GONE_WITHIN_MS = 5_000
OWN_OIDS = 16_384
"""An object with a smaller oid is PostgreSQL's own."""
TABLES = f"relkind IN ('r', 'p', 'm') AND relpersistence <> 't' AND oid >= {OWN_OIDS}"
LAST_VALUES = (
    "SELECT format('%I.%I', schemaname, sequencename)::regclass::oid, start_value, last_value FROM pg_sequences WHERE schemaname !~ '^pg_'")
Said = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a clean database is like: `counts` of the rows of each catalog, of which none was made after `transaction`, and what `said_of`
    says of it."""

    counts: Mapping[str, int]
    transaction: int
    said: Said


class Original:
    """What a template holds, and how a copy of it is brought back there. Made over a connection to the template."""

    def __init__(self, cursor: "cursor") -> None:
        self._tables: dict[int, str] = dict(_all(cursor, f"SELECT oid, oid::regclass::text FROM pg_class WHERE {TABLES}"))
        self._rows = {oid: rows for oid, name in self._tables.items() if (rows := _read(cursor, name))}
        self._sequences = {oid: (start, last) for oid, start, last in _all(cursor, LAST_VALUES)}
        self._planned = _all(cursor, f"SELECT oid, relpages, reltuples, relallvisible FROM pg_class WHERE {TABLES}")
        self._catalogs: list[str] = [name for name, in _all(
            cursor, "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace"
            " AND NOT relisshared AND relname NOT IN ('pg_statistic', 'pg_statistic_ext_data')")]
        self._bytes = _one(cursor, "SELECT pg_database_size(current_database())")

    def mark(self, cursor: "cursor") -> Mark:
        """Of the database that is connected, which is as the template is."""
        transaction = _one(cursor, "SELECT pg_current_xact_id()::xid::text::bigint")
        counts = {name: count for name, count, _ in self._counted(cursor, transaction)}
        return Mark(counts, transaction, said_of(cursor, connected(cursor)))

    def restore(self, cursor: "cursor", before: Mark) -> Mark | None:
        """Clean the database that is connected, which was like `before`; its new mark, or None: drop it.

        Whoever else is connected to it is disconnected first. Raises psycopg2.Error, for example when a trigger fires in spite of all.
        """
        if not _alone(cursor) or not self.unchanged(cursor, before):
            return None
        if _one(cursor, "SELECT pg_database_size(current_database())") > self._bytes + MUCH_BYTES:
            return None
        cursor.execute("SET synchronous_commit = off; SET session_replication_role = replica; SET allow_system_table_mods = on")
        if written := self._written(cursor):
            self._put_rows_back(cursor, written)
        self._put_sequences_back(cursor)
        self._forget_statistics(cursor)
        return self.mark(cursor) if _alone(cursor) else None

    def unchanged(self, cursor: "cursor", before: Mark) -> bool:
        """Whether schema and rights are those of `before`: no row of a catalog was made or went since. What was rolled back leaves none."""
        counted = self._counted(cursor, before.transaction)
        same = all(count == before.counts[name] and not newer for name, count, newer in counted)
        return same and said_of(cursor, connected(cursor)) == before.said

    def _counted(self, cursor: "cursor", transaction: int) -> list[tuple[str, int, int]]:
        """(catalog, rows, rows made after that transaction) of each; without the schemas of temporary tables, which outlive these."""
        parts = (
            f"SELECT '{name}', count(*), count(*) FILTER (WHERE age(xmin) < age('{transaction}'::xid)) FROM {name}"
            + (" WHERE nspname !~ '^pg_(toast_)?temp_'" if name == "pg_namespace" else "")
            for name in self._catalogs)
        return _all(cursor, " UNION ALL ".join(parts))

    def _written(self, cursor: "cursor") -> list[int]:
        """Tables that are not what they were. One without rows in the template has not even a page, unless something was written to it."""
        sizes = _all(cursor, f"SELECT oid FROM pg_class WHERE {TABLES} AND pg_relation_size(oid) > 0")
        emptied = self._rows.keys() - {oid for oid, in sizes}
        return [*emptied, *(oid for oid, in sizes if oid not in self._rows or _read(cursor, self._tables[oid]) != self._rows[oid])]

    def _put_rows_back(self, cursor: "cursor", written: Sequence[int]) -> None:
        names = [self._tables[oid] for oid in written]
        cursor.execute("BEGIN;" + "".join(f"DELETE FROM {name};" for name in names) + "COMMIT")
        # The pages go too, so that the next rows come in the order in which they come into a new table.
        cursor.execute(f"VACUUM (INDEX_CLEANUP ON, PARALLEL 0) {', '.join(names)}")
        for oid in written:
            if rows := self._rows.get(oid):
                cursor.copy_expert(f"COPY {self._tables[oid]} FROM STDIN", io.BytesIO(rows))

    def _put_sequences_back(self, cursor: "cursor") -> None:
        for oid, start, last in _all(cursor, LAST_VALUES):
            if (start, last) != self._sequences[oid]:
                first, kept = self._sequences[oid]
                cursor.execute("SELECT setval(%s::regclass, %s, %s)", [oid, first if kept is None else kept, kept is not None])

    def _forget_statistics(self, cursor: "cursor") -> None:
        """Or what autovacuum found out about rows that are gone would make the next test's plans others than those of a new database."""
        empty = [oid for oid in self._tables if oid not in self._rows]
        cursor.execute("DELETE FROM pg_statistic WHERE starelid = ANY(%s::oid[])", [empty])
        known = ", ".join(f"({oid}::oid, {pages}, {tuples}::real, {visible})" for oid, pages, tuples, visible in self._planned)
        cursor.execute(
            "UPDATE pg_class c SET relpages = v.pages, reltuples = v.tuples, relallvisible = v.visible"
            f" FROM (VALUES {known}) AS v (oid, pages, tuples, visible)"
            " WHERE c.oid = v.oid AND (c.relpages, c.reltuples, c.relallvisible) <> (v.pages, v.tuples, v.visible)")


def said_of(cursor: "cursor", database: str) -> Said:
    """What the server's shared catalogs say of a database: owner, limits, privileges, settings, how many rights roles have in it."""
    return _all(
        cursor,
        "SELECT datdba, datistemplate, datallowconn, datconnlimit, datacl::text,"
        " (SELECT string_agg(s::text, ' ' ORDER BY setrole) FROM pg_db_role_setting s WHERE setdatabase = d.oid),"
        " (SELECT count(*) FROM pg_shdepend WHERE dbid = d.oid) FROM pg_database d WHERE datname = %s", [database])


def connected(cursor: "cursor") -> str:
    """The database's name."""
    return str(_one(cursor, "SELECT current_database()"))


def _alone(cursor: "cursor") -> bool:
    """End every other session of this database; whether that could be done."""
    ended = _all(cursor, "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE datname = current_database()"
                 " AND pid <> pg_backend_pid()", [GONE_WITHIN_MS])
    return all(done for done, in ended)


def _read(cursor: "cursor", table: str) -> bytes:
    rows = io.BytesIO()
    cursor.copy_expert(f"COPY {table} TO STDOUT", rows)
    return rows.getvalue()


def _all(cursor: "cursor", statement: str, values: Sequence[object] | None = None) -> Said:
    cursor.execute(statement, values)
    return cursor.fetchall()


def _one(cursor: "cursor", statement: str) -> Any:
    return _all(cursor, statement)[0][0]
