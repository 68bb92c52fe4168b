"""ObjectStore: the only way durable bytes are written outside the database.

Django's default storage renames on collision and does not fsync, and S3 back ends overwrite; nothing durable goes there.
Here a name is written once: `put_new` is durable when it returns, and an existing name must hold equal bytes. Objects are
never changed. This module knows nothing of evidence, tiles or encryption.
Source: design.md §3 "Durable storage"; fsyncgate (lwn.net/Articles/752063): a failed fsync is never retried on the same file.
"""
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*", re.ASCII)
TEMPORARY = ".tmp-"
BLOCK = 1 << 20
WRITE_AHEAD = 4 << 20
WRITERS = 8
REMEMBERED_FOLDERS = 20_000
# Folders whose entries this process has made durable; each process syncs a folder's parents once.
_durable_folders: set[Path] = set()


class ObjectConflictError(Exception):
    """A name that is already taken holds other bytes: fatal, somebody broke the write-once rule."""


class ObjectStore(Protocol):
    def put_new(self, name: str, chunks: Iterable[bytes]) -> None:
        """Store under `name`, durable on return.

        Raises ObjectConflictError when the name exists with other bytes, OSError when it is not stored.
        """

    def put_all(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """`put_new` for many small objects at once, in no promised order; durable on return. After an error any of them may be stored."""

    def open(self, name: str) -> BinaryIO:
        """Raises FileNotFoundError."""

    def delete(self, name: str) -> None:
        """Absent names are no error."""

    def list(self, prefix: str) -> Iterator[str]:
        """Names that begin with `prefix`, a folder ending in "/" or "", in no promised order."""

    def stored_at(self, name: str) -> datetime:
        """When the object was stored, aware UTC. Raises FileNotFoundError."""

    def clear_leftovers(self, older_than: datetime) -> int:
        """Remove what interrupted writes left behind before that time; the number removed."""


class StoreAwayError(OSError):
    """The folder of the store is not there: a disk that is not mounted, and not a store without objects."""


class FileObjectStore:
    """Objects as files below `root`; where the store does not `make` that folder itself, its absence raises StoreAwayError."""

    def __init__(self, root: Path, *, make: bool = True) -> None:
        self.root = root
        self.make = make

    def put_new(self, name: str, chunks: Iterable[bytes]) -> None:
        _sync_folder(self._place(name, chunks))

    def put_all(self, objects: Iterable[tuple[str, bytes]]) -> None:
        # Threads, because file systems answer many waiting fsyncs at once; and each folder is synced once for all its files.
        with ThreadPoolExecutor(WRITERS) as writers:
            placed = [writers.submit(self._place, name, [data]) for name, data in objects]
            list(writers.map(_sync_folder, {future.result() for future in placed}))

    def _place(self, name: str, chunks: Iterable[bytes]) -> Path:
        """Write the object's file; the folder whose entry for it is not durable yet."""
        path = self._path(name)
        _make_folders(self.root, path.parent)
        temporary = path.parent / f"{TEMPORARY}{secrets.token_hex(8)}"
        try:
            _write_durably(temporary, chunks)
            try:
                # link() refuses an existing name, where rename() would replace it.
                os.link(temporary, path)
            except FileExistsError:
                if not _equal(temporary, path):
                    raise ObjectConflictError(name) from None
        finally:
            temporary.unlink(missing_ok=True)
        return path.parent

    def open(self, name: str) -> BinaryIO:
        return self._path(name).open("rb")

    def delete(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def list(self, prefix: str) -> Iterator[str]:
        self._must_be_there()
        start = self.root / prefix
        for folder, _, files in os.walk(start):
            for file in files:
                if not file.startswith(TEMPORARY):
                    yield Path(folder, file).relative_to(self.root).as_posix()

    def stored_at(self, name: str) -> datetime:
        return _modified_at(self._path(name))

    def clear_leftovers(self, older_than: datetime) -> int:
        count = 0
        for folder, _, files in os.walk(self.root):
            for path in (Path(folder, file) for file in files if file.startswith(TEMPORARY)):
                # Most of them belong to writes that end at this very moment.
                with suppress(FileNotFoundError):
                    if _modified_at(path) < older_than:
                        path.unlink()
                        count += 1
        return count

    def _path(self, name: str) -> Path:
        self._must_be_there()
        return self.root / checked_name(name)

    def _must_be_there(self) -> None:
        if not self.make and not self.root.is_dir():
            raise StoreAwayError(f"no such folder: {self.root.name}")


def checked_name(name: str) -> str:
    """The name, once it is one. Raises ValueError."""
    if not NAME.fullmatch(name):
        raise ValueError(f"not an object name: {name!r}")
    return name


def _modified_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _write_durably(path: Path, chunks: Iterable[bytes]) -> None:
    with path.open("xb") as file:
        begun = written = 0
        for chunk in chunks:
            written += file.write(chunk)
            if written - begun >= WRITE_AHEAD:
                # The kernel begins to write these pages now. Without it a large file's fsync starts from nothing, and the
                # cache fills with originals that nobody reads soon. An error of this write is still fsync's to report.
                os.posix_fadvise(file.fileno(), begun, written - begun, os.POSIX_FADV_DONTNEED)
                begun = written
        file.flush()
        os.fsync(file.fileno())


def _make_folders(root: Path, folder: Path) -> None:
    """mkdir -p; on return every directory entry from `root` down is durable in its parent."""
    if folder in _durable_folders and folder.is_dir():
        return
    if folder != root:
        _make_folders(root, folder.parent)
    # That a folder exists says nothing: whoever made it may have died, failed or not come to its fsync yet.
    folder.mkdir(parents=True, exist_ok=True)
    _sync_folder(folder.parent)
    if len(_durable_folders) >= REMEMBERED_FOLDERS:
        _durable_folders.clear()
    _durable_folders.add(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _equal(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as a, other.open("rb") as b:
        while block := a.read(BLOCK):
            if block != b.read(BLOCK):
                return False
    return True
