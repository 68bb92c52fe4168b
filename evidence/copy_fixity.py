"""Second copies read again, a slice in each round of the monitor: a copy that nobody reads is found wanting on the day it is needed.

A copy that changed is put aside, and one that is gone is forgotten: the job that makes copies makes it anew of the original, if that is
right. Nothing here touches an original or a record: a copy is no evidence. Source: threats 1.1 (two copies), T15; docs/adr/0026.
"""
from collections.abc import Sequence

from common.object_store import ObjectStore
from evidence.file_faults import CHANGED, KEY_AWAY, MISSING, UNREADABLE, file_fault
from evidence.fixity import MAX_BYTES, MAX_OBJECTS, slice_of
from evidence.models import EvidenceFile
from ledger.monitor.slices import Looked
from vault.models import StoredObject
from vault.storage import copy_store, set_aside


def look_at_copies(after: int, rows: Sequence[int], *, max_objects: int = MAX_OBJECTS, max_bytes: int = MAX_BYTES) -> Looked:
    """Read the copies of these rows of `EvidenceFile`, and a slice of those whose ids are larger than `after`."""
    store = copy_store()
    if store is None:
        return Looked(0, 0, 0, {})
    kept = EvidenceFile.objects.filter(stored_object__copied_at__isnull=False).select_related("evidence", "stored_object").order_by("id")
    suspects = list(kept.filter(pk__in=rows))
    fresh = list(slice_of(kept.filter(pk__gt=after)[:max_objects].iterator(), max_bytes))
    wrong = dict[int, str]()
    for row in {row.pk: row for row in (*suspects, *fresh)}.values():
        told = fault_of_copy(row, store)
        if told is None:
            continue
        sentence, away = told
        wrong[row.pk] = sentence
        if away:
            # Of a store that does not answer nothing is learnt by asking it for each of its objects, and waiting each time.
            return Looked(0, 0, after, wrong)
    last = fresh[-1].pk if fresh else 0
    at_the_end = not kept.filter(pk__gt=last).exists()
    return Looked(len(fresh), sum(row.size_bytes for row in fresh), 0 if at_the_end else last, wrong)


def fault_of_copy(row: EvidenceFile, store: ObjectStore) -> tuple[str, bool] | None:
    """A sentence for a copy that is not what it should be, and whether it is the store that does not answer; None when all is well.

    The row comes with its record and its object.
    """
    stored, fault = row.stored_object, file_fault(row, store)
    assert stored is not None
    if fault is None:
        return None
    if fault == MISSING and not EvidenceFile.objects.filter(pk=row.pk, stored_object=stored).exists():
        return None  # since it was read the original was erased, or put together with an equal one, whose copy is read in its own turn
    changed = fault.startswith(CHANGED)
    lost = changed or (fault == MISSING and _is_there(store, stored.name))
    if changed:
        set_aside(store, stored.name)
    if lost:
        StoredObject.objects.filter(pk=stored.pk).update(copied_at=None)
    sentence = f"copy/{stored.name}: {fault}: files/{row.position} of {row.evidence.record}"
    # A name that is not there, a key that is not, or a record's rows that were damaged are this copy's matter and no other's.
    return (f"{sentence}; it is made anew" if lost else sentence), fault.startswith(UNREADABLE) and fault not in (MISSING, KEY_AWAY)


def _is_there(store: ObjectStore, name: str) -> bool:
    """Whether the store holds anything else, whosesoever it is: a disk that is not mounted looks like an empty folder."""
    return any(other != name for other in store.list(""))
