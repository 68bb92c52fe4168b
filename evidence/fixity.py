"""Originals read again, a slice in each round of the monitor: both digests of the bytes are those of the claim in the log.

`manage.py fsck` reads all of them at once and holds everything else against the log too; this goes round and round beside the work.
Source: threats 1.1 (scrub that re-hashes blobs), T13.
"""
from collections.abc import Sequence

from evidence.drafts import unpack_claims
from evidence.fsck import original_fault
from evidence.models import EvidenceFile
from ledger.monitor.slices import Looked
from tlog.canonical import Json
from tlog.claims import verify_claim
from tlog.errors import VerificationError
from tlog.statement import parse_statement

MAX_OBJECTS, MAX_BYTES = 200, 64 * 1024**2
"""One round ends with the object that reaches one of them; the largest object is read whole in any case."""


def look_at_originals(after: int, rows: Sequence[int], *, max_objects: int = MAX_OBJECTS, max_bytes: int = MAX_BYTES) -> Looked:
    """Read the originals of these rows of `EvidenceFile`, and a slice of those whose ids are larger than `after`.

    A row that has no original any more, because its content was lawfully destroyed, is not looked at.
    """
    kept = EvidenceFile.objects.filter(stored_object__isnull=False).select_related("evidence", "stored_object").order_by("id")
    wrong: dict[int, str] = {}
    objects = size_bytes = last = 0
    for row in kept.filter(pk__in=rows):
        wrong |= _fault(row)
    for row in kept.filter(pk__gt=after)[:max_objects].iterator():
        wrong |= _fault(row)
        objects, size_bytes, last = objects + 1, size_bytes + row.size_bytes, row.pk
        if size_bytes >= max_bytes:
            break
    at_the_end = not kept.filter(pk__gt=last).exists()
    return Looked(objects, size_bytes, 0 if at_the_end else last, wrong)


def _fault(row: EvidenceFile) -> dict[int, str]:
    """The row and what is wrong with its original; {} when nothing is."""
    assert row.stored_object is not None
    try:
        fault = original_fault(row.stored_object.name, _claim(row))
    except VerificationError as damaged:
        fault = str(damaged)
    return {} if fault is None else {row.pk: f"vault/{row.stored_object.name}: {fault}: files/{row.position} of {row.evidence.record}"}


def _claim(row: EvidenceFile) -> dict[str, Json]:
    """The value of the file's claim. Raises VerificationError when it is missing or not what the statement lists."""
    name, record = f"files/{row.position}", row.evidence
    listed = {each.name: each for each in parse_statement(bytes(record.statement), record.record).claims}
    held = {each.name: each for each in unpack_claims(bytes(record.sealed_claims or b""))}
    if name not in listed or name not in held:
        raise VerificationError(f"there is no claim {name}")
    value = verify_claim(name, held[name].data, held[name].salt, listed[name].sha256, listed[name].sm3)
    assert isinstance(value, dict)
    return value
