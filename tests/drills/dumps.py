"""A dump of an installation's database, taken while it runs, and its restore: what an operator's backup does, on both engines."""
import sqlite3
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from tests.databases import administrator, renamed
from tests.drills.installations import Installation


def dump(place: Installation, file: Path) -> None:
    if place.database.startswith("sqlite"):
        copy(database_file(place), file)
    else:
        subprocess.run(["pg_dump", "--format=custom", f"--file={file}", place.database], check=True)


def restore(place: Installation, file: Path) -> None:
    """Put the dump in the place of the database; no process of the installation may run."""
    if place.database.startswith("sqlite"):
        copy(file, database_file(place))
        return
    name = urlsplit(place.database).path[1:]
    with administrator(renamed(place.database, "postgres")) as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name}")
    subprocess.run(["pg_restore", f"--dbname={place.database}", str(file)], check=True)


def database_file(place: Installation) -> Path:
    return Path(place.database.removeprefix("sqlite:///"))


def copy(source: Path, target: Path) -> None:
    """By SQLite itself, so that what stands in the WAL comes along, and none of the target's is left."""
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()
