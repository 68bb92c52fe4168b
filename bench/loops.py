"""The bare loops that ours are held against: SHA-256 in Python and nothing else."""
import hashlib
from collections.abc import Iterable


def compact_range(entries: Iterable[bytes]) -> bytes:
    """The root over entries, by the shortest compact-range loop; leaves hashed too."""
    sha256 = hashlib.sha256
    stack: list[bytes] = []
    for size, entry in enumerate(entries, 1):
        digest = sha256(b"\0" + entry).digest()
        full = size
        while not full & 1:
            digest = sha256(b"\1" + stack.pop() + digest).digest()
            full >>= 1
        stack.append(digest)
    root = stack.pop()
    while stack:
        root = sha256(b"\1" + stack.pop() + root).digest()
    return root


def node_hashes(count: int, block: bytes) -> int:
    """`count` SHA-256 calls over a node's 65 bytes."""
    sha256 = hashlib.sha256
    for _ in range(count):
        sha256(block).digest()
    return count
