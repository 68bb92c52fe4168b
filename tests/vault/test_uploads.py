"""The streaming upload: both digests, durable, flat, and nothing left of what failed."""
import errno
import hashlib
import secrets
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from common.object_store import FileObjectStore
from vault.uploads import QUEUED, Upload


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
    upload = Upload(FileObjectStore(tmp_path), "ab" * 16)
    for chunk in chunks:
        upload.push(chunk)
    stored, data = upload.finish(), b"".join(chunks)
    assert (stored.size_bytes, stored.sha256, stored.sm3) == (len(data), hashlib.sha256(data).digest(), hashlib.new("sm3", data).digest())
    assert (tmp_path / stored.name).read_bytes() == data
    assert stored.name.startswith("ab" * 16 + "/")


@pytest.mark.parametrize("count", [1, 2, QUEUED * 4])
def test_a_full_disk_is_an_error_and_leaves_nothing(count: int, tmp_path: Path) -> None:
    upload = Upload(FullDisk(tmp_path, 1000), "ab" * 16)

    def push_all() -> None:
        for _ in range(count):
            upload.push(b"x" * 1001)
        upload.finish()

    with pytest.raises(OSError, match="No space left"):
        push_all()
    upload.abort()
    assert files(tmp_path) == []


@pytest.mark.parametrize("count", [0, 1, 2, QUEUED * 4])
def test_an_aborted_upload_leaves_nothing_and_no_thread(count: int, tmp_path: Path) -> None:
    before = threading.active_count()
    upload = Upload(FileObjectStore(tmp_path), "ab" * 16)
    for _ in range(count):
        upload.push(b"x" * 4096)
    upload.abort()
    assert files(tmp_path) == []
    assert threading.active_count() == before
    upload.abort()


def test_an_upload_aborted_after_it_was_finished_is_removed(tmp_path: Path) -> None:
    upload = Upload(FileObjectStore(tmp_path), "ab" * 16)
    upload.push(b"x")
    upload.finish()
    upload.abort()
    assert files(tmp_path) == []
