"""Personal data as rows hold them: sealed with AES-256-GCM, and found again by a blind index of the organisation that keeps them.

    row: version 1 (1 byte) ‖ key id (4 bytes) ‖ nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes); additional data: what the value belongs to

`personal.key` seals. After `rotate_personal_key` older values open by `personal-<key id>.key` until they are written again, so that a key
is changed without touching a row. This protects against whoever gets the database alone; not against whoever runs code as the service,
or has the key files too: keep backups of keys apart from those of the database.

The index is HMAC-SHA-256 of the normalised value under a key of the organisation and the field, so that equal people of two organisations,
or a phone number that is an identity number, do not match; without the key nobody can try all numbers there are.
What it does not do: decide who may read. Source: NIST SP 800-38D.
"""
import hashlib
import hmac
import os
import secrets
import unicodedata
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ImproperlyConfigured

from common.key_files import key_path, make_seed, read_seed
from vault.keys import search_key

KEY = "personal"
VERSION, ID_BYTES, NONCE_BYTES = b"\x01", 4, 12
HEAD_BYTES = 1 + ID_BYTES + NONCE_BYTES
PURPOSE = b"cunzheng/personal/v1\n"


def seal_personal(text: str, belongs_to: str) -> bytes:
    """`text` as a row holds it; it opens for the same `belongs_to` only. Raises ImproperlyConfigured when the key file cannot be used."""
    return seal_bytes(text.encode(), belongs_to)


def open_personal(sealed: bytes, belongs_to: str) -> str:
    """The text of a row. Raises ImproperlyConfigured when no key file is the one that sealed it for this place."""
    return open_bytes(sealed, belongs_to).decode()


def seal_bytes(data: bytes, belongs_to: str) -> bytes:
    """`seal_personal` for a whole file."""
    key_id, cipher = _cipher(key_path(KEY))
    nonce = secrets.token_bytes(NONCE_BYTES)
    return VERSION + key_id + nonce + cipher.encrypt(nonce, data, PURPOSE + belongs_to.encode())


def open_bytes(sealed: bytes, belongs_to: str) -> bytes:
    """`open_personal` for a whole file."""
    key_id, nonce = sealed[1 : 1 + ID_BYTES], sealed[1 + ID_BYTES : HEAD_BYTES]
    current_id, cipher = _cipher(key_path(KEY))
    if key_id != current_id:
        _, cipher = _cipher(_kept_path(key_id))
    try:
        return cipher.decrypt(nonce, sealed[HEAD_BYTES:], PURPOSE + belongs_to.encode())
    except InvalidTag as wrong:
        raise ImproperlyConfigured(f"A personal value was not sealed with key {key_id.hex()} for this place.") from wrong


def blind_personal(organisation_ref: str, field: str, text: str) -> bytes:
    """The 32-byte index value of `text` in one field within one organisation."""
    return hmac.digest(_index_key(search_key(), organisation_ref, field), normalised(text).encode(), hashlib.sha256)


def normalised(text: str) -> str:
    """What people mean by one name or number: full-width forms folded, no spaces or hyphens, capital letters.

    >>> normalised(" １３８-0013 8000"), normalised("11010119900307123x")
    ('13800138000', '11010119900307123X')
    """
    folded = unicodedata.normalize("NFKC", text)
    return "".join(character for character in folded if not character.isspace() and character not in "-‐–—·").upper()


def rotate_key() -> str:
    """Seal with a new key from now on; the id of the old one, whose file is kept for what it sealed."""
    path = key_path(KEY)
    old_id = key_id_of(read_seed(path))
    kept = _kept_path(old_id)
    if not kept.exists():
        os.link(path, kept)
    fresh = path.with_name(f"{KEY}-fresh.key")
    make_seed(fresh)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)
    return old_id.hex()


def key_id_of(seed: bytes) -> bytes:
    """Four bytes that name a key and tell nothing of it."""
    return hashlib.sha256(b"cunzheng/personal-key-id/v1\n" + seed).digest()[:ID_BYTES]


def _kept_path(key_id: bytes) -> Path:
    return key_path(f"{KEY}-{key_id.hex()}")


def _cipher(path: Path) -> tuple[bytes, AESGCM]:
    stat = path.stat() if path.exists() else None
    return _loaded(path, (stat.st_ino, stat.st_mtime_ns) if stat else None)


@lru_cache(maxsize=16)
def _loaded(path: Path, _version: tuple[int, int] | None) -> tuple[bytes, AESGCM]:
    seed = read_seed(path)
    return key_id_of(seed), AESGCM(seed)


@lru_cache(maxsize=1024)
def _index_key(master: bytes, organisation_ref: str, field: str) -> bytes:
    return hmac.digest(master, f"cunzheng/personal-index/v1\n{organisation_ref}\n{field}".encode(), hashlib.sha256)
