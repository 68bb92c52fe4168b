"""Originals read again, a slice in each round of the monitor: the bytes have the SHA-256 of the claim in the log.

An original that changed puts its record into quarantine, and is repaired where it lies a second time (`evidence.repairs`); one that cannot
be read is an incident until it can, for a storage that is away damaged nothing. `manage.py fsck` reads all of them at once, by both
digests, and holds everything else against the log too; this goes round and round beside the work, by SHA-256 alone.
Source: threats 1.1 (scrub that re-hashes blobs), T13, T15.
"""
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db.models import Exists, F, Max, OuterRef, QuerySet
from django.utils import timezone

from evidence.custody import CustodyAction
from evidence.file_faults import FAST, MISSING, Claim, claim_or_fault, file_fault, original_fault
from evidence.models import CustodyEvent, Evidence, EvidenceFile, FixityRound
from evidence.quarantine_rows import Quarantine
from evidence.repairs import meet_damage
from evidence.trail import append_rows, append_with_retries, done_by_system, to_the_millisecond
from ledger.monitor.slices import Looked

MAX_OBJECTS, MAX_BYTES = 200, 64 * 1024**2
"""One round ends with the object that reaches one of them; the largest object is read whole in any case."""
TOLD_EVERY = timedelta(days=90)
"""A trail says that its originals were read again and none was wrong; not in each round, or it would say little else."""


def look_at_originals(
    after: int, rows: Sequence[int], *, max_objects: int = MAX_OBJECTS, max_bytes: int = MAX_BYTES, workers: int = 1, reported: bool = True
) -> Looked:
    """Read the originals of these rows of `EvidenceFile`, and a slice of those whose ids are larger than `after`.

    A row that has no original any more, because its content was lawfully destroyed, is not looked at. `reported`: the slice is one of the
    monitor's own round, which the operator's page tells of.
    """
    began = timezone.now()
    kept = EvidenceFile.objects.filter(stored_object__isnull=False).select_related("evidence", "stored_object").order_by("id")
    suspects = list(kept.filter(pk__in=rows))
    fresh = list(slice_of(kept.filter(pk__gt=after)[:max_objects].iterator(), max_bytes))
    read = {row.pk: row for row in (*suspects, *fresh)}
    faults = {row.pk: fault for row, fault in scrub(read.values(), workers=workers) if fault is not None}
    wrong, repaired = _meet({row: faults[pk] for pk, row in read.items() if pk in faults})
    last = fresh[-1].pk if fresh else 0
    at_the_end = not kept.filter(pk__gt=last).exists()
    size_bytes = sum(row.size_bytes for row in fresh)
    _tell_trails([row for row in fresh if row.pk not in faults], {read[pk].evidence_id for pk in faults})
    if reported:
        _note_round(began, objects=len(fresh), size_bytes=size_bytes, wrong=sum(row.pk in wrong for row in fresh),
                    repaired=len(repaired), at_the_end=at_the_end)
    return Looked(len(fresh), size_bytes, 0 if at_the_end else last, wrong, repaired)


def _meet(faults: Mapping[EvidenceFile, str]) -> tuple[dict[int, str], list[str]]:
    """Do what can be done; a sentence for each original that is still wrong, by its row, and for each that is right again."""
    wrong, repaired, met = dict[int, str](), list[str](), set[int | None]()
    for seen, found in faults.items():
        row, fault = _again(seen, found, met=seen.stored_object_id in met)
        if row is None or fault is None:
            continue
        met.add(row.stored_object_id)
        second = meet_damage(row, fault)
        if second is None:
            repaired.append(f"{_sentence(row, fault)}; it was restored from the second copy")
        else:
            wrong[row.pk] = _sentence(row, fault) + second
    return wrong, repaired


def _again(row: EvidenceFile, fault: str, *, met: bool) -> tuple[EvidenceFile | None, str | None]:
    """What is not under its name any more was perhaps erased, or lies under another, since its row was read.

    `met`: another record shares the object, and what could be done was done.
    """
    if fault != MISSING and not met:
        return row, fault
    now = EvidenceFile.objects.filter(pk=row.pk, stored_object__isnull=False).select_related("evidence", "stored_object").first()
    return now, None if now is None else file_fault(now)


def damaged_originals(record: Evidence) -> list[str]:
    """A sentence for each original of the record that is not what was deposited, or cannot be read; [] when all is well."""
    return [_sentence(row, fault) for row, fault in scrub(kept_files(record), workers=1) if fault is not None]


def kept_files(record: Evidence) -> QuerySet[EvidenceFile]:
    """The record's files whose originals we hold, as `scrub` takes them."""
    return record.files.filter(stored_object__isnull=False).select_related("evidence", "stored_object").order_by("position")


def latest_rounds() -> list[FixityRound]:
    """The present round and the two before it, the newest first."""
    return list(FixityRound.objects.order_by("-pk")[:3])


def scrub(rows: Iterable[EvidenceFile], *, workers: int) -> list[tuple[EvidenceFile, str | None]]:
    """Each row, which came with its record and its object, and what is wrong with its original; in the order of the rows."""
    claimed = [(row, claim_or_fault(row)) for row in rows]
    faults = read_originals(claimed, workers=workers)
    return [(row, fault) for (row, _), fault in zip(claimed, faults, strict=True)]


def read_originals(claimed: Sequence[tuple[EvidenceFile, Claim | str]], *, workers: int) -> list[str | None]:
    """What is wrong with each original, given by its row and its claim, or by what is wrong with that; None when nothing is.

    Digests are computed outside the interpreter's lock, so that two workers keep two processors busy. Asks the database nothing.
    """
    if workers == 1:
        return list(map(_read, claimed))
    with ThreadPoolExecutor(workers, thread_name_prefix="scrub") as pool:
        return list(pool.map(_read, claimed))


def slice_of(rows: Iterator[EvidenceFile], max_bytes: int) -> Iterator[EvidenceFile]:
    """These rows up to the one that reaches so many bytes."""
    size_bytes = 0
    for row in rows:
        yield row
        size_bytes += row.size_bytes
        if size_bytes >= max_bytes:
            return


def _read(claimed: tuple[EvidenceFile, Claim | str]) -> str | None:
    row, claim = claimed
    return claim if isinstance(claim, str) else original_fault(row, claim, by=FAST)


def _sentence(row: EvidenceFile, fault: str) -> str:
    assert row.stored_object is not None
    return f"vault/{row.stored_object.name}: {fault}: files/{row.position} of {row.evidence.record}"


def _tell_trails(rows: Sequence[EvidenceFile], wrong: set[int]) -> None:
    """Into the trail of each record whose last original is among these and none was found wrong, unless it was told not long ago."""
    now = timezone.now()
    told = CustodyEvent.objects.filter(evidence=OuterRef("evidence"), event=CustodyAction.CHECKED, at__gt=now - TOLD_EVERY)
    last = EvidenceFile.objects.filter(evidence=OuterRef("evidence"), stored_object__isnull=False).order_by()
    # Another slice may have found another of its originals changed.
    damaged = Quarantine.objects.filter(evidence=OuterRef("evidence"), ended_at=None, cause=Quarantine.Cause.FIXITY)
    due = EvidenceFile.objects.filter(pk__in=[row.pk for row in rows]).exclude(evidence__in=wrong).filter(
        ~Exists(damaged), ~Exists(told), ~Exists(last.filter(position__gt=OuterRef("position"))))
    records = list(due.order_by("evidence").values_list("evidence", flat=True))
    if records:
        happening = done_by_system(CustodyAction.CHECKED)
        append_with_retries(lambda: append_rows({id_: [happening] for id_ in records}, at=to_the_millisecond(now)))


def _note_round(began: datetime, *, objects: int, size_bytes: int, wrong: int, repaired: int, at_the_end: bool) -> None:
    """The operator's report: the present round goes on, and ends with the last original there is. The monitor makes one slice at a time."""
    now = timezone.now()
    present = FixityRound.objects.filter(ended_at=None).aggregate(pk=Max("pk"))["pk"]
    if present is None:
        if objects == 0:
            return
        present = FixityRound.objects.create(began_at=began, seen_at=began).pk
    FixityRound.objects.filter(pk=present).update(
        seen_at=now, objects_read=F("objects_read") + objects, bytes_read=F("bytes_read") + size_bytes, wrong=F("wrong") + wrong,
        repaired=F("repaired") + repaired, ended_at=now if at_the_end else None)
