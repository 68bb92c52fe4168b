"""An original that changed or is gone, repaired from its second copy: decrypted, and held against the claim, before anything is touched.

    1. the record is in quarantine, with its incident; nobody is given what is wrong        (one transaction, with the job)
    2. the copy is read whole, and is what the claim says; the object's row says that it is being repaired
    3. the damaged bytes are durable under a name beside the object's own, then its name is free; they stay, for the inquiry
    4. the copy's ciphertext is written under the name, decrypted and digested once more on its way
    5. the original is read again; then the trail says so, quarantine and incident end     (one transaction)

A job, so that one does it at a time and whoever dies is followed; each step may be done again. A copy store that is away leaves the job
due, and the record in quarantine until it is back. Records that share the object (`evidence.sharing`) go into quarantine together, and come
out of it together. What this does not do: believe that a storage which does not answer has lost anything.
Source: threats 1.1, T15; docs/adr/0026.
"""
from enum import StrEnum
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from common.failpoints import reached
from common.jobs import Job, RetryLater, run_job, wake_jobs, while_leased
from common.object_store import ObjectStore
from evidence.copies import verified_ciphertext
from evidence.custody import CustodyAction
from evidence.file_faults import CHANGED, MISSING, UNREADABLE, file_fault
from evidence.models import EvidenceFile
from evidence.quarantine import end_after_repair, quarantine_record
from evidence.quarantine_rows import Quarantine
from evidence.record_keys import is_erased
from evidence.trail import append_rows, append_with_retries, done_by_system, to_the_millisecond
from vault.models import StoredObject
from vault.storage import copy_store, holds_others_of, set_aside, vault_store

REPAIR_ORIGINAL = "evidence.repair-original"
COPY_AWAY, ORIGINAL_AWAY = "second-copy-unavailable", "original-unavailable"
GONE = "the original is gone"


class Second(StrEnum):
    """How the second copy of a damaged original is, in the words of the report and of the trail."""

    RIGHT = "it is being repaired from the second copy"
    CHANGED = "the second copy has changed too"
    NONE = "there is no second copy"
    AWAY = "the second copy cannot be reached"


def meet_damage(row: EvidenceFile, fault: str) -> str | None:
    """Quarantine what changed, and repair it if that can be done at once; None when the original is right again.

    Else what there is to say of its second copy; "" where none is configured, or where nothing is known but that a storage does not answer.
    """
    assert row.stored_object is not None
    store, changed = copy_store(), fault.startswith(CHANGED)
    if not changed and not (store is not None and fault == MISSING and holds_others_of(vault_store(), row.stored_object.name)):
        return ""
    second = None if store is None else second_of(row, store)
    hope = second in (Second.RIGHT, Second.AWAY)
    if changed or hope:
        found = CHANGED if changed else GONE
        with transaction.atomic():
            for each in files_in(row.stored_object):
                told = f"files/{each.position}: {found}"
                quarantine_record(each.evidence, cause=Quarantine.Cause.FIXITY, reason=told if second is None else f"{told}; {second}")
            if hope:
                wake_jobs(REPAIR_ORIGINAL, [row.stored_object.pk], now=timezone.now())
    if second is None:
        return ""
    if hope:
        run_job(Job.objects.get(kind=REPAIR_ORIGINAL, subject_id=row.stored_object.pk).pk)
        if file_fault(row) is None:
            return None
    return f"; {second}"


def second_of(row: EvidenceFile, store: ObjectStore) -> Second:
    """How the second copy is, read whole."""
    assert row.stored_object is not None
    fault = file_fault(row, store)
    if fault is None:
        return Second.RIGHT
    if fault == MISSING:
        return Second.NONE
    return Second.AWAY if fault.startswith(UNREADABLE) else Second.CHANGED


def repair_original(stored_id: int) -> None:
    """The job, of one object; it is done when the original is right, or no copy can make it so.

    Raises RetryLater while a store is away, OSError when the vault's is full, KeyUnavailable.
    """
    store, stored = copy_store(), StoredObject.objects.filter(pk=stored_id).first()
    # Whoever of its records can still open it; the others have the same claim.
    row = None if stored is None else next((each for each in files_in(stored) if not is_erased(each.evidence)), None)
    if store is None or stored is None or row is None:
        return
    fault = file_fault(row)
    if fault is not None:
        changed = fault.startswith(CHANGED)
        if not changed and not (fault == MISSING and holds_others_of(vault_store(), stored.name)):
            if fault.startswith(UNREADABLE):
                raise RetryLater(ORIGINAL_AWAY)
            return  # it is the record's rows that are damaged, and no copy mends those
        second = second_of(row, store)
        if second is Second.AWAY:
            raise RetryLater(COPY_AWAY)
        if second is not Second.RIGHT:
            return
        _restore(row, stored, store, changed=changed)
    elif stored.mending_since is None:
        return  # somebody else put it right, and a person ends the quarantine
    _end(stored)


def _restore(row: EvidenceFile, stored: StoredObject, store: ObjectStore, *, changed: bool) -> None:
    StoredObject.objects.filter(pk=stored.pk, mending_since=None).update(mending_since=timezone.now())
    reached("evidence.repair-begun")
    if changed:
        set_aside(vault_store(), stored.name)
    vault_store().put_new(stored.name, while_leased(REPAIR_ORIGINAL, stored.pk, verified_ciphertext(row, store)))
    reached("evidence.original-restored")


def _end(stored: StoredObject) -> None:
    files = list(files_in(stored))
    others = EvidenceFile.objects.filter(evidence__in=[each.evidence_id for each in files], stored_object__isnull=False)
    read = {each: file_fault(each) for each in others.select_related("evidence", "stored_object")}
    if any(fault is not None for each, fault in read.items() if each.stored_object == stored and not is_erased(each.evidence)):
        raise RetryLater(ORIGINAL_AWAY)
    wrong = {each.evidence_id for each, fault in read.items() if fault is not None}
    now = to_the_millisecond(timezone.now())
    with transaction.atomic():
        if StoredObject.objects.filter(pk=stored.pk, mending_since__isnull=False).update(mending_since=None) != 1:
            return
        for row in files:
            repaired = done_by_system(CustodyAction.REPAIRED, purpose=f"files/{row.position}: restored from the second copy")
            append_with_retries(partial(append_rows, {row.evidence_id: [repaired]}, at=now))
            if row.evidence_id not in wrong:
                end_after_repair(row.evidence, now=now)
        reached("evidence.repair-before-commit")


def files_in(stored: StoredObject) -> QuerySet[EvidenceFile]:
    """The files whose bytes lie in this object, with their records: those of one organisation that are equal."""
    return EvidenceFile.objects.filter(stored_object=stored).select_related("evidence", "stored_object").order_by("pk")
