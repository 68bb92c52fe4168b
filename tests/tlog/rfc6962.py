"""The Merkle tree of RFC 6962 section 2.1, written down as it is defined there: recursive, slow, and the judge of `tlog`.

It shares no code with `tlog`: every formula stands as in the RFC, MTH, PATH and PROOF over the span of leaves D[start:end].
"""
import hashlib
from functools import cache


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaf(number: int) -> bytes:
    """The hash of leaf `number` of every tree of the tests."""
    return digest(b"\x00" + b"entry %d" % number)


def split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    k = 1
    while k * 2 < count:
        k *= 2
    return k


@cache
def mth(start: int, end: int) -> bytes:
    if start == end:
        return digest(b"")
    if end - start == 1:
        return leaf(start)
    k = split(end - start)
    return digest(b"\x01" + mth(start, start + k) + mth(start + k, end))


@cache
def path(m: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    k = split(end - start)
    if m < k:
        return [*path(m, start, start + k), mth(start + k, end)]
    return [*path(m - k, start + k, end), mth(start, start + k)]


def proof(m: int, end: int) -> list[bytes]:
    """PROOF(m, D[end]) for 0 < m < end."""
    return subproof(m, 0, end, whole=True)


@cache
def subproof(m: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    if m == end - start:
        return [] if whole else [mth(start, end)]
    k = split(end - start)
    if m <= k:
        return [*subproof(m, start, start + k, whole=whole), mth(start + k, end)]
    return [*subproof(m - k, start + k, end, whole=False), mth(start, start + k)]
