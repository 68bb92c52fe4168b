"""Selective disclosure: who holds a file and the record number learns that one file's claim, and nothing else.

Source: formats A1 "Selective disclosure"; design.md §5 (unknown number and wrong digest give the same answer; ten wrong digests a day).
"""
from dataclasses import dataclass
from datetime import date, datetime
from hmac import compare_digest

from django.db.models import F

from evidence.custody import Happening
from evidence.errors import DisclosureLimited, RecordNotFound
from evidence.models import DisclosureAttempts, Evidence
from evidence.selectors import claims_of, public_record
from evidence.trail import append_rows, append_with_retries, to_the_millisecond
from tlog.claims import Claim
from vault.search import blind_digest

WRONG_DIGESTS_A_DAY = 10


@dataclass(frozen=True, slots=True)
class Disclosure:
    record: Evidence
    claim: Claim


def disclose_and_note(number: str, sha256: bytes, *happenings: Happening, now: datetime) -> Disclosure:
    """`disclose_file`, and what is done with it written into the record's trail, and committed, before anything of it goes out.

    That a file was compared is a verification, that its claim is handed out a disclosure: whoever does both writes both.

    Raises what `disclose_file` raises, nothing being written then; TrailBusy.
    """
    found = disclose_file(number, sha256, today=now.date())
    append_with_retries(lambda: append_rows({found.record.pk: happenings}, at=to_the_millisecond(now)))
    return found


def disclose_file(number: str, sha256: bytes, *, today: date) -> Disclosure:
    """The claim of the file with this digest.

    Raises RecordNotFound for an unknown number and for a wrong digest alike, DisclosureLimited, ClaimsErased.
    """
    record = public_record(number)
    _refuse_guessing(record, today)
    wanted = blind_digest(record.organisation.ref, sha256)
    position = next((file.position for file in record.files.order_by("position") if compare_digest(bytes(file.sha256_hmac), wanted)), None)
    if position is None:
        _count_wrong(record, today)
        raise RecordNotFound
    claim = next(claim for claim in claims_of(record) if claim.name == f"files/{position}")
    return Disclosure(record, claim)


def _refuse_guessing(record: Evidence, today: date) -> None:
    if DisclosureAttempts.objects.filter(evidence=record, day=today, wrong__gte=WRONG_DIGESTS_A_DAY).exists():
        raise DisclosureLimited(retry_after_s=3600, limit=WRONG_DIGESTS_A_DAY)


def _count_wrong(record: Evidence, today: date) -> None:
    DisclosureAttempts.objects.get_or_create(evidence=record, day=today)
    DisclosureAttempts.objects.filter(evidence=record, day=today).update(wrong=F("wrong") + 1)
