"""Where originals lie: an ObjectStore of their own, where one is configured another for second copies, names that tell nothing.

Bytes that were found damaged are kept for the inquiry beside what took their place, as `<name>.damaged-<8 hex>`. They live as long as the
row of their object: neither is ever swept or erased alone. What this does not do: say what is damaged (`evidence.file_faults`).
"""
import logging
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from common.failpoints import reached
from common.object_store import BLOCK, ObjectStore
from common.stores import store_at

logger = logging.getLogger(__name__)

ASIDE = ".damaged-"


def vault_store() -> ObjectStore:
    """Where originals lie, by the settings."""
    return store_at(settings.VAULT_STORE, Path(settings.VAR_DIR) / "vault")


def copy_store() -> ObjectStore | None:
    """Where each original lies a second time under the same name, by the settings; None where none is kept."""
    return None if settings.VAULT_COPY is None else store_at(settings.VAULT_COPY, Path())


def set_aside(store: ObjectStore, name: str) -> str:
    """Keep the object under a name beside its own, which is free then; the other name. Whoever dies half-way leaves both. Raises OSError.

    A copy and a deletion, for an object that may be locked cannot be renamed. Under a lock the damaged version stays below a marker, too.
    """
    aside = f"{name}{ASIDE}{secrets.token_hex(4)}"
    store.put_new(aside, blocks_of(store.open(name)))
    reached("vault.damaged-kept")
    store.delete(name)
    reached("vault.damaged-set-aside")
    return aside


def owner_of(name: str) -> str:
    """The name of the object that these bytes belong to: its own, or that beside which they were put."""
    return name.partition(ASIDE)[0]


def holds_others_of(store: ObjectStore, name: str) -> bool:
    """Whether the store has anything else of the same organisation: then it is there, and a name that it does not know is gone.

    A disk that is not mounted looks like an empty folder; nothing is to be written there in place of what lies on the disk.
    """
    return any(other != name for other in store.list(name.partition("/")[0] + "/"))


def erase_object(name: str) -> bool:
    """Delete an object that no row names any more, with what was put beside it, wherever it lies; False when a store did not answer.

    What is left then is ciphertext without a key, and the sweeper takes it when the store is there again.
    """
    gone = True
    for store in filter(None, (vault_store(), copy_store())):
        try:
            for beside in [other for other in store.list(name.rpartition("/")[0] + "/") if owner_of(other) == name]:
                store.delete(beside)
            store.delete(name)
        except OSError as away:
            logger.warning("an erased object is left for the sweeper: %s", type(away).__name__)
            gone = False
    return gone


def blocks_of(original: BinaryIO) -> Iterator[bytes]:
    """The bytes of an opened original, piece by piece; it is closed at the end, or when whoever reads goes away."""
    # One read each, where what is read from can tell them apart: whole blocks would be put together, and copied once more.
    read = getattr(original, "read1", original.read)
    with original:
        while block := read(BLOCK):
            yield block


def fresh_name(organisation_ref: str) -> str:
    """`<organisation>/<2>/<128-bit id>`: random, because a name made of a digest would tell who else holds the same file."""
    name = secrets.token_hex(16)
    return f"{organisation_ref}/{name[:2]}/{name}"
