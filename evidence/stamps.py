"""A record's own timestamp, on request (`"timestamp": "record"`): one RFC 3161 token over SHA-256 of its statement.

It is one step nearer to the deposit than the checkpoint's token: whoever fears that the log stood still meanwhile need not argue.
Work for the worker, a job row of the deposit's own transaction; the first authority that answers gives the token, and until one
does the job stays due. The checkpoint is stamped all the same.

What this does not do: stamp a file or a claim. The imprint is that of the statement, which holds salted digests only.

Source: RFC 3161; formats A5 (`records/<record>/<tsa>.tst`), A7.
"""
import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.bulk import Insert
from common.jobs import Job, RetryLater
from evidence.models import Evidence, RecordTimestamp
from ledger.errors import AuthoritiesMisconfigured
from ledger.revocation import refuse_revoked
from ledger.stamping import UNAVAILABLE, authorities, fresh_nonce
from ledger.timestamping import StampedToken, TimestampUnavailable, request_timestamp

logger = logging.getLogger(__name__)

STAMP_RECORD = "evidence.stamp-record"


def stamp_jobs(evidence_ids: Sequence[int], *, now: datetime) -> Insert:
    """Job rows for records that want a timestamp of their own, to be written in the deposit's transaction."""
    rows = [(STAMP_RECORD, id_, 0, now, "") for id_ in evidence_ids]
    return Insert(Job, ("kind", "subject_id", "attempts", "next_attempt_at", "last_error"), rows)


def wants_stamp(record: Evidence) -> bool:
    """Whether a timestamp of its own was asked for with the deposit."""
    return Job.objects.filter(kind=STAMP_RECORD, subject_id=record.pk).exists()


def stamp_of(record: Evidence) -> RecordTimestamp | None:
    """The record's own timestamp; None while there is none."""
    return RecordTimestamp.objects.filter(evidence=record).first()


def stamp_record(evidence_id: int) -> None:
    """Get one token over the record's statement, unless it has one. Raises RetryLater while no authority gives one."""
    record = Evidence.objects.get(pk=evidence_id)
    if stamp_of(record) is not None:
        return
    stamped = _first_token(record)
    try:
        with transaction.atomic():
            RecordTimestamp(evidence=record, authority=stamped.authority_id, token=stamped.token, gen_time=stamped.gen_time).save()
    except IntegrityError:
        # A worker whose lease ran out was not dead after all, and its token is as good as this one.
        if stamp_of(record) is None:
            raise


def statement_digest(record: Evidence) -> bytes:
    """SHA-256 of the statement's bytes: the imprint, and what `records/<record>/statement.json` hashes to."""
    return hashlib.sha256(bytes(record.statement)).digest()


def _first_token(record: Evidence) -> StampedToken:
    codes = []
    try:
        configured = authorities()
    except AuthoritiesMisconfigured as wrong:
        raise RetryLater(wrong.code) from wrong
    for authority in configured:
        now = timezone.now()
        try:
            # The record may be hours old when an authority that was down answers at last, and the answer is of now all the same.
            stamped = request_timestamp(
                authority, statement_digest(record), nonce=fresh_nonce(), now=now, not_before=max(now, record.received_at),
                timeout_s=settings.TSA_TIMEOUT_S, skew_s=settings.TIME_SKEW_S)
            refuse_revoked(authority, stamped)
        except TimestampUnavailable as unavailable:
            logger.warning("timestamp authority %s: %s", authority.id, unavailable)
            codes.append(unavailable.code)
        else:
            return stamped
    raise RetryLater(f"{UNAVAILABLE}: {' '.join(codes) or 'no authority is configured'}")
