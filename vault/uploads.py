"""Stream one file once through SHA-256, SM3, encryption and the object store, with flat memory.

The bytes are hashed, encrypted and written as they arrive, in the caller's thread; only SM3 runs beside it, in a thread of its own
from the second chunk on, because it is four times slower than SHA-256 and releases the GIL. At most `QUEUED` chunks wait
for it.
Source: GB/T 32905 (SM3), FIPS 180-4 (SHA-256); design.md §3 "Order of durable writes (deposit)".
"""
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from common.object_store import ObjectStore
from tlog.digests import new_sha256, new_sm3
from vault.content import encrypted, fresh_content_key
from vault.storage import fresh_name

QUEUED = 16


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An original that is durable in the vault, encrypted: its name, size, both digests (32 bytes each), and the key that opens it.

    `content_key` is secret and kept nowhere yet: whoever makes a row of the file keeps it sealed; without one nobody can read it again.
    """

    name: str
    size_bytes: int
    sha256: bytes
    sm3: bytes
    content_key: bytes = field(repr=False)


def store_upload(store: ObjectStore, organisation_ref: str, chunks: Iterable[bytes]) -> StoredFile:
    """Take one file as its chunks arrive, under a fresh name; durable on return.

    Raises whatever `chunks` raises when the sender goes away or the file is refused, OSError when the store refuses; nothing
    of the file remains then.
    """
    upload = _Upload(fresh_name(organisation_ref))
    try:
        store.put_new(upload.name, encrypted(upload.noted(chunks), upload.content_key, upload.name))
    except BaseException:
        store.delete(upload.name)
        raise
    finally:
        upload.sm3.end()
    return StoredFile(upload.name, upload.size_bytes, upload.sha256.digest(), upload.sm3.hasher.digest(), upload.content_key)


class _Upload:
    """What is known of a file while its bytes pass by."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.content_key = fresh_content_key()
        self.size_bytes = 0
        self.sha256 = new_sha256()
        self.sm3 = _Sm3Beside()

    def noted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.sm3.take(chunk)
            self.sha256.update(chunk)
            self.size_bytes += len(chunk)
            yield chunk


class _Sm3Beside:
    """SM3 of what `take` is given; complete after `end`, which may be called at any time and leaves no thread."""

    def __init__(self) -> None:
        self.hasher = new_sm3()
        self._first: bytes | None = None
        self._waiting: queue.Queue[bytes | None] = queue.Queue(QUEUED)
        self._thread: threading.Thread | None = None

    def take(self, chunk: bytes) -> None:
        if self._first is None:
            self._first = chunk
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._hash, daemon=True)
            self._thread.start()
            self._waiting.put(self._first)
        self._waiting.put(chunk)

    def end(self) -> None:
        if self._thread is None:
            self.hasher.update(self._first or b"")
            return
        self._waiting.put(None)
        self._thread.join()

    def _hash(self) -> None:
        for chunk in iter(self._waiting.get, None):
            self.hasher.update(chunk)
