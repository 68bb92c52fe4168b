"""Where originals lie: an ObjectStore of their own, names that tell nothing."""
import secrets
from pathlib import Path

from django.conf import settings

from common.object_store import FileObjectStore, ObjectStore


def vault_store() -> ObjectStore:
    return FileObjectStore(Path(settings.VAR_DIR) / "vault")


def fresh_name(organisation_ref: str) -> str:
    """`<organisation>/<2>/<128-bit id>`: random, because a name made of a digest would tell who else holds the same file."""
    name = secrets.token_hex(16)
    return f"{organisation_ref}/{name[:2]}/{name}"
