"""Seal small values whole: AES-256-GCM with a random nonce, for the claims of a record and for keys under other keys.

    sealed: version 1 (1 byte) ‖ nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes); additional data: what the value belongs to

A record's key seals its claims once, and the key of each of its originals once; it is never used for another record.
What this does not do: files, which pass through `vault.content`; say where keys come from (`vault.keys`). Source: NIST SP 800-38D.
"""
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION, NONCE_BYTES, TAG_BYTES, KEY_BYTES = b"\x01", 12, 16, 32
PURPOSE = b"cunzheng/sealed/v1\n"


class SealBroken(Exception):
    """The value was altered, belongs elsewhere, or was sealed with another key."""


def fresh_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def seal(data: bytes, key: bytes, belongs_to: str) -> bytes:
    """`data` sealed; it opens with the same key for the same `belongs_to` only."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, data, PURPOSE + belongs_to.encode())


def open_sealed(sealed: bytes, key: bytes, belongs_to: str) -> bytes:
    """What `seal` was given. Raises SealBroken."""
    if len(sealed) < 1 + NONCE_BYTES + TAG_BYTES or not is_sealed(sealed):
        raise SealBroken
    nonce = sealed[1 : 1 + NONCE_BYTES]
    try:
        return AESGCM(key).decrypt(nonce, sealed[1 + NONCE_BYTES :], PURPOSE + belongs_to.encode())
    except InvalidTag:
        raise SealBroken from None


def is_sealed(blob: bytes) -> bool:
    """Whether the blob says of itself that it is sealed; claims of before encryption are a msgpack list, which begins otherwise."""
    return blob[:1] == VERSION
