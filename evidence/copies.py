"""Second copies (第二副本): each encrypted original once more, in another store, under its own name, made after the deposit by a job.

A deposit neither waits for it nor fails by it: what has no copy yet is found by its row, so that a store that was away, full or named only
today is caught up with, and nothing is enqueued. What is copied is the ciphertext as it lies there, decrypted on its way and held against
the record's claim: a copy of damaged bytes would be none, and for good. What is still in the clear is not copied. What this does not do:
repair anything (`evidence.repairs`). Source: threats 1.1 (two copies), T15; docs/adr/0026.
"""
import hashlib
import io
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import BinaryIO, cast

from django.db.models import QuerySet
from django.utils import timezone

from common.failpoints import reached
from common.jobs import RunAgain, renew_lease, while_leased
from common.object_store import BLOCK, ObjectConflictError, ObjectStore
from evidence.errors import ClaimsErased
from evidence.file_faults import CHANGED, claim_or_fault
from evidence.models import EvidenceFile
from evidence.quarantine import quarantine_record
from evidence.quarantine_rows import Quarantine
from evidence.record_keys import content_key_of
from tlog.errors import VerificationError
from vault.content import decrypted
from vault.errors import KeyUnavailable, OriginalDamaged
from vault.models import Cipher, StoredObject
from vault.storage import copy_store, set_aside, vault_store

logger = logging.getLogger(__name__)

COPY_ORIGINALS = "evidence.copy-originals"
EVERY = timedelta(minutes=1)
AT_ONCE, MAX_BYTES = 200, 256 * 1024**2
"""A run ends with the copy that reaches one of them, and another follows: other jobs of the same worker get their turn between."""
FAILURES_IN_A_ROW = 3
"""One original that cannot be read must not keep the others from being copied; a store that is away or full takes none."""


def copy_originals(_subject: int) -> None:
    """The job: copy what has no copy yet, the oldest first. Raises RunAgain while there is more, OSError when a store takes nothing."""
    store = copy_store()
    if store is None:
        return
    last = copied = size_bytes = failures = 0
    while rows := list(waiting().filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        for row in rows:
            if copied >= AT_ONCE or size_bytes >= MAX_BYTES:
                raise RunAgain(timezone.now())
            last = row.pk
            try:
                done, failures = copy_original(row, store), 0
            except OSError:
                failures += 1
                if failures >= FAILURES_IN_A_ROW:
                    raise
                continue
            if done:
                copied, size_bytes = copied + 1, size_bytes + row.size_bytes
            else:
                # What is not copied ends no run: the next one begins with it again, and would never come to what is behind it.
                renew_lease(COPY_ORIGINALS, 0, now=timezone.now())
    if failures:
        logger.warning("the last %s originals could not be copied; the next run tries them again", failures)


def waiting() -> QuerySet[EvidenceFile]:
    """Encrypted originals without a second copy; not those that are known to be damaged."""
    damaged = Quarantine.objects.filter(ended_at=None, cause=Quarantine.Cause.FIXITY).values("evidence")
    kept = EvidenceFile.objects.filter(stored_object__cipher=Cipher.TINK, stored_object__copied_at=None).exclude(evidence__in=damaged)
    return kept.select_related("evidence", "stored_object")


def waiting_count() -> int | None:
    """How many originals wait for their copy; None where no copies are kept."""
    return None if copy_store() is None else waiting().count()


def copy_original(row: EvidenceFile, store: ObjectStore) -> bool:
    """Whether the original has a copy now; not when it is damaged, gone, or closed to us. Raises OSError when a store refuses."""
    stored = row.stored_object
    assert stored is not None
    try:
        _put(row, store)
    except OriginalDamaged:
        quarantine_record(row.evidence, cause=Quarantine.Cause.FIXITY, reason=f"files/{row.position}: {CHANGED}")
        return False
    except (FileNotFoundError, VerificationError, ClaimsErased, KeyUnavailable):
        return False  # the scrub says so
    reached("evidence.copy-stored")
    now = timezone.now()
    if StoredObject.objects.filter(pk=stored.pk, name=stored.name, copied_at=None).update(copied_at=now) == 1:
        return True
    if not StoredObject.objects.filter(name=stored.name).exists():
        # Erased while it was copied; its key is gone, and the sweeper would take it tomorrow.
        store.delete(stored.name)
        return False
    return True


def _put(row: EvidenceFile, store: ObjectStore) -> None:
    assert row.stored_object is not None
    name = row.stored_object.name
    try:
        store.put_new(name, while_leased(COPY_ORIGINALS, 0, verified_ciphertext(row, vault_store())))
    except ObjectConflictError:
        # What lies there is not what was just verified: a copy that changed, of which no row tells any more.
        set_aside(store, name)
        store.put_new(name, while_leased(COPY_ORIGINALS, 0, verified_ciphertext(row, vault_store())))


def verified_ciphertext(row: EvidenceFile, store: ObjectStore) -> Iterator[bytes]:
    """An original's ciphertext out of this store as it lies there; it ends only if it is the whole of what the claim says.

    The row comes with its record and its object. Raises OriginalDamaged before the end, and what `open_original` raises.
    """
    stored, claim = row.stored_object, claim_or_fault(row)
    assert stored is not None
    if isinstance(claim, str):
        raise VerificationError(claim)
    content_key, digest = content_key_of(row), hashlib.sha256()
    passing = _Passing(store.open(stored.name))
    with decrypted(cast("BinaryIO", passing), content_key, stored.name) as plain:
        while block := plain.read(BLOCK):
            digest.update(block)
            yield passing.taken()
        # Every byte of the object is to have been one that the cipher vouches for.
        if passing.read(1) or digest.hexdigest() != claim["sha256"]:
            raise OriginalDamaged
        yield passing.taken()


class _Passing(io.RawIOBase):
    """What is read of an opened object, kept until it is taken."""

    def __init__(self, stored: BinaryIO) -> None:
        super().__init__()
        self._stored = stored
        self._parts: list[bytes] = []

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._stored.read(size)
        self._parts.append(data)
        return data

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data

    def close(self) -> None:
        if not self.closed:
            self._stored.close()
        super().close()
