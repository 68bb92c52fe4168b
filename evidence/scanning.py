"""Malware: where a scanner is configured, each record whose originals we keep is shown to it once, by a job of the deposit's transaction.

A hit quarantines the record and changes nothing; a scanner that is away, or takes no file of that size, leaves the job due, for it has not
said that a file is clean. A deposit never waits for it and is never refused: evidence of an attack is evidence. What was deposited before
a scanner was there is shown to it by `manage.py scan_originals`. What this does not do: speak clamd's protocol (`vault.scanning`).
Source: issue 5 §3.
"""
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from common.bulk import Insert
from common.jobs import LEASE, Job, RetryLater, wake_jobs, while_leased
from evidence.drafts import SealedRecord
from evidence.models import EvidenceFile
from evidence.quarantine import quarantine_record
from evidence.record_keys import is_erased, open_original
from vault.scanning import ScanFailedError, Scanner
from vault.storage import blocks_of

SCAN_RECORD = "evidence.scan-record"
AWAY = "scanner-unavailable"
AT_ONCE = 500


def scan_jobs(records: Sequence[tuple[int, SealedRecord]], *, now: datetime) -> Insert:
    """Job rows for those of these records, given by their ids, whose bytes came to us; none where no scanner is configured."""
    wanted = records if configured_scanner() is not None else ()
    rows = [(SCAN_RECORD, id_, 0, now, "") for id_, record in wanted if any(file.stored is not None for file in record.draft.item.files)]
    return Insert(Job, ("kind", "subject_id", "attempts", "next_attempt_at", "last_error"), rows)


def scan_record(evidence_id: int) -> None:
    """The job. Raises RetryLater while the scanner does not say, and what `open_original` raises."""
    scanner = configured_scanner()
    if scanner is None:
        return
    kept = EvidenceFile.objects.filter(evidence=evidence_id, stored_object__isnull=False)
    for file in kept.select_related("evidence__organisation", "stored_object").order_by("position"):
        if is_erased(file.evidence):
            return
        try:
            found = scanner.examine(while_leased(SCAN_RECORD, file.evidence_id, blocks_of(open_original(file))))
        except ScanFailedError:
            raise RetryLater(AWAY) from None
        if found is not None:
            quarantine_record(file.evidence, reason=f"files/{file.position}: {found}")
            return


def scan_all(*, now: datetime) -> int:
    """See that every record whose originals we keep is shown to the scanner, again where it was before; how many they are."""
    kept = EvidenceFile.objects.filter(stored_object__isnull=False, evidence__sealed_claims__isnull=False)
    count, last = 0, 0
    while ids := list(kept.filter(evidence__gt=last).order_by("evidence").values_list("evidence", flat=True).distinct()[:AT_ONCE]):
        with transaction.atomic():
            wake_jobs(SCAN_RECORD, ids, now=now)
        count, last = count + len(ids), ids[-1]
    return count


def configured_scanner(*, wait_s: float = LEASE.total_seconds() / 2) -> Scanner | None:
    """The scanner of CUNZHENG_CLAMD; None where there is none. It is waited for so long, within the job's lease unless told otherwise."""
    place = settings.CLAMD
    return None if place is None else Scanner(*place, wait_s=wait_s)
