"""A database of its own for each test, copied from a migrated template: SQLite by file copy, PostgreSQL by CREATE DATABASE … TEMPLATE.

The append-only guards refuse Django's flush, and many tests run other processes against the same database, so a test's
transaction would hide what they see. SQLite's template is kept between runs for as long as no migration and no requirement changes.
"""
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".pytest_cache"


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


class Template:
    """A migrated database, and copies of it. `url` is DATABASE_URL of the test run; "" means SQLite.

    `web`: on PostgreSQL the role that web processes work as (docs/adr/0019), with its privileges in every copy; "" on SQLite.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.name = f"cunzheng_template_{secrets.token_hex(4)}"
        if url:
            with administrator(url) as cursor:
                cursor.execute(f"CREATE DATABASE {self.name}")
            self._manage(renamed(url, self.name), "migrate", "-v0")
            self.web = f"cunzheng_web_{secrets.token_hex(4)}"
            self._manage(renamed(url, self.name), "web_role", self.web)
            return
        self.web = ""
        kept = KEPT / f"template-{digest_of_migrations()}.sqlite3"
        if not kept.exists():
            self._manage(f"sqlite:///{folder / 'made.sqlite3'}", "migrate", "-v0")
            KEPT.mkdir(exist_ok=True)
            # Whole or not at all: another run may look at this moment.
            shutil.copy(folder / "made.sqlite3", KEPT / self.name)
            (KEPT / self.name).rename(kept)
        shutil.copy(kept, folder / "template.sqlite3")

    def _manage(self, url: str, *words: str) -> None:
        # Measured, a migration takes three times as long; `tests/repository` and the upgrade tests measure them.
        plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        environment = {**plain, "DATABASE_URL": url, "CUNZHENG_VAR": str(self.folder)}
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)

    @contextmanager
    def copy(self, folder: Path) -> Iterator[str]:
        """The URL of a fresh copy, dropped afterwards."""
        if not self.url:
            shutil.copy(self.folder / "template.sqlite3", folder / "db.sqlite3")
            yield f"sqlite:///{folder / 'db.sqlite3'}"
            return
        name = f"cunzheng_test_{secrets.token_hex(6)}"
        with administrator(self.url) as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {self.name}")
        try:
            yield renamed(self.url, name)
        finally:
            with administrator(self.url) as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def drop(self) -> None:
        if self.url:
            with administrator(self.url) as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
                cursor.execute(f"DROP ROLE IF EXISTS {self.web}")
