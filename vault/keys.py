"""The vault's keys: the master key of the blind indexes, and who holds the organisations' keys."""
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from common.key_files import key_path, read_seed, read_word
from vault.file_keys import FileKeyProvider
from vault.wrapping import KeyProvider


def search_key() -> bytes:
    """The 32-byte master key of the blind indexes."""
    return _cached(key_path("search"))


def key_provider() -> KeyProvider:
    """Whoever holds the organisations' keys, by the settings."""
    if settings.VAULT_KEYS == "pkcs11":
        from vault.hsm_keys import HsmKeyProvider  # noqa: PLC0415 - its library is loaded only where a token is used

        return HsmKeyProvider(settings.PKCS11_MODULE, settings.PKCS11_TOKEN, lambda: read_word(Path(settings.PKCS11_PIN_FILE)))
    return FileKeyProvider(Path(settings.VAR_DIR) / "keys" / "vault")


@lru_cache(maxsize=4)
def _cached(path: Path) -> bytes:
    return read_seed(path)
