"""Stream one file once through SHA-256, SM3 and the object store, with flat memory.

The caller pushes chunks as they arrive. A small file is hashed and stored in the caller's thread; from the second
chunk on a second thread computes SM3 and writes, because SM3 runs at a quarter of SHA-256's speed and both release
the GIL. At most `QUEUED` chunks wait between the two.
Source: GB/T 32905 (SM3), FIPS 180-4 (SHA-256); design.md §3 "Order of durable writes (deposit)".
"""
import hashlib
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from common.object_store import ObjectStore
from vault.sealing import seal
from vault.storage import fresh_name

QUEUED = 16


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An original that is durable in the vault: its name, size and both digests (32 bytes each)."""

    name: str
    size_bytes: int
    sha256: bytes
    sm3: bytes


class UploadAbortedError(Exception):
    """The sender went away or the file was refused; what was written is removed."""


class Upload:
    """One file on its way into the vault: `push` chunks, then `finish` or `abort`."""

    def __init__(self, store: ObjectStore, organisation_ref: str) -> None:
        self.name = fresh_name(organisation_ref)
        self.size_bytes = 0
        self._store = store
        self._sha256, self._sm3 = hashlib.sha256(), hashlib.new("sm3")
        self._held: bytes | None = None
        self._chunks: queue.Queue[bytes | None] = queue.Queue(QUEUED)
        self._writer: threading.Thread | None = None
        self._failure: BaseException | None = None

    def push(self, chunk: bytes) -> None:
        """Take the next bytes. Raises OSError as soon as the store has refused."""
        if self._held is None:
            self._held = chunk
        else:
            self._hand_over(chunk)
        self.size_bytes += len(chunk)
        self._sha256.update(chunk)

    def finish(self) -> StoredFile:
        """Durable on return. Raises OSError when the store refused; nothing of this file remains then."""
        if self._writer is None:
            self._write(iter([self._held or b""]))
        else:
            self._end(None)
        if self._failure is not None:
            raise self._failure
        return StoredFile(self.name, self.size_bytes, self._sha256.digest(), self._sm3.digest())

    def abort(self) -> None:
        """Stop and remove whatever was written; safe to call at any time, also after `finish`."""
        if self._writer is not None and self._writer.is_alive():
            self._failure = UploadAbortedError()
            self._end(None)
        self._store.delete(self.name)

    def _hand_over(self, chunk: bytes) -> None:
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, args=(iter(self._chunks.get, None),), daemon=True)
            self._writer.start()
            assert self._held is not None
            self._chunks.put(self._held)
        if self._failure is not None:
            raise self._failure
        self._chunks.put(chunk)

    def _end(self, mark: None) -> None:
        assert self._writer is not None
        self._chunks.put(mark)
        self._writer.join()

    def _write(self, chunks: Iterator[bytes]) -> None:
        try:
            self._store.put_new(self.name, self._hashed(chunks))
        except BaseException as failure:  # noqa: BLE001 - carried to the caller's thread, where it is raised
            self._failure = failure
            for _ in chunks:  # the sender must not block on a full queue; what still arrives is dropped
                pass

    def _hashed(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if isinstance(self._failure, UploadAbortedError):
                raise self._failure
            self._sm3.update(chunk)
            yield seal(chunk)
        if isinstance(self._failure, UploadAbortedError):
            raise self._failure
