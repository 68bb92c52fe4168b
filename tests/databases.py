"""A database of its own for each test, like a migrated template: SQLite by file copy, PostgreSQL by CREATE DATABASE … TEMPLATE.

The append-only guards refuse Django's flush, and many tests run other processes against the same database, so a test's
transaction would hide what they see. SQLite's template is kept between runs for as long as no migration and no requirement changes.
PostgreSQL's databases are used again once `tests.restoring` has put them back; under another name, so that no process that a test left
behind finds them. Their names tell the run that made them, and a run that was killed leaves them to the next one, which drops them.
"""
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from tests.restoring import Mark, Original, said_of

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".pytest_cache"
RUN = "cunzheng_run_"


def renamed(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", "", ""))


@contextmanager
def administrator(url: str) -> Iterator["psycopg2.extensions.cursor"]:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def digest_of_migrations() -> str:
    """Of what decides what a migrated database holds: our migrations and what they use, the packages with theirs, the settings."""
    files = [*ROOT.glob("*/migrations/*.py"), *ROOT.glob("common/*.py"), ROOT / "requirements.txt", ROOT / "config" / "settings.py"]
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{path.relative_to(ROOT)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return whole.hexdigest()[:16]


class Run:
    """One run of tests on a PostgreSQL server. What it makes there has names that begin with `prefix`; a lock tells that it lives."""

    def __init__(self, url: str) -> None:
        self.url = renamed(url, "postgres")
        token = secrets.token_hex(4)
        self.prefix = f"{RUN}{token}_"
        # The lock is as old as the connection, and the connection ends with this process, however that ends.
        self._lock = psycopg2.connect(self.url)
        self._lock.autocommit = True
        with self._lock.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [int(token, 16)])

    def name(self, kind: str) -> str:
        return f"{self.prefix}{kind}_{secrets.token_hex(4)}"

    def end(self) -> None:
        """Drop what is left of this run; what may go with it, of runs that were killed, too."""
        with administrator(self.url) as cursor:
            drop_all(cursor, [*killed(cursor), self.prefix])
        self._lock.close()


def drop_left_behind(url: str) -> list[str]:
    """Drop what runs that were killed left on this server; their prefixes."""
    with administrator(renamed(url, "postgres")) as cursor:
        dead = killed(cursor)
        drop_all(cursor, dead)
        return dead


def killed(cursor: "psycopg2.extensions.cursor") -> list[str]:
    """Prefixes of runs that live no more. They are locked until this session ends, so that nobody else drops the same."""
    cursor.execute(
        f"SELECT DISTINCT substring(name from '^{RUN}([0-9a-f]{{8}})_') FROM (SELECT datname FROM pg_database UNION ALL"
        f" SELECT rolname FROM pg_roles) AS those (name) WHERE name ~ '^{RUN}[0-9a-f]{{8}}_'")
    dead = []
    for token, in cursor.fetchall():
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [int(token, 16)])
        if cursor.fetchone() == (True,):
            dead.append(f"{RUN}{token}_")
    return dead


def drop_all(cursor: "psycopg2.extensions.cursor", prefixes: Sequence[str]) -> None:
    """Databases with such names, and then roles, which may have rights in any of them; not those of a role in somebody else's."""
    cursor.execute("SELECT datname FROM pg_database WHERE datname ^@ ANY(%s)", [list(prefixes)])
    for name, in cursor.fetchall():
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname ^@ ANY(%s)", [list(prefixes)])
    for name, in cursor.fetchall():
        with suppress(psycopg2.errors.DependentObjectsStillExist):
            cursor.execute(f"DROP ROLE IF EXISTS {name}")


class Template:
    """A migrated database, and copies of it. `url` is DATABASE_URL of the test run; "" means SQLite.

    `web`: on PostgreSQL the role that web processes work as (docs/adr/0019), with its privileges in every copy; "" on SQLite.
    """

    def __init__(self, url: str, folder: Path, *, made: str = "") -> None:
        """`made`: on PostgreSQL the prefix of a run that made the template already, and lives as long as this one."""
        self.url, self.folder, self.web = url, folder, ""
        if url:
            self.run = Run(url)
            prefix = made or self.run.prefix
            self.name, self.web = f"{prefix}template", f"{prefix}web"
            if not made:
                drop_left_behind(url)
                self._make_postgres()
            self._learn()
            return
        kept = KEPT / f"template-{digest_of_migrations()}.sqlite3"
        if not kept.exists():
            self.manage(f"sqlite:///{folder / 'made.sqlite3'}", "migrate", "-v0")
            KEPT.mkdir(exist_ok=True)
            # Whole or not at all: another run may look at this moment.
            half = KEPT / f"template-{secrets.token_hex(4)}.half"
            shutil.copy(folder / "made.sqlite3", half)
            half.rename(kept)
        shutil.copy(kept, folder / "template.sqlite3")

    def _make_postgres(self) -> None:
        with administrator(self.url) as cursor:
            cursor.execute(f"CREATE DATABASE {self.name}")
        self.manage(renamed(self.url, self.name), "migrate", "-v0")
        self.manage(renamed(self.url, self.name), "web_role", self.web)

    def _learn(self) -> None:
        """What a clean copy is like, from one: who is connected to the template itself keeps others from copying it."""
        name = self.run.name("test")
        with administrator(self.url) as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {self.name}")
        with administrator(renamed(self.url, name)) as cursor:
            self.original = Original(cursor)
            self._fresh = self.original.mark(cursor)
        self._spare = [(name, self._fresh)]

    def manage(self, url: str, *words: str, var: Path | None = None) -> None:
        """`manage.py <words>` on a database like this one, with the template's folder or `var`."""
        # Measured, a migration takes three times as long, and migrations are no part of what coverage judges.
        plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        environment = {**plain, "DATABASE_URL": url, "CUNZHENG_VAR": str(var or self.folder)}
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)

    def empty(self, url: str) -> None:
        """Take every table out of a copy: an early migration is reached sooner from there than back from the newest."""
        if url.startswith("sqlite:///"):
            Path(url.removeprefix("sqlite:///")).write_bytes(b"")
            return
        with administrator(url) as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")

    def migrate(self, url: str, var: Path, *target: str) -> None:
        """A copy, back to an earlier migration, or up to the newest, with the rights of the web's role."""
        self.manage(url, "migrate", "-v0", *target, var=var)
        if self.web and not target:
            # As the manual says: tables that a migration made are the web's only after this.
            self.manage(url, "web_role", self.web, var=var)

    @contextmanager
    def copy(self, folder: Path) -> Iterator[str]:
        """The URL of a database that holds what the template holds and nothing more."""
        if not self.url:
            # In a folder of its own, with the files that SQLite puts beside it, so that all of them can go away at once.
            place = folder / "database"
            place.mkdir(exist_ok=True)
            shutil.copy(self.folder / "template.sqlite3", place / "db.sqlite3")
            yield f"sqlite:///{place / 'db.sqlite3'}"
            return
        name, mark = self._taken()
        try:
            yield renamed(self.url, name)
        finally:
            self._give_back(name, mark)

    def _taken(self) -> tuple[str, Mark]:
        if self._spare:
            return self._spare.pop()
        name = self.run.name("test")
        with administrator(self.url) as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {self.name}")
            return name, replace(self._fresh, said=said_of(cursor, name))

    def _give_back(self, name: str, mark: Mark) -> None:
        try:
            with administrator(renamed(self.url, name)) as cursor:
                clean = self.original.restore(cursor, mark)
            if clean is not None:
                spare = self.run.name("test")
                with administrator(self.url) as cursor:
                    # Refused while anybody is connected, who may have written since.
                    cursor.execute(f"ALTER DATABASE {name} RENAME TO {spare}")
                self._spare.append((spare, clean))
                return
        except psycopg2.Error as error:
            print(f"{name} is made anew: {error}")
        with administrator(self.url) as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def drop(self) -> None:
        if self.url:
            self.run.end()
