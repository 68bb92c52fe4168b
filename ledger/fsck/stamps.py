"""Stamp requests and timestamps: every token verified again, every column against token, request and checkpoint.

Tokens are judged at the time when they were received, by the roots that are pinned for their authority.
"""
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from common.jobs import Job
from ledger.fsck.checkpoints import SLACK
from ledger.fsck.finding import Finding
from ledger.models import PublishedCheckpoint, StampRequest, Timestamp
from ledger.stamping import STAMP_CHECKPOINT, authority_ids, checkpoint_digest
from ledger.timestamping import load_authorities
from tlog.errors import VerificationError
from tlog.timestamp import verify_token

SKEW = timedelta(seconds=300)


def examine_stamps() -> Iterator[Finding]:
    yield from _dangling()
    yield from _requests()
    yield from _timestamps()


def _dangling() -> Iterator[Finding]:
    """Rows whose checkpoint is gone, and jobs whose request is gone: the joins below would pass over them."""
    published = PublishedCheckpoint.objects.all()
    for request_id in StampRequest.objects.exclude(checkpoint__in=published).values_list("id", flat=True):
        yield Finding(f"ledger_stamprequest {request_id}", "its published checkpoint is missing")
    for timestamp_id in Timestamp.objects.exclude(checkpoint__in=published).values_list("id", flat=True):
        yield Finding(f"ledger_timestamp {timestamp_id}", "its published checkpoint is missing")
    for request_id in Job.objects.filter(kind=STAMP_CHECKPOINT).exclude(subject_id__in=StampRequest.objects.values("id")).values_list(
            "subject_id", flat=True):
        yield Finding(f"ledger_stamprequest {request_id}", "the row is missing, but its job is there")


def _requests() -> Iterator[Finding]:
    configured, now = authority_ids(), timezone.now()
    tokens = Timestamp.objects.filter(checkpoint=OuterRef("checkpoint"), authority=OuterRef("authority"))
    jobs = Job.objects.filter(kind=STAMP_CHECKPOINT, subject_id=OuterRef("pk"))
    rows = StampRequest.objects.select_related("checkpoint").annotate(
        received_at=Subquery(tokens.values("received_at")[:1]), has_job=Exists(jobs))
    for row in rows.order_by("id").iterator():
        where = f"ledger_stamprequest {row.pk}"
        if not row.checkpoint.published_at - SLACK <= row.requested_at <= (row.received_at or now) + SLACK:
            yield Finding(where, "requested_at is out of order")
        if (row.outcome == StampRequest.STAMPED) != (row.received_at is not None):
            yield Finding(where, f"the outcome is {row.outcome or 'open'}, and there is {'a' if row.received_at else 'no'} timestamp")
        if not row.has_job:
            yield Finding(where, "its job row is missing, so nobody works on it")
        if not row.outcome and row.authority not in configured:
            yield Finding(where, f"the authority {row.authority} is not configured")


def _timestamps() -> Iterator[Finding]:
    largest, pinned = 0, Pinned()
    requests = StampRequest.objects.filter(checkpoint=OuterRef("checkpoint"), authority=OuterRef("authority"))
    rows = Timestamp.objects.select_related("checkpoint").annotate(requested_at=Subquery(requests.values("requested_at")[:1]))
    for row in rows.order_by("id").iterator():
        where = f"ledger_timestamp {row.pk}"
        if row.size != row.checkpoint.size:
            yield Finding(where, "size is not that of its checkpoint")
        # SPEC: formats A7: no checkpoint is stamped later than a newer one was.
        if row.size < largest:
            yield Finding(where, f"stamped after the checkpoint of size {largest}")
        largest = max(largest, row.size)
        if row.requested_at is None:
            yield Finding(where, "nobody asked this authority for this checkpoint")
        elif row.received_at < row.requested_at - SLACK:
            yield Finding(where, "received_at is before the request")
        yield from _token(row, where, pinned)


def _token(row: Timestamp, where: str, pinned: "Pinned") -> Iterator[Finding]:
    try:
        verified = verify_token(
            bytes(row.token), digest=checkpoint_digest(row.checkpoint), roots=pinned.roots(row.authority),
            now=row.received_at, not_before=row.checkpoint.published_at,
        )
    except (ValueError, VerificationError) as wrong:
        yield Finding(where, f"token: {wrong}")
        return
    if verified.gen_time != row.gen_time:
        yield Finding(where, "gen_time is not that of the token")
    # The two clocks may differ by the skew, and an answer takes at most the timeout.
    if row.received_at - verified.gen_time > SKEW + timedelta(seconds=settings.TSA_TIMEOUT_S):
        yield Finding(where, "received_at is long after the token was made")


class Pinned:
    """The pinned roots of authorities, configured still or not, each read once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, ...]] = {}

    def roots(self, authority_id: str) -> tuple[bytes, ...]:
        """Raises ValueError when no roots are pinned for this authority."""
        if authority_id not in self._known:
            [authority] = load_authorities(f"{authority_id}=http://localhost/", Path(settings.VAR_DIR) / "trust" / "tsa")
            self._known[authority_id] = authority.roots
        return self._known[authority_id]
