"""What an erasure calls for the bytes of originals: they go wherever they lie, with what was put aside of them, and with their last record.

What other records of the organisation share stays theirs: they open it by keys of their own (`evidence.sharing`).

Rows go first: bytes that no row names, the sweeper takes, of either store, when a crash or a store that is away leaves them; and with the
row goes the sealed key, without which they are noise. What this does not do: decide that anything may be erased, log it, or destroy the
record's key and claims; whoever does, calls this beside `evidence.renderings.erase_renderings`. Source: threats 2.2, T24; docs/adr/0026.
"""
from collections.abc import Collection

from django.db import transaction

from common.failpoints import reached
from evidence.models import Evidence, EvidenceFile
from vault.models import StoredObject
from vault.storage import erase_object


def erase_originals(records: Collection[int]) -> list[str]:
    """Erase the originals of these records; the names of those that a store which is away may still hold."""
    with transaction.atomic():
        # Locked as sharing locks, records first: what a record's file lies in does not change any more, and nobody joins what is let go.
        list(Evidence.objects.select_for_update().filter(pk__in=records).order_by("pk").values_list("pk"))
        files = EvidenceFile.objects.filter(evidence__in=records, stored_object__isnull=False)
        ids = set(files.values_list("stored_object", flat=True))
        list(StoredObject.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
        files.update(stored_object=None, content_key=None)
        shared = set(EvidenceFile.objects.filter(stored_object__in=ids).values_list("stored_object", flat=True))
        objects = StoredObject.objects.filter(pk__in=ids - shared)
        names = [name for each in objects.values_list("name", "clear_name") for name in each if name is not None]
        objects.delete()
    reached("evidence.originals-unnamed")
    return [name for name in names if not erase_object(name)]
