"""Secret seeds as files below `var/keys`, mode 0600, made once.

This is the embedded default of the KeyProvider; hardware keys replace it later. A key file that others can read is
refused rather than used: whoever could read it may already sign in our name.
"""
import os
import secrets
import stat
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SEED_BYTES = 32


def key_path(name: str) -> Path:
    """`var/keys/<name>.key`; asked for several times in every deposit, so each path is put together once."""
    return _path(str(settings.VAR_DIR), name)


@lru_cache(maxsize=16)
def _path(var: str, name: str) -> Path:
    return Path(var, "keys", f"{name}.key")


def fresh_seed() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(SEED_BYTES)


def make_seed(path: Path) -> bool:
    """Make a random 32-byte seed unless it exists; durable on return. True when it was made now."""
    return keep_seed(path, fresh_seed())


def keep_seed(path: Path, seed: bytes) -> bool:
    """Keep a seed in a file for the owner only, durable on return; False when the file exists, which is never overwritten."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(seed)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)
    return True


def read_word(path: Path) -> str:
    """A PIN or a password from a file for the owner only. Raises ImproperlyConfigured when it is absent, empty or readable by others."""
    try:
        mode, word = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"The file {path} cannot be read ({type(error).__name__}).") from error
    if stat.S_IMODE(mode) & 0o077:
        raise ImproperlyConfigured(f"The file {path} can be read by others; run `chmod 600 {path}` after finding out who did.")
    if not word:
        raise ImproperlyConfigured(f"The file {path} is empty.")
    return word


def read_seed(path: Path) -> bytes:
    """The 32 bytes of a key file. Raises ImproperlyConfigured when it is absent, malformed or readable by others."""
    try:
        mode, seed = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise ImproperlyConfigured(f"The key file {path} cannot be read ({error.strerror}); run `manage.py init_service`.") from error
    if stat.S_IMODE(mode) & 0o077:
        raise ImproperlyConfigured(f"The key file {path} can be read by others; run `chmod 600 {path}` after finding out who did.")
    if len(seed) != SEED_BYTES:
        raise ImproperlyConfigured(f"The key file {path} is damaged: {len(seed)} bytes instead of {SEED_BYTES}.")
    return seed
