"""The contents of a package while it is examined: names, digests, exceptions, and bounded access to the bytes.

What it is for: the one pass over all members that makes their digests, and reads of small members with a limit each, so
that no archive makes the examiner hold more than a few MiB at a time.

What it does not do: judge.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tlog.digests import new_sha256, new_sm3
from tlog.examination.archive import Archive
from tlog.examination.container import Layout, is_exhibit, size_limit
from tlog.examination.exceptions import Exemptions
from tlog.examination.logs import FolderFiles
from tlog.examination.manifest import Digest


@dataclass(frozen=True, slots=True)
class Contents:
    """An archive whose container is sound, with the digests of all members and the rows of exceptions.csv."""

    archive: Archive
    layout: Layout
    digests: Mapping[str, Digest]
    exemptions: Exemptions

    def read(self, name: str) -> bytes:
        """Return a member for which `container.size_limit` has a limit, which `container.verify_sizes` checked."""
        limit = size_limit(name)
        assert limit is not None, f"{name} is not held in memory"
        return self.archive.read(name, limit)

    def folder(self, number: int) -> FolderFiles:
        """Return the log folder `log/<number>/`."""
        base = f"log/{number}/"
        digests = {file: self.digests[base + file].sha256 for file in self.layout.logs[number]}
        return FolderFiles(number, digests, lambda file: self.read(base + file))

    def originals(self) -> dict[str, Digest]:
        """Return the digests of the files in `evidence/`."""
        return {name: self.digests[name] for name in self.layout.exhibits}


def digest_of(blocks: Iterable[bytes], *, with_sm3: bool) -> Digest:
    """Return size and digests of contents that come in blocks; SM3 costs five times SHA-256 and is made where it is needed."""
    sha256, size = new_sha256(), 0
    sm3 = new_sm3() if with_sm3 else None
    for block in blocks:
        sha256.update(block)
        if sm3 is not None:
            sm3.update(block)
        size += len(block)
    return Digest(sha256.digest(), size, sm3.digest() if sm3 is not None else None)


def digest_members(archive: Archive) -> dict[str, Digest]:
    """Return the digests of all members, SM3 for originals only; reading each to its end also checks its CRC.

    Raises:
        VerificationError: a damaged member.
    """
    return {name: digest_of(archive.chunks(name), with_sm3=is_exhibit(name)) for name in archive.members}
