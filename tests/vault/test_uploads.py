"""The streaming upload: both digests, durable, flat, and nothing left of what failed."""
import errno
import hashlib
import secrets
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from common.object_store import FileObjectStore
from vault.content import decrypted
from vault.uploads import QUEUED, store_upload


class FullDisk(FileObjectStore):
    """A store whose disk is full after `limit` bytes of an object."""

    def __init__(self, root: Path, limit: int) -> None:
        super().__init__(root)
        self.limit = limit

    def put_new(self, name: str, chunks: Iterable[bytes]) -> None:
        def counted() -> Iterable[bytes]:
            taken = 0
            for chunk in chunks:
                taken += len(chunk)
                if taken > self.limit:
                    raise OSError(errno.ENOSPC, "No space left on device")
                yield chunk

        super().put_new(name, counted())


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("sizes", [[], [0], [1], [5, 7], [1 << 18] * 3, [1, 1 << 16, 0, 3], [1024] * (QUEUED * 3)])
def test_digests_size_and_bytes_are_those_of_the_chunks(sizes: list[int], tmp_path: Path) -> None:
    chunks = [secrets.token_bytes(size) for size in sizes]
    stored, data = store_upload(FileObjectStore(tmp_path), "ab" * 16, iter(chunks)), b"".join(chunks)
    assert (stored.size_bytes, stored.sha256, stored.sm3) == (len(data), hashlib.sha256(data).digest(), hashlib.new("sm3", data).digest())
    with decrypted((tmp_path / stored.name).open("rb"), stored.content_key, stored.name) as original:
        assert original.read() == data
    assert len(data) < 32 or data[:32] not in (tmp_path / stored.name).read_bytes()
    assert repr(stored.content_key) not in repr(stored)
    assert stored.name.startswith("ab" * 16 + "/")


@pytest.mark.parametrize("count", [1, 2, QUEUED * 4])
def test_a_full_disk_is_an_error_and_leaves_nothing_and_no_thread(count: int, tmp_path: Path) -> None:
    before = threading.active_count()
    with pytest.raises(OSError, match="No space left"):
        store_upload(FullDisk(tmp_path, 1000), "ab" * 16, (b"x" * 1001 for _ in range(count)))
    assert files(tmp_path) == []
    assert threading.active_count() == before


class SenderGoneError(Exception):
    """What reading the request raises."""


@pytest.mark.parametrize("count", [0, 1, 2, QUEUED * 4])
def test_a_sender_who_goes_away_leaves_nothing_and_no_thread(count: int, tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(count):
            yield b"x" * 4096
        raise SenderGoneError

    before = threading.active_count()
    with pytest.raises(SenderGoneError):
        store_upload(FileObjectStore(tmp_path), "ab" * 16, chunks())
    assert files(tmp_path) == []
    assert threading.active_count() == before


class FailsInTheEnd(FileObjectStore):
    """A store whose folder cannot be made durable once the object has its name."""

    def put_new(self, name: str, chunks: Iterable[bytes]) -> None:
        super().put_new(name, chunks)
        raise OSError(errno.EIO, "Input/output error")


def test_a_file_that_may_not_be_durable_is_removed(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Input/output error"):
        store_upload(FailsInTheEnd(tmp_path), "ab" * 16, [b"x"])
    assert files(tmp_path) == []
