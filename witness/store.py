"""What the witness knows, in one SQLite file: the last checkpoint it cosigned of each log, the notes of that log seen lately, those
that contradict one another, what it refused, and the witness's own trouble.

`advance` is the one write that matters: compare-and-swap, durable on return (WAL with synchronous=FULL), before any signature
leaves the process. Two requests that raced for the same step cannot both win, whichever process they reached.

`remember` compares a note with every other of its size and log key; `advance` does the same in its own transaction, so that no note
is cosigned which was not compared.

What it does not do: verify. Callers store what they have verified.

Source: C2SP tlog-witness v1.0.0 ("the witness MUST persist the new checkpoint before returning"); sqlite.org/pragma.html.
"""
import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

KEPT_CONFLICTS = 100
"""Notes kept for each log as proof of misbehaviour; one pair suffices, and a log's key holder could send any number."""
KEPT_SEEN = 10_000
"""Notes remembered for each log, so that a second history is noticed at a size that was passed hours ago."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    origin TEXT NOT NULL PRIMARY KEY, size INTEGER NOT NULL CHECK (size >= 0), root BLOB NOT NULL CHECK (length(root) = 32),
    note BLOB NOT NULL, cosigned_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS conflict (
    origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL, seen_at INTEGER NOT NULL,
    PRIMARY KEY (origin, size, root)
) STRICT;
CREATE TABLE IF NOT EXISTS seen (
    origin TEXT NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL, key TEXT NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL,
    PRIMARY KEY (origin, number), UNIQUE (origin, size, key, root)
) STRICT;
CREATE TABLE IF NOT EXISTS refusal (
    origin TEXT NOT NULL PRIMARY KEY, count INTEGER NOT NULL, in_a_row INTEGER NOT NULL, reason TEXT NOT NULL, last_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS trouble (origin TEXT NOT NULL PRIMARY KEY, reason TEXT NOT NULL, since INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The last checkpoint cosigned of a log: size, root (32 bytes), the note with the log's verified lines, POSIX seconds."""

    size: int
    root: bytes
    note: bytes
    cosigned_at: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """A validly signed note that contradicts another of the same origin and size."""

    size: int
    root: bytes
    note: bytes
    seen_at: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A note under one key of its log: size, root (32 bytes), the key's name and ID as one text, the note's bytes."""

    size: int
    root: bytes
    key: str
    note: bytes


@dataclass(frozen=True, slots=True)
class Refusals:
    """Validly signed checkpoints that continued nothing: how many ever, how many since the last cosignature, why and when the last one."""

    count: int
    in_a_row: int
    reason: str
    last_at: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing of a log is cosigned, and since when (POSIX seconds)."""

    reason: str
    since: int


class Store:
    """The witness's SQLite file; safe to use from several threads. Raises sqlite3.Error when the disk fails."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=5)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # NORMAL would forget the last commits at a power cut, and the witness would sign what contradicts them.
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Whoever is at work on the file is waited for; who comes later gets sqlite3.Error."""
        with self._lock:
            self._connection.close()

    def latest(self, origin: str) -> Cosigned | None:
        """The last checkpoint cosigned of this log; None when there was none."""
        with self._reading() as cursor:
            row = cursor.execute("SELECT size, root, note, cosigned_at FROM log WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else Cosigned(*row)

    def advance(self, origin: str, expected: Cosigned | None, new: Cosigned, seen: Sequence[Statement] = ()) -> bool:
        """Replace `expected` by `new`, durable on return; False when another request was faster: that one stays then.

        What was `seen` is remembered and compared in either case: who loses a race may have signed another history.
        """
        with self._writing() as cursor:
            if expected is None:
                done = cursor.execute(
                    "INSERT INTO log (origin, size, root, note, cosigned_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (origin, new.size, new.root, new.note, new.cosigned_at))
            else:
                done = cursor.execute(
                    "UPDATE log SET size = ?, root = ?, note = ?, cosigned_at = ? WHERE origin = ? AND size = ? AND root = ?",
                    (new.size, new.root, new.note, new.cosigned_at, origin, expected.size, expected.root))
            won = done.rowcount == 1
            if won:
                cursor.execute("UPDATE refusal SET in_a_row = 0 WHERE origin = ? AND in_a_row > 0", (origin,))
            _remember(cursor, origin, seen, new.cosigned_at)
        return won

    def remember(self, origin: str, seen: Sequence[Statement], *, now: int) -> None:
        """Remember verified notes, and keep those that contradict one remembered earlier; `now` is POSIX seconds."""
        with self._writing() as cursor:
            _remember(cursor, origin, seen, now)

    def refuse(self, origin: str, seen: Sequence[Statement], reason: str, *, now: int) -> None:
        """`remember` what does not continue the log, and count it; `now` is POSIX seconds."""
        with self._writing() as cursor:
            cursor.execute(
                "INSERT INTO refusal (origin, count, in_a_row, reason, last_at) VALUES (?, 1, 1, ?, ?) ON CONFLICT (origin) DO UPDATE "
                "SET count = count + 1, in_a_row = in_a_row + 1, reason = excluded.reason, last_at = excluded.last_at",
                (origin, reason, now))
            _remember(cursor, origin, seen, now)

    def refusals(self, origin: str) -> Refusals | None:
        """None when nothing of this log was ever refused."""
        with self._reading() as cursor:
            row = cursor.execute("SELECT count, in_a_row, reason, last_at FROM refusal WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else Refusals(*row)

    def conflicts(self, origin: str) -> list[Conflict]:
        with self._reading() as cursor:
            rows = cursor.execute("SELECT size, root, note, seen_at FROM conflict WHERE origin = ? ORDER BY size, seen_at", (origin,))
            return [Conflict(*row) for row in rows]

    def trouble(self, origin: str) -> Trouble | None:
        with self._reading() as cursor:
            row = cursor.execute("SELECT reason, since FROM trouble WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else Trouble(*row)

    def set_trouble(self, origin: str, reason: str | None, *, now: int) -> None:
        """Say why nothing of this log is cosigned; None ends it. The time is that of the first such call."""
        with self._writing() as cursor:
            if reason is None:
                cursor.execute("DELETE FROM trouble WHERE origin = ?", (origin,))
            else:
                cursor.execute(
                    "INSERT INTO trouble (origin, reason, since) VALUES (?, ?, ?) "
                    "ON CONFLICT (origin) DO UPDATE SET reason = excluded.reason", (origin, reason, now))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Cursor]:
        with self._lock:
            yield self._connection.cursor()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Cursor]:
        with self._lock:
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    cursor.execute("ROLLBACK")
                raise


def _remember(cursor: sqlite3.Cursor, origin: str, seen: Sequence[Statement], now: int) -> None:
    paired: set[bytes] = set()
    for each in seen:
        other = cursor.execute(
            "SELECT root, note FROM seen WHERE origin = ? AND size = ? AND key = ? AND root <> ? ORDER BY number LIMIT 1",
            (origin, each.size, each.key, each.root)).fetchone()
        if other is not None and each.note not in paired:  # a note that two keys signed proves no more with the second one
            paired.add(each.note)
            _keep_pair(cursor, origin, (Conflict(each.size, other[0], other[1], now), Conflict(each.size, each.root, each.note, now)))
        if cursor.execute(
            "SELECT 1 FROM seen WHERE origin = ? AND size = ? AND key = ? AND root = ?", (origin, each.size, each.key, each.root)
        ).fetchone() is None:
            [number] = cursor.execute("SELECT coalesce(max(number), 0) + 1 FROM seen WHERE origin = ?", (origin,)).fetchone()
            cursor.execute(
                "INSERT INTO seen (origin, number, size, key, root, note) VALUES (?, ?, ?, ?, ?, ?)",
                (origin, number, each.size, each.key, each.root, each.note))
            # The numbers of one log have no gaps, so those that are left are `KEPT_SEEN` at most.
            cursor.execute("DELETE FROM seen WHERE origin = ? AND number <= ?", (origin, number - KEPT_SEEN))


def _keep_pair(cursor: sqlite3.Cursor, origin: str, pair: tuple[Conflict, Conflict]) -> None:
    """Keep both notes, each once, or neither: half a pair proves nothing."""
    missing = [each for each in pair if cursor.execute(
        "SELECT 1 FROM conflict WHERE origin = ? AND size = ? AND root = ?", (origin, each.size, each.root)).fetchone() is None]
    if missing:
        logger.error("the log %s signed two roots of size %s", origin, pair[0].size)
    [kept] = cursor.execute("SELECT count(*) FROM conflict WHERE origin = ?", (origin,)).fetchone()
    if kept + len(missing) > KEPT_CONFLICTS:
        return
    for each in missing:
        cursor.execute(
            "INSERT INTO conflict (origin, size, root, note, seen_at) VALUES (?, ?, ?, ?, ?)",
            (origin, each.size, each.root, each.note, each.seen_at))
