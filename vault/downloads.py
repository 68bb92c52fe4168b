"""An original on its way out: what is sent is what was deposited, or the answer does not end well.

The digest is computed while the bytes pass, beside the sender, and the last block is held back until it is known. A mismatch then leaves an
answer that is shorter than its Content-Length: the connection is cut, and no receiver can take what it has for the whole file. The header
`Repr-Digest` tells the receiver what to expect (`common.downloads`). What this does not do: say who may read. Source: RFC 9530; RFC 9112 8.
"""
import hashlib
import queue
import threading
from collections.abc import Iterable, Iterator

from vault.errors import OriginalDamaged

QUEUED = 4


def verified_blocks(blocks: Iterable[bytes], sha256: bytes, size_bytes: int) -> Iterator[bytes]:
    """The blocks, the last of them only if all together have this digest and size. Raises OriginalDamaged instead of the last block."""
    beside, held, seen = _DigestBeside(), None, 0
    try:
        for block in blocks:
            beside.take(block)
            seen += len(block)
            if held is not None:
                yield held
            held = block
    finally:
        found = beside.end()
    if found != sha256 or seen != size_bytes:
        raise OriginalDamaged
    if held is not None:
        yield held


class _DigestBeside:
    """SHA-256 of what `take` is given, in a thread of its own from the second block on; `end` may be called any time; no thread stays."""

    def __init__(self) -> None:
        self._hasher = hashlib.sha256()
        self._first: bytes | None = None
        self._waiting: queue.Queue[bytes | None] = queue.Queue(QUEUED)
        self._thread: threading.Thread | None = None

    def take(self, block: bytes) -> None:
        if self._first is None:
            self._first = block
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._hash, daemon=True)
            self._thread.start()
            self._waiting.put(self._first)
        self._waiting.put(block)

    def end(self) -> bytes:
        """The digest, 32 bytes."""
        if self._thread is None:
            self._hasher.update(self._first or b"")
        else:
            self._waiting.put(None)
            self._thread.join()
        return self._hasher.digest()

    def _hash(self) -> None:
        for block in iter(self._waiting.get, None):
            self._hasher.update(block)
