"""What S3 adds to the contract of `test_object_store`: lost answers, busy servers, parts, versions, Object Lock; by a server over HTTP."""
import socket
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from common import s3_store
from common.object_store import ObjectConflictError
from common.s3_store import S3ObjectStore, S3RefusedError, client_of
from tests.common.buckets import Bucket, Faults, FaultyProxy, bucket, s3_server
from tests.faults.programs import port_for_a_server_that_dies
from tests.ledger.processes import wait_until

__all__ = ["bucket", "s3_server"]

MIB = 1 << 20


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> int:
    """Parts as small as S3 allows, so that a test needs a few MiB only."""
    monkeypatch.setattr(s3_store, "PART_BYTES", 5 * MIB)
    return 5 * MIB


Proxied = Callable[..., tuple[S3ObjectStore, Faults]]


@pytest.fixture(scope="module")
def proxy(s3_server: str) -> Iterator[FaultyProxy]:
    with FaultyProxy(s3_server, Faults(lambda *_: False)) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def proxied(proxy: FaultyProxy, bucket: Bucket) -> Proxied:
    """The bucket's store behind the proxy, and what goes wrong there."""

    def plan(matches: Callable[[str, str], bool], **faults: Any) -> tuple[S3ObjectStore, Faults]:
        proxy.faults = Faults(matches, **faults)
        return bucket.store(endpoint=proxy.url), proxy.faults

    return plan


def content(store: S3ObjectStore, name: str) -> bytes:
    with store.open(name) as file:
        return file.read()


def a_put(method: str, path: str) -> bool:
    return method == "PUT"


def an_ending(method: str, path: str) -> bool:
    return method == "POST" and "uploadId=" in path


def test_a_lost_answer_after_a_stored_object_is_a_success(bucket: Bucket, proxied: Proxied) -> None:
    store, faults = proxied(a_put, lose=1)
    store.put_new("x", [b"evidence"])
    assert content(store, "x") == b"evidence"
    assert [each for each in faults.seen if each.startswith("PUT")] == [f"PUT /{bucket.name}/x"] * 2


def test_a_lost_answer_does_not_make_another_writers_bytes_ours(bucket: Bucket, proxied: Proxied) -> None:
    bucket.store().put_new("x", [b"theirs"])
    store, _ = proxied(a_put, lose=1)
    with pytest.raises(ObjectConflictError):
        store.put_new("x", [b"ours!!"])
    assert content(bucket.store(), "x") == b"theirs"


@pytest.mark.parametrize("fault", [{"lose": 1}, {"busy": 2}])
def test_an_object_in_parts_whose_ending_is_lost_or_refused_for_a_while(
    bucket: Bucket, proxied: Proxied, small_parts: int, fault: dict[str, int]
) -> None:
    data = [bytes([number]) * MIB for number in range(11)]
    store, _ = proxied(an_ending, **fault)
    store.put_new("large", iter(data))
    assert content(bucket.store(), "large") == b"".join(data)
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)


def test_a_busy_server_is_asked_again_and_one_that_stays_busy_is_an_error(
    bucket: Bucket, proxied: Proxied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_store, "TRIES", 3)
    client_of.cache_clear()
    store, _ = proxied(a_put, busy=2)
    store.put_new("x", [b"1"])
    assert content(store, "x") == b"1"
    store, _ = proxied(a_put, busy=100)
    with pytest.raises(S3RefusedError, match="SlowDown"):
        store.put_new("y", [b"1"])
    assert list(bucket.store().list("")) == ["x"]


def test_parts_are_written_once_and_the_same_bytes_may_come_again(bucket: Bucket, small_parts: int) -> None:
    store, data = bucket.store(), [bytes([number]) * MIB for number in range(12)]
    for _ in range(2):
        store.put_new("large", iter(data))
    with pytest.raises(ObjectConflictError):
        store.put_new("large", iter([*data, b"x"]))
    assert content(store, "large") == b"".join(data)
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name), "what was not ended was given up"


def test_a_source_that_fails_after_parts_leaves_nothing(bucket: Bucket, small_parts: int) -> None:
    def broken() -> Iterator[bytes]:
        yield from [bytes(MIB)] * 11
        raise ConnectionError

    with pytest.raises(ConnectionError):
        bucket.store().put_new("large", broken())
    assert list(bucket.store().list("")) == []
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)


def test_parts_that_nobody_ended_are_cleared_when_old_enough(bucket: Bucket) -> None:
    store = bucket.store("log/")
    for key in ("log/x", "vault/x"):
        bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key)
    assert store.clear_leftovers(datetime(2000, 1, 1, tzinfo=UTC)) == 0  # moto says of each that it began in 2010
    assert store.clear_leftovers(datetime.now(UTC)) == 1
    assert [each["Key"] for each in bucket.client.list_multipart_uploads(Bucket=bucket.name)["Uploads"]] == ["vault/x"]


def test_reading_goes_on_where_the_connection_broke(bucket: Bucket, proxied: Proxied) -> None:
    data = bytes(range(256)) * 12_000
    bucket.store().put_new("x", [data])
    store, faults = proxied(lambda *_: False, cut_after=1_000_000, cuts=2)
    assert content(store, "x") == data
    assert len([each for each in faults.seen if each.startswith("GET")]) == 3
    store, _ = proxied(lambda *_: False, cut_after=0, cuts=100)
    with store.open("x") as file, pytest.raises(S3RefusedError):
        file.read()


def test_an_object_that_was_replaced_behind_our_back_is_never_read_half_and_half(bucket: Bucket, proxied: Proxied) -> None:
    bucket.store().put_new("x", [b"a" * 3_000_000])
    store, _ = proxied(lambda *_: False, cut_after=1_000_000, cuts=1)
    with store.open("x") as file:
        assert file.read(500_000) == b"a" * 500_000
        bucket.client.put_object(Bucket=bucket.name, Key="x", Body=b"b" * 3_000_000)
        with pytest.raises(S3RefusedError, match=r"412|PreconditionFailed"):
            file.read()


def test_many_names_are_listed_below_a_prefix_and_no_others(bucket: Bucket) -> None:
    store, other = bucket.store("vault/"), bucket.store("vault-2/")
    store.put_all([(f"a/{number}", b"x") for number in range(30)])
    other.put_new("b", [b"x"])
    assert sorted(store.list("")) == sorted(f"a/{number}" for number in range(30))
    assert datetime.now(UTC) - store.stored_at("a/1") < timedelta(minutes=1)
    with pytest.raises(FileNotFoundError):
        store.stored_at("a/31")


def test_where_the_bucket_keeps_versions_a_deletion_leaves_none(bucket: Bucket) -> None:
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    store = bucket.store()
    store.put_new("x", [b"personal"])
    store.put_new("xy", [b"another's"])
    bucket.client.put_object(Bucket=bucket.name, Key="x", Body=b"a second version, by somebody else")
    store.delete("x")
    with pytest.raises(FileNotFoundError):
        store.open("x")
    left = bucket.client.list_object_versions(Bucket=bucket.name)
    assert [row["Key"] for row in left["Versions"]] == ["xy"]
    assert "DeleteMarkers" not in left


def test_where_the_bucket_locks_an_object_cannot_be_deleted_before_its_date_and_its_name_is_gone(s3_server: str) -> None:
    held = Bucket("locked", s3_server)
    held.client.create_bucket(Bucket=held.name, ObjectLockEnabledForBucket=True)
    store = held.store(lock_days=10)
    store.put_new("x", [b"ciphertext"])
    [version] = held.client.list_object_versions(Bucket=held.name)["Versions"]
    kept = held.client.head_object(Bucket=held.name, Key="x")
    assert kept["ObjectLockMode"] == "COMPLIANCE"
    assert timedelta(days=9) < kept["ObjectLockRetainUntilDate"] - datetime.now(UTC) <= timedelta(days=10)
    with pytest.raises(ClientError):
        held.client.delete_object(Bucket=held.name, Key="x", VersionId=version["VersionId"])
    store.delete("x")
    with pytest.raises(FileNotFoundError):
        store.open("x")
    assert [row["VersionId"] for row in held.client.list_object_versions(Bucket=held.name)["Versions"]] == [version["VersionId"]]


def test_a_bucket_that_is_not_there_and_a_server_that_does_not_answer_are_oserrors(s3_server: str) -> None:
    for store in (Bucket("nowhere", s3_server).store(), Bucket("x", "http://127.0.0.1:9").store()):
        with pytest.raises(S3RefusedError):
            store.put_new("x", [b"1"])
        with pytest.raises(OSError, match=r"S3|x"):
            store.open("x")
        with pytest.raises(S3RefusedError):
            list(store.list(""))


@pytest.fixture
def far_server(s3_server: str) -> Iterator[str]:
    """Moto's server in a process of its own, so that what it holds is not counted; `s3_server` gives the credentials."""
    port = port_for_a_server_that_dies()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(port), within_s=60)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_large_object_is_never_held_whole_nor_in_several_parts(far_server: str) -> None:
    large = Bucket("large", far_server)
    large.client.create_bucket(Bucket=large.name)
    block, store = bytes(range(256)) * (MIB // 256), large.store()
    tracemalloc.start()
    try:
        store.put_new("a", (block for _ in range(200)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert large.client.head_object(Bucket=large.name, Key="a")["ContentLength"] == 200 * MIB
    assert peak <= 48 * MIB, f"{peak / MIB:.0f} MiB at once"
