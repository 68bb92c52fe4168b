"""The object stores, one contract for both: written once, whole or not there at all. Files, and S3 by a server over HTTP (moto's)."""
import errno
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.object_store import TEMPORARY, FileObjectStore, ObjectConflictError, ObjectStore
from tests.common.buckets import Bucket, bucket, s3_server

__all__ = ["bucket", "s3_server"]


@pytest.fixture(params=["files", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "files":
        return FileObjectStore(tmp_path / "objects")
    held: Bucket = request.getfixturevalue("bucket")
    return held.store("some/prefix/")


@pytest.fixture
def file_store(tmp_path: Path) -> FileObjectStore:
    return FileObjectStore(tmp_path / "objects")


def content(store: ObjectStore, name: str) -> bytes:
    with store.open(name) as file:
        return file.read()


def files(store: ObjectStore) -> list[str]:
    """The last part of every object's name; of files, unfinished ones too."""
    if isinstance(store, FileObjectStore):
        return sorted(path.name for path in store.root.rglob("*") if path.is_file())
    return sorted(name.rpartition("/")[2] for name in store.list(""))


def test_what_was_put_can_be_read(store: ObjectStore) -> None:
    store.put_new("a/b/c", [b"one ", b"two"])
    assert content(store, "a/b/c") == b"one two"
    assert list(store.list("")) == ["a/b/c"]
    assert list(store.list("a/b/")) == ["a/b/c"]
    assert list(store.list("z/")) == []


def test_the_same_bytes_may_be_put_again(store: ObjectStore) -> None:
    for _ in range(2):
        store.put_new("x", [b"same"])
    assert files(store) == ["x"]


@pytest.mark.parametrize("other", [b"othe", b"longer than before", b""])
def test_other_bytes_under_a_taken_name_are_a_conflict_and_change_nothing(store: ObjectStore, other: bytes) -> None:
    store.put_new("x", [b"same"])
    with pytest.raises(ObjectConflictError):
        store.put_new("x", [other])
    assert content(store, "x") == b"same"
    assert files(store) == ["x"]


def test_a_source_that_fails_half_way_leaves_nothing(store: ObjectStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError(errno.EIO, "gone")

    with pytest.raises(OSError, match="gone"):
        store.put_new("x", broken())
    assert files(store) == []


def test_a_deleted_object_is_gone_and_deleting_twice_is_no_error(store: ObjectStore) -> None:
    store.put_new("x", [b"1"])
    store.delete("x")
    store.delete("x")
    with pytest.raises(FileNotFoundError):
        store.open("x")


@pytest.mark.parametrize("name", ["", "/x", "x/", "../x", "a//b", "A", "a/../b", ".tmp-1", "a\nb", "a b", "a/.b"])
def test_a_name_that_could_escape_or_collide_is_a_bug(store: ObjectStore, name: str) -> None:
    with pytest.raises(ValueError, match="not an object name"):
        store.put_new(name, [b"x"])


def test_leftovers_of_interrupted_writes_are_cleared_when_old_enough(file_store: FileObjectStore) -> None:
    file_store.put_new("kept", [b"x"])
    for name, age in (("old", timedelta(days=2)), ("young", timedelta(0))):
        path = file_store.root / f"{TEMPORARY}{name}"
        path.write_bytes(b"half")
        moment = (datetime.now(UTC) - age).timestamp()
        os.utime(path, (moment, moment))
    assert list(file_store.list("")) == ["kept"]
    assert file_store.clear_leftovers(datetime.now(UTC) - timedelta(days=1)) == 1
    assert files(file_store) == [f"{TEMPORARY}young", "kept"]
    assert datetime.now(UTC) - file_store.stored_at("kept") < timedelta(minutes=1)


def test_a_leftover_that_vanishes_while_it_is_looked_at_stops_nobody(file_store: FileObjectStore) -> None:
    file_store.put_new("kept", [b"x"])
    (file_store.root / f"{TEMPORARY}ends-now").symlink_to("nowhere")  # listed, and gone when it is asked for its age
    assert file_store.clear_leftovers(datetime.now(UTC) + timedelta(days=1)) == 0
    assert content(file_store, "kept") == b"x"


def test_many_objects_are_put_at_once(store: ObjectStore) -> None:
    objects = [(f"a/{number}/x", b"%d" % number) for number in range(20)] + [("a/0/y", b"y")]
    store.put_all(iter(objects))
    assert {name: content(store, name) for name in store.list("")} == dict(objects)
    store.put_all(objects)
    assert files(store) == ["x"] * 20 + ["y"]
    store.put_all([])


def test_one_conflict_among_many_is_named_and_changes_nothing(store: ObjectStore) -> None:
    store.put_new("taken", [b"before"])
    with pytest.raises(ObjectConflictError, match="taken"):
        store.put_all([("one", b"1"), ("taken", b"after"), ("two", b"2")])
    assert content(store, "taken") == b"before"


def test_a_source_of_many_that_fails_leaves_whole_objects_only(store: ObjectStore) -> None:
    def broken() -> Iterator[tuple[str, bytes]]:
        yield "one", b"1"
        raise OSError(errno.EIO, "gone")

    with pytest.raises(OSError, match="gone"):
        store.put_all(broken())
    assert [content(store, name) for name in store.list("")] in ([], [b"1"])
