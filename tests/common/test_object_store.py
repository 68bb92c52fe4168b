"""The file object store: written once, durable or not there at all."""
import errno
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.object_store import TEMPORARY, FileObjectStore, ObjectConflictError


@pytest.fixture
def store(tmp_path: Path) -> FileObjectStore:
    return FileObjectStore(tmp_path / "objects")


def content(store: FileObjectStore, name: str) -> bytes:
    with store.open(name) as file:
        return file.read()


def files(store: FileObjectStore) -> list[str]:
    return sorted(path.name for path in store.root.rglob("*") if path.is_file())


def test_what_was_put_can_be_read(store: FileObjectStore) -> None:
    store.put_new("a/b/c", [b"one ", b"two"])
    assert content(store, "a/b/c") == b"one two"
    assert list(store.list("")) == ["a/b/c"]
    assert list(store.list("a/b/")) == ["a/b/c"]
    assert list(store.list("z/")) == []


def test_the_same_bytes_may_be_put_again(store: FileObjectStore) -> None:
    for _ in range(2):
        store.put_new("x", [b"same"])
    assert files(store) == ["x"]


@pytest.mark.parametrize("other", [b"othe", b"longer than before", b""])
def test_other_bytes_under_a_taken_name_are_a_conflict_and_change_nothing(store: FileObjectStore, other: bytes) -> None:
    store.put_new("x", [b"same"])
    with pytest.raises(ObjectConflictError):
        store.put_new("x", [other])
    assert content(store, "x") == b"same"
    assert files(store) == ["x"]


def test_a_source_that_fails_half_way_leaves_nothing(store: FileObjectStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError(errno.EIO, "gone")

    with pytest.raises(OSError, match="gone"):
        store.put_new("x", broken())
    assert files(store) == []


def test_a_deleted_object_is_gone_and_deleting_twice_is_no_error(store: FileObjectStore) -> None:
    store.put_new("x", [b"1"])
    store.delete("x")
    store.delete("x")
    with pytest.raises(FileNotFoundError):
        store.open("x")


@pytest.mark.parametrize("name", ["", "/x", "x/", "../x", "a//b", "A", "a/../b", ".tmp-1", "a\nb", "a b", "a/.b"])
def test_a_name_that_could_escape_or_collide_is_a_bug(store: FileObjectStore, name: str) -> None:
    with pytest.raises(ValueError, match="not an object name"):
        store.put_new(name, [b"x"])


def test_leftovers_of_interrupted_writes_are_cleared_when_old_enough(store: FileObjectStore) -> None:
    store.put_new("kept", [b"x"])
    for name, age in (("old", timedelta(days=2)), ("young", timedelta(0))):
        path = store.root / f"{TEMPORARY}{name}"
        path.write_bytes(b"half")
        moment = (datetime.now(UTC) - age).timestamp()
        os.utime(path, (moment, moment))
    assert list(store.list("")) == ["kept"]
    assert store.clear_leftovers(datetime.now(UTC) - timedelta(days=1)) == 1
    assert files(store) == [f"{TEMPORARY}young", "kept"]
    assert datetime.now(UTC) - store.stored_at("kept") < timedelta(minutes=1)


def test_a_leftover_that_vanishes_while_it_is_looked_at_stops_nobody(store: FileObjectStore) -> None:
    store.put_new("kept", [b"x"])
    (store.root / f"{TEMPORARY}ends-now").symlink_to("nowhere")  # listed, and gone when it is asked for its age
    assert store.clear_leftovers(datetime.now(UTC) + timedelta(days=1)) == 0
    assert content(store, "kept") == b"x"


def test_many_objects_are_put_at_once(store: FileObjectStore) -> None:
    objects = [(f"a/{number}/x", b"%d" % number) for number in range(20)] + [("a/0/y", b"y")]
    store.put_all(iter(objects))
    assert {name: content(store, name) for name in store.list("")} == dict(objects)
    store.put_all(objects)
    assert files(store) == ["x"] * 20 + ["y"]
    store.put_all([])


def test_one_conflict_among_many_is_named_and_changes_nothing(store: FileObjectStore) -> None:
    store.put_new("taken", [b"before"])
    with pytest.raises(ObjectConflictError, match="taken"):
        store.put_all([("one", b"1"), ("taken", b"after"), ("two", b"2")])
    assert content(store, "taken") == b"before"


def test_a_source_of_many_that_fails_leaves_whole_objects_only(store: FileObjectStore) -> None:
    def broken() -> Iterator[tuple[str, bytes]]:
        yield "one", b"1"
        raise OSError(errno.EIO, "gone")

    with pytest.raises(OSError, match="gone"):
        store.put_all(broken())
    assert [content(store, name) for name in store.list("")] in ([], [b"1"])
