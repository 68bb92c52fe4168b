"""Back up the test's database and put the copy back, once or often: a stale restore, on both engines."""
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit

from django.db import connection, connections
from psycopg2 import sql

from tests.databases import Template, administrator

Restore = Callable[[], None]


class Backup:
    """Callable; each call is one backup and, when the block ends, its restore. `keep` leaves it to the block when to restore."""

    def __init__(self, url: str, template: Template) -> None:
        self.url, self.template = url, template

    @contextmanager
    def __call__(self) -> Iterator[None]:
        if connection.vendor == "postgresql":
            with self._exchanged():
                yield
            return
        with self.keep() as restore:
            yield
            restore()

    def keep(self) -> AbstractContextManager[Restore]:
        """A backup for as long as the block lasts, and what puts it back, as often as it is called."""
        return self._sqlite() if connection.vendor == "sqlite" else self._postgres()

    @contextmanager
    def _sqlite(self) -> Iterator[Restore]:
        path = str(connection.settings_dict["NAME"])
        copied = sqlite3.connect(":memory:")
        with sqlite3.connect(path) as source:
            source.backup(copied)
        source.close()

        def restore() -> None:
            connections.close_all()
            with sqlite3.connect(path) as target:
                copied.backup(target)
            target.close()

        yield restore
        copied.close()

    @contextmanager
    def _postgres(self) -> Iterator[Restore]:
        name, kept = urlsplit(self.url).path[1:], self.template.run.name("backup")
        self._copy(name, kept)

        def restore() -> None:
            connections.close_all()
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            self._copy(kept, name)

        try:
            yield restore
        finally:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(kept)))

    @contextmanager
    def _exchanged(self) -> Iterator[None]:
        """What is put back once takes the other's place, instead of being copied a second time."""
        name, kept = urlsplit(self.url).path[1:], self.template.run.name("backup")
        self._copy(name, kept)
        try:
            yield
            connections.close_all()
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            self._run(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(kept), sql.Identifier(name)))
        finally:
            self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(kept)))

    def _copy(self, source: str, target: str) -> None:
        connections.close_all()
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(target), sql.Identifier(source)))

    def _run(self, statement: sql.Composable) -> None:
        with administrator(self.template.url) as cursor:
            cursor.execute(statement)
