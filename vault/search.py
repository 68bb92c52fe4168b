"""A blind index over file digests: HMAC-SHA-256 under a key of the organisation.

A bare digest column would let anyone with a copy of the database test guesses of a form or an SMS, and would survive an
erasure in backups. The organisation's key is derived from `search.key`, so equal files of two organisations do not match.
"""
import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache

from vault.keys import search_key


@lru_cache(maxsize=1024)
def _organisation_key(master: bytes, organisation_ref: str) -> bytes:
    return hmac.digest(master, b"cunzheng/search/v1\n" + organisation_ref.encode(), hashlib.sha256)


def blind_digests(organisation_ref: str, digests: Iterable[bytes]) -> list[bytes]:
    """The 32-byte index value of each file's SHA-256 within one organisation, in order."""
    key = _organisation_key(search_key(), organisation_ref)
    return [hmac.digest(key, digest, hashlib.sha256) for digest in digests]


def blind_digest(organisation_ref: str, sha256: bytes) -> bytes:
    """`blind_digests` for one file."""
    return blind_digests(organisation_ref, [sha256])[0]
