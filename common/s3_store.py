"""ObjectStore in a bucket of any S3, by boto3: the same promises as with files.

A name is written once by `If-None-Match: *`, in one request below 8 MiB and else in parts, of which one is held at a time; a part that was
not ended is no object. When an answer is lost after the object was stored, the next try is told that the name is taken, finds its own equal
bytes there, and is done.
Where the bucket keeps versions, `delete` deletes every one; what Object Lock holds stays until its date below a marker; it is
ciphertext, and erasure destroys its key. boto3's own upload manager is not used, for it would overwrite.
What it does not do: make buckets, rotate credentials (boto3's usual chain finds them). Source: Amazon S3 API 2006-03-01; threats 1.2.
"""
import hashlib
import io
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain
from typing import Any, BinaryIO, Final, NamedTuple, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from common.object_store import BLOCK, WRITERS, ObjectConflictError, checked_name

PART_BYTES: Final = 8 << 20
TRIES: Final = 5
READ_TRIES: Final = 4
CONNECT_S, READ_S = 5, 60
MISSING = ("NoSuchKey", "404", "NotFound")
TAKEN = ("PreconditionFailed", "412")
BUSY = ("ConditionalRequestConflict", "409")
# The upload is gone: whoever ended it may have been ourselves, whose answer was lost.
ENDED = ("NoSuchUpload",)
LOCKED = ("AccessDenied", "ObjectLocked", "InvalidRequest", "403")


_making = threading.Lock()
"""Clients are made one at a time, from the library's one session, which is slow to begin and not for several threads."""


class S3Place(NamedTuple):
    """Where objects lie: `prefix` is "" or ends in "/"; `lock_days` 0 leaves retention to the bucket."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    lock_days: int = 0
    lock_mode: str = "COMPLIANCE"


_Done = list[dict[str, Any]]


class S3RefusedError(OSError):
    """S3 does not answer, or refuses; says what it said, which names no credential."""


class S3ObjectStore:
    """Objects below a prefix of a bucket."""

    def __init__(self, place: S3Place) -> None:
        self.place = place
        self._client = client_of(place.endpoint, place.region)

    def put_new(self, name: str, chunks: Iterable[bytes]) -> None:
        key, parts = self._key(name), _parts(chunks)
        first = next(parts, b"")
        if len(first) < PART_BYTES:
            with _refusals():
                self._put_whole(name, key, first)
            return
        parts = chain([first], parts)
        del first  # a web process takes several uploads at once: nothing here may hold a part that is written
        self._put_parts(name, key, parts)

    def put_all(self, objects: Iterable[tuple[str, bytes]]) -> None:
        with ThreadPoolExecutor(WRITERS) as writers:
            for written in [writers.submit(self.put_new, name, [data]) for name, data in objects]:
                written.result()

    def open(self, name: str) -> BinaryIO:
        key = self._key(name)
        with _refusals(name):
            return cast("BinaryIO", io.BufferedReader(_Reading(self._client, self.place.bucket, key), BLOCK))

    def delete(self, name: str) -> None:
        key = self._key(name)
        with _refusals():
            versions = [*self._versions(key)]
            # A marker first: whatever is locked below it, the name is gone; it is deleted with the versions where none stays.
            self._client.delete_object(Bucket=self.place.bucket, Key=key)
            locked = [version for version in versions if not self._delete_version(key, version)]
            if versions and not locked:
                for version in self._versions(key):
                    self._delete_version(key, version)

    def list(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.place.bucket, Prefix=self.place.prefix + prefix)
        with _refusals():
            for page in pages:
                for row in page.get("Contents", ()):
                    yield str(row["Key"]).removeprefix(self.place.prefix)

    def stored_at(self, name: str) -> datetime:
        with _refusals(name):
            head = self._client.head_object(Bucket=self.place.bucket, Key=self._key(name))
        return cast("datetime", head["LastModified"]).astimezone(UTC)

    def clear_leftovers(self, older_than: datetime) -> int:
        count = 0
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.place.bucket, Prefix=self.place.prefix)
        with _refusals():
            for upload in [upload for page in pages for upload in page.get("Uploads", ())]:
                if upload["Initiated"] < older_than:
                    self._abort(upload["Key"], upload["UploadId"])
                    count += 1
        return count

    def _key(self, name: str) -> str:
        return self.place.prefix + checked_name(name)

    def _retention(self) -> dict[str, Any]:
        if not self.place.lock_days:
            return {}
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=self.place.lock_days)
        return {"ObjectLockMode": self.place.lock_mode, "ObjectLockRetainUntilDate": until}

    def _put_whole(self, name: str, key: str, data: bytes) -> None:
        for _ in range(TRIES):
            try:
                self._client.put_object(Bucket=self.place.bucket, Key=key, Body=data, IfNoneMatch="*", **self._retention())
                return
            except ClientError as refusal:
                if _code(refusal) in TAKEN:
                    self._must_hold(name, key, hashlib.sha256(data).digest(), len(data))
                    return
                if _code(refusal) not in BUSY:
                    raise
        raise S3RefusedError("another write of the same name goes on")

    def _put_parts(self, name: str, key: str, parts: Iterator[bytes]) -> None:
        digest, size, done = hashlib.sha256(), 0, _Done()
        with _refusals():
            upload = self._client.create_multipart_upload(Bucket=self.place.bucket, Key=key, **self._retention())["UploadId"]
        try:
            # Not by `enumerate`, which holds each part until it has the next.
            for part in parts:
                digest.update(part)
                size, number = size + len(part), len(done) + 1
                with _refusals():
                    answer = self._client.upload_part(Bucket=self.place.bucket, Key=key, UploadId=upload, PartNumber=number, Body=part)
                done.append({"PartNumber": number, "ETag": answer["ETag"]})
                del part
            with _refusals():
                self._complete(name, key, upload, done, digest.digest(), size)
        except BaseException:
            with suppress(ClientError, BotoCoreError):
                self._abort(key, upload)
            raise

    def _complete(self, name: str, key: str, upload: str, done: Sequence[dict[str, Any]], sha256: bytes, size: int) -> None:
        try:
            self._client.complete_multipart_upload(
                Bucket=self.place.bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": [*done]}, IfNoneMatch="*")
        except ClientError as refusal:
            if _code(refusal) not in TAKEN + ENDED:
                raise
            if _code(refusal) in TAKEN:
                self._abort(key, upload)
            self._must_hold(name, key, sha256, size)

    def _must_hold(self, name: str, key: str, sha256: bytes, size: int) -> None:
        """Raises ObjectConflictError unless the stored object has exactly these bytes."""
        found, seen = hashlib.sha256(), 0
        with io.BufferedReader(_Reading(self._client, self.place.bucket, key), BLOCK) as stored:
            while block := stored.read(BLOCK):
                found.update(block)
                seen += len(block)
        if (found.digest(), seen) != (sha256, size):
            raise ObjectConflictError(name)

    def _abort(self, key: str, upload: str) -> None:
        with suppress(ClientError):
            self._client.abort_multipart_upload(Bucket=self.place.bucket, Key=key, UploadId=upload)

    def _versions(self, key: str) -> Iterator[str]:
        """Ids of all versions and markers of a key; of an object in a bucket without versions one, "null"."""
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self.place.bucket, Prefix=key)
        for page in pages:
            for row in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if row["Key"] == key and row["VersionId"] != "null":
                    yield str(row["VersionId"])

    def _delete_version(self, key: str, version: str) -> bool:
        try:
            self._client.delete_object(Bucket=self.place.bucket, Key=key, VersionId=version)
        except ClientError as refusal:
            if _code(refusal) not in LOCKED:
                raise
            return False
        return True


class _Reading(io.RawIOBase):
    """An object's bytes, forward. After a connection that breaks comes another from where it broke, to the same bytes or not at all."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        super().__init__()
        self._client = client
        self._at = {"Bucket": bucket, "Key": key}
        self._place = 0
        answer = client.get_object(**self._at)
        self._size, self._etag, self._body = int(answer["ContentLength"]), answer["ETag"], answer["Body"]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()

    def _next(self, size: int) -> bytes:
        if self._place >= self._size:
            return b""
        for turn in range(READ_TRIES):
            if turn:
                self._body.close()
                with _refusals():
                    answer = self._client.get_object(**self._at, Range=f"bytes={self._place}-", IfMatch=self._etag)
                self._body = answer["Body"]
            with suppress(BotoCoreError, HTTPError, OSError):
                if data := self._body.read(min(size, self._size - self._place)):
                    self._place += len(data)
                    return bytes(data)
        raise S3RefusedError("the object could not be read to its end")


@lru_cache(maxsize=8)
def client_of(endpoint: str, region: str) -> Any:
    """A client, which threads may share; "" leaves a choice to the library, which asks again by itself after lost answers and 5xx."""
    config = Config(
        connect_timeout=CONNECT_S, read_timeout=READ_S, retries={"mode": "standard", "total_max_attempts": TRIES},
        s3={"addressing_style": "path"} if endpoint else None, max_pool_connections=2 * WRITERS)
    with _making:
        return boto3.client("s3", endpoint_url=endpoint or None, region_name=region or None, config=config)


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of PART_BYTES, the last one shorter; no part of no bytes."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= PART_BYTES:
            yield _taken(waiting)
    if waiting:
        yield _taken(waiting)


def _taken(waiting: bytearray) -> bytes:
    """The first PART_BYTES of these, copied once, which are gone from there."""
    with memoryview(waiting) as whole, whole[:PART_BYTES] as first:
        part = bytes(first)
    del waiting[:PART_BYTES]
    return part


def _code(refusal: ClientError) -> str:
    return str(refusal.response.get("Error", {}).get("Code", ""))


@contextmanager
def _refusals(name: str | None = None) -> Iterator[None]:
    """S3's refusals as OSErrors; of an object that is asked for by name and is not there, FileNotFoundError."""
    try:
        yield
    except ClientError as refusal:
        if name is not None and _code(refusal) in MISSING:
            raise FileNotFoundError(name) from None
        raise S3RefusedError(f"S3 refused {refusal.operation_name}: {_code(refusal)}") from refusal
    except BotoCoreError as failure:
        raise S3RefusedError(f"S3 does not answer: {type(failure).__name__}") from failure
