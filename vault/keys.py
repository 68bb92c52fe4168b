"""The vault's search key."""
from functools import lru_cache
from pathlib import Path

from common.key_files import key_path, read_seed


def search_key() -> bytes:
    """The 32-byte master key of the blind indexes."""
    return _cached(key_path("search"))


@lru_cache(maxsize=4)
def _cached(path: Path) -> bytes:
    return read_seed(path)
