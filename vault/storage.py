"""Where originals lie: an ObjectStore of their own, names that tell nothing."""
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from common.object_store import BLOCK, FileObjectStore, ObjectStore


def vault_store() -> ObjectStore:
    return FileObjectStore(Path(settings.VAR_DIR) / "vault")


def blocks_of(original: BinaryIO) -> Iterator[bytes]:
    """The bytes of an opened original, piece by piece; it is closed at the end, or when whoever reads goes away."""
    with original:
        while block := original.read(BLOCK):
            yield block


def fresh_name(organisation_ref: str) -> str:
    """`<organisation>/<2>/<128-bit id>`: random, because a name made of a digest would tell who else holds the same file."""
    name = secrets.token_hex(16)
    return f"{organisation_ref}/{name[:2]}/{name}"
