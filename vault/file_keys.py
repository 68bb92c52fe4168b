"""The organisations' keys as files for the owner only: the KeyProvider of the embedded default.

    var/keys/vault/<organisation>/<id>.key   32 random bytes, mode 0600; the id is 8 bytes in hex that tell nothing of the key
    var/keys/vault/<organisation>/present    the id of the key that wraps now, replaced in one step

What it does not do: share keys between machines; where several answer requests, they share the folder or use PKCS#11 (`vault.hsm_keys`).
"""
import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ImproperlyConfigured

from common.key_files import SEED_BYTES, fresh_seed, keep_seed, read_seed
from vault.errors import KeyUnavailable
from vault.sealing import SealBroken
from vault.wrapping import HEAD_BYTES, ID_BYTES, NONCE_BYTES, PURPOSE, VERSION, id_in

PRESENT = "present"
_REF = re.compile(r"[0-9a-z][0-9a-z_-]{0,63}", re.ASCII)


class FileKeyProvider:
    """Keys below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def wrap(self, organisation_ref: str, keys: Sequence[tuple[bytes, str]]) -> list[bytes]:
        key_id = self.present_id(organisation_ref) or self._make_first(organisation_ref)
        cipher, wrapped = _cipher(self._folder(organisation_ref) / f"{key_id.hex()}.key"), []
        for key, belongs_to in keys:
            nonce = secrets.token_bytes(NONCE_BYTES)
            wrapped.append(VERSION + key_id + nonce + cipher.encrypt(nonce, key, PURPOSE + belongs_to.encode()))
        return wrapped

    def unwrap(self, wrapped: bytes, belongs_to: str) -> bytes:
        if len(wrapped) < HEAD_BYTES or wrapped[:1] != VERSION:
            raise SealBroken
        cipher = _cipher(self._find(id_in(wrapped)))
        try:
            return cipher.decrypt(wrapped[1 + ID_BYTES : HEAD_BYTES], wrapped[HEAD_BYTES:], PURPOSE + belongs_to.encode())
        except InvalidTag:
            raise SealBroken from None

    def rotate(self, organisation_ref: str) -> bytes:
        key_id = self._make(organisation_ref)
        folder = self._folder(organisation_ref)
        fresh = folder / f"{PRESENT}-{key_id.hex()}"
        _write(fresh, key_id)
        fresh.replace(folder / PRESENT)
        _sync(folder)
        return key_id

    def present_id(self, organisation_ref: str) -> bytes | None:
        pointer = self._folder(organisation_ref) / PRESENT
        try:
            return bytes.fromhex(pointer.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as wrong:
            raise KeyUnavailable from wrong

    def destroy(self, key_id: bytes) -> None:
        for path in self.root.glob(f"*/{key_id.hex()}.key"):
            # Overwritten first, for what it is worth: copies on other media, snapshots and backups are the operator's to destroy.
            with path.open("r+b") as file:
                file.write(bytes(SEED_BYTES))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            _sync(path.parent)
        _loaded.cache_clear()

    def _make_first(self, organisation_ref: str) -> bytes:
        """The organisation's first key; of processes that do this at once, one wins and all use its key."""
        key_id, folder = self._make(organisation_ref), self._folder(organisation_ref)
        fresh = folder / f"{PRESENT}-{key_id.hex()}"
        _write(fresh, key_id)
        try:
            os.link(fresh, folder / PRESENT)
        except FileExistsError:
            (folder / f"{key_id.hex()}.key").unlink()  # nothing was wrapped with it
        fresh.unlink()
        _sync(folder)
        present = self.present_id(organisation_ref)
        assert present is not None
        return present

    def _make(self, organisation_ref: str) -> bytes:
        seed, folder = fresh_seed(), self._folder(organisation_ref)
        key_id = hashlib.sha256(b"cunzheng/vault-key-id/v1\n" + seed).digest()[:ID_BYTES]
        try:
            for each in (self.root, folder):
                each.mkdir(parents=True, exist_ok=True, mode=0o700)
                _sync(each.parent)
            keep_seed(folder / f"{key_id.hex()}.key", seed)
        except OSError as wrong:
            raise KeyUnavailable from wrong
        return key_id

    def _find(self, key_id: bytes) -> Path:
        found = _places.get((self.root, key_id))
        if found is None or not found.exists():
            found = next(self.root.glob(f"*/{key_id.hex()}.key"), None)
        if found is None:
            raise KeyUnavailable
        if len(_places) >= 10_000:
            _places.clear()
        _places[self.root, key_id] = found
        return found

    def _folder(self, organisation_ref: str) -> Path:
        if not _REF.fullmatch(organisation_ref):
            raise ValueError("not the ref of an organisation")
        return self.root / organisation_ref


_places: dict[tuple[Path, bytes], Path] = {}


def _cipher(path: Path) -> AESGCM:
    try:
        return _loaded(path, path.stat().st_ino)
    except (OSError, ImproperlyConfigured) as wrong:
        raise KeyUnavailable from wrong


@lru_cache(maxsize=1024)
def _loaded(path: Path, _inode: int) -> AESGCM:
    return AESGCM(read_seed(path))


def _write(path: Path, key_id: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key_id.hex())
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
