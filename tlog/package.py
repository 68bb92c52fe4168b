"""Examine an evidence package (证据包): the one entry point that opens files.

    report = examine_package("case.asice", trust="trusted/", now=datetime.now(UTC))
    report.exit_code    # 0 every required check passed, 2 something failed, 3 incomplete

What it is for: a court, a notary or a party holds a file and wants to know what it proves, offline, years later, without
believing the service that made it. `trust` is a folder of keys, policies and roots that was obtained elsewhere.

What it does not do: network, changing or unpacking anything. How each part is judged stands in `tlog.examination`.

Source: formats of this project, A5 to A7.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from tlog.errors import VerificationError
from tlog.examination.archive import BLOCK
from tlog.examination.contents import digest_of
from tlog.examination.examiner import examine
from tlog.examination.manifest import Digest
from tlog.examination.trust import MAX_TRUST_FILE, TRUST_FILE
from tlog.report import Check, Report

__all__ = ["Check", "Report", "examine_package"]

AnyPath = str | os.PathLike[str]


def examine_package(
    path: AnyPath, *, trust: AnyPath | None = None, file: AnyPath | Sequence[AnyPath] | None = None, now: datetime | None = None
) -> Report:
    """Examine the package at `path` and report every check of A6.

    `trust` is a folder with the layout of the package's `trust/`; None uses the package's own, which leaves the report
    incomplete. `file` is an original, or several, that the package does not hold. `now` is an aware time, the examiner's
    clock; None leaves the report incomplete, because a timestamp from the future would not be noticed.

    Raises:
        OSError: a file or folder that cannot be read, or a trust file that is too large to be one.
        ValueError: `now` is naive.
    """
    if now is not None and now.tzinfo is None:
        raise ValueError("examine_package: now is a naive datetime")
    files = [] if file is None else [file] if isinstance(file, (str, os.PathLike)) else list(file)
    trusted = None if trust is None else _read_trust(Path(trust))
    given = {f"--file {os.fspath(name)}": _digest(Path(name)) for name in files}
    # Opening a pipe or a device could wait for ever.
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
    with Path(path).open("rb") as stream:
        return examine(FileSource(stream, os.fstat(stream.fileno()).st_size), trust=trusted, given=given, now=now)


@dataclass(frozen=True, slots=True)
class FileSource:
    """The first `size` bytes of an open file, as `tlog.examination.archive.Source` asks for them."""

    stream: BinaryIO
    size: int

    def read_at(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset`; VerificationError when the file has become shorter."""
        self.stream.seek(offset)
        data = self.stream.read(length)
        if len(data) != length:
            raise VerificationError("the file ends too early")
        return data


def _read_trust(folder: Path) -> dict[str, bytes]:
    """Return the files of a trust folder by their names in it, and no other file."""
    files: dict[str, bytes] = {}
    for place in (folder, folder / "policies", folder / "tsa"):
        for path in sorted(place.iterdir()) if place == folder or place.is_dir() else ():
            name = path.relative_to(folder).as_posix()
            if TRUST_FILE.fullmatch(name) and path.is_file():
                if path.stat().st_size > MAX_TRUST_FILE:
                    raise OSError(errno.EFBIG, "too large for a trust file", str(path))
                files[name] = path.read_bytes()
    return files


def _digest(path: Path) -> Digest:
    with path.open("rb") as stream:
        return digest_of(_blocks(stream), with_sm3=True)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(BLOCK):
        yield block
