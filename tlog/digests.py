"""The two digests that every file and every commitment has: SHA-256 (FIPS 180-4) and SM3 (GB/T 32905-2016).

What it does not do: choose. Every caller that commits to bytes commits with both, so that evidence stays provable if one
of the two functions falls.

`hashlib` offers SM3 only when the OpenSSL beneath Python does; `cryptography` brings its own. The faster one that is
there is used, and both give the same bytes.

>>> sha256(b"abc").hex()
'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
>>> sm3(b"abc").hex()
'66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0'
>>> hasher = new_sm3()
>>> hasher.update(b"ab")
>>> hasher.update(b"c")
>>> hasher.digest() == sm3(b"abc")
True
"""

import hashlib
from collections.abc import Callable, Collection
from functools import partial
from typing import Protocol, Self

from cryptography.hazmat.primitives import hashes


class Hasher(Protocol):
    """A hash that is fed piece by piece; `hashlib` objects are such."""

    def update(self, data: bytes, /) -> None:
        """Append `data`."""

    def digest(self) -> bytes:
        """Return the digest of everything appended so far (32 bytes)."""

    def copy(self) -> Self:
        """Return another hash with the same data appended so far."""


class CryptographySm3:
    """SM3 of `cryptography` behind the face of `hashlib`; `digest` may be called repeatedly."""

    def __init__(self, data: bytes = b"") -> None:
        self._context = hashes.Hash(hashes.SM3())
        self.update(data)

    def update(self, data: bytes, /) -> None:
        """Append `data`."""
        self._context.update(data)

    def digest(self) -> bytes:
        """Return the digest of everything appended so far (32 bytes)."""
        return self._context.copy().finalize()

    def copy(self) -> Self:
        """Return another hash with the same data appended so far."""
        other = type(self)()
        other._context = self._context.copy()
        return other


def sm3_source(available: Collection[str]) -> Callable[[bytes], Hasher]:
    """Return the maker of SM3 hashes to use when `hashlib` knows the algorithms `available`."""
    return partial(hashlib.new, "sm3") if "sm3" in available else CryptographySm3


# A copy of an empty hash starts in half the time of hashlib.new, which looks the algorithm up by name each time.
_EMPTY_SM3 = sm3_source(hashlib.algorithms_available)(b"")


def sha256(data: bytes) -> bytes:
    """Return SHA-256 of `data` (32 bytes)."""
    return hashlib.sha256(data).digest()


def sm3(data: bytes) -> bytes:
    """Return SM3 of `data` (32 bytes)."""
    hasher = _EMPTY_SM3.copy()
    hasher.update(data)
    return hasher.digest()


def new_sha256() -> Hasher:
    """Return an empty SHA-256, to be fed in pieces."""
    return hashlib.sha256()


def new_sm3() -> Hasher:
    """Return an empty SM3, to be fed in pieces."""
    return _EMPTY_SM3.copy()
