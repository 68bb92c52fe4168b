"""RFC 3161 stamps on published checkpoints, as job rows; those on a package's manifest are `digest_stamps`.

A checkpoint whose stamping failed is not stamped once a newer one was (formats A7): the insert moves
`LogState.stamped_size` by compare-and-swap. So the first stamped checkpoint that covers a record stays the first for ever.
Each authority has at most one open request, for the newest checkpoint that was published when it was free. An authority
that is down, slow or answers garbage is asked more and more rarely and holds up nothing else: the request for a newer
checkpoint takes the place, the attempts and the pause of the one that failed. No transaction is open while one is asked.
Source: RFC 3161; formats A5, A7.
"""
import hashlib
import logging
import secrets
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from common.failpoints import reached
from common.jobs import Job, RetryLater, enqueue_job, wake_jobs
from ledger.agreement import compare_times, weigh_refused
from ledger.errors import AuthoritiesMisconfigured
from ledger.models import LogState, PublishedCheckpoint, StampRequest, Timestamp
from ledger.policies import policies, policy_at
from ledger.revocation import refuse_revoked, request_archive
from ledger.timestamping import Authority, StampedToken, TimesDiffer, TimestampUnavailable, load_authorities, request_timestamp
from tlog.note import split_note

logger = logging.getLogger(__name__)

STAMP_CHECKPOINT = "ledger.stamp-checkpoint"
UNAVAILABLE = "timestamp-unavailable"
FOLLOWERS: list[str] = []


def follow_stamps(kind: str) -> None:
    """A job of this kind, with the subject 0, becomes due whenever a checkpoint was stamped: how the rooms above hear of it."""
    if kind not in FOLLOWERS:
        FOLLOWERS.append(kind)


def authorities() -> tuple[Authority, ...]:
    """The configured authorities with their pinned roots, in the order of preference. Raises AuthoritiesMisconfigured."""
    try:
        return pinned_authorities()
    except ValueError as wrong:
        logger.error("CUNZHENG_TSAS: %s", wrong)
        raise AuthoritiesMisconfigured from wrong


def pinned_authorities() -> tuple[Authority, ...]:
    """The same for whoever tells the operator. Raises ValueError with one sentence."""
    return load_authorities(settings.TSAS, Path(settings.VAR_DIR) / "trust" / "tsa")


def authority_ids() -> list[str]:
    """The ids alone: what needs no roots must not depend on their files."""
    return [word.partition("=")[0] for word in settings.TSAS.split()]


def request_stamps(*, now: datetime) -> bool:
    """Ask every authority that is free for a stamp on the newest published checkpoint; False when one is still at work on another."""
    published = PublishedCheckpoint.objects.order_by("-size").first()
    if published is None:
        return True
    with transaction.atomic():
        asked = [_request_stamp(published, authority_id, now) for authority_id in authority_ids()]
    return all(asked)


def _request_stamp(published: PublishedCheckpoint, authority_id: str, now: datetime) -> bool:
    """False when the authority is asked about an older checkpoint now, or will be next: that answer is as good, and must get its turn."""
    if StampRequest.objects.filter(checkpoint=published, authority=authority_id).exists():
        return True
    not_before, attempts = now, 0
    for older in StampRequest.objects.filter(authority=authority_id, outcome=""):
        job = Job.objects.filter(kind=STAMP_CHECKPOINT, subject_id=older.pk).first()
        assert job is not None, "a request and its job are inserted together"
        if job.attempts == 0 or (job.lease_until is not None and job.lease_until >= now):
            return False
        _end(older, StampRequest.SUPERSEDED)
        Job.objects.filter(pk=job.pk).update(done_at=now)
        not_before, attempts = job.next_attempt_at, job.attempts
    request = StampRequest.objects.create(checkpoint=published, authority=authority_id, requested_at=now)
    enqueue_job(STAMP_CHECKPOINT, request.pk, now=not_before, attempts=attempts)
    return True


def stamp_checkpoint(stamp_request_id: int) -> None:
    """Get one authority's stamp for one published checkpoint, unless the request has ended. Raises RetryLater while there is no answer."""
    request = StampRequest.objects.select_related("checkpoint").get(pk=stamp_request_id)
    if request.outcome:
        if request.outcome == StampRequest.STAMPED:
            compare_times(request.checkpoint.size, now=timezone.now())  # a worker that died after it had kept the token left this
        return
    if request.authority not in authority_ids():
        logger.warning("timestamp authority %s is not configured any more; its request is dropped", request.authority)
        _end(request, StampRequest.DROPPED)
        return
    authority, now = _authority(request.authority), timezone.now()
    try:
        # The nonce is of this moment, so the answer is too: an earlier time is no better for being later than the checkpoint's.
        stamped = request_timestamp(
            authority, checkpoint_digest(request.checkpoint), nonce=fresh_nonce(), now=now,
            not_before=max(now, request.checkpoint.published_at), timeout_s=settings.TSA_TIMEOUT_S, skew_s=settings.TIME_SKEW_S,
        )
        refuse_revoked(authority, stamped)
    except TimestampUnavailable as unavailable:
        logger.warning("timestamp authority %s: %s", authority.id, unavailable)
        if isinstance(unavailable, TimesDiffer):
            now = timezone.now()
            weigh_refused(request, unavailable.gen_time, others_to_be_heard=_someone_is_still_asked(request, now), now=now)
        raise RetryLater(f"{UNAVAILABLE}: {unavailable.code}") from unavailable
    reached("ledger.stamp-answered")
    kept = keep_timestamp(request, stamped, now=timezone.now())
    reached("ledger.stamp-kept")
    if kept:
        compare_times(request.checkpoint.size, now=timezone.now())


def keep_timestamp(request: StampRequest, stamped: StampedToken, *, now: datetime) -> bool:
    """Insert a verified token; False when the request has ended, or a larger checkpoint was stamped or the policy changed meanwhile.

    Raises RetryLater when the token is older than the policy under which the checkpoint was published: a later one will not be.
    """
    checkpoint, known = request.checkpoint, policies()
    with transaction.atomic():
        # SPEC: formats A6: a checkpoint is judged by the policy in force at its genTime. One that was published under another would
        # be held against witnesses that it never had.
        published_under = policy_at(checkpoint.published_at, known)
        if stamped.gen_time < published_under.since:
            # An authority a second behind our clock: on a quiet log no other checkpoint of this policy may ever come.
            raise RetryLater(f"{UNAVAILABLE}: before-policy")
        if policy_at(stamped.gen_time, known) != published_under:
            _end(request, StampRequest.SUPERSEDED)
            return False
        # SPEC: formats A7: "A checkpoint whose stamping failed is not stamped later: the next one is." A second
        # authority's token for the same size is welcome.
        moved = LogState.objects.filter(pk=1, stamped_size__lte=checkpoint.size).update(stamped_size=checkpoint.size)
        if moved != 1:
            _end(request, StampRequest.SUPERSEDED)
            return False
        # Of two workers that hold a token for one request, because a lease ran out, the second finds it ended.
        if not _end(request, StampRequest.STAMPED):
            return False
        stamp = Timestamp.objects.create(
            checkpoint=checkpoint, size=checkpoint.size, authority=stamped.authority_id, token=stamped.token,
            gen_time=stamped.gen_time, received_at=now,
        )
        request_archive(stamp, now=now)
        for kind in FOLLOWERS:
            wake_jobs(kind, [0], now=now)
        reached("ledger.stamp-inserted")
    return True


def checkpoint_digest(checkpoint: PublishedCheckpoint) -> bytes:
    """SHA-256 of the checkpoint's text: the bytes of `log/<n>/checkpoint.txt` (formats A7)."""
    text, _ = split_note(bytes(checkpoint.note))
    return hashlib.sha256(text.encode()).digest()


def fresh_nonce() -> int:
    """63 random bits with the top one set: authorities differ in what they make of leading zeros."""
    return secrets.randbits(62) | 1 << 62


def _authority(id_: str) -> Authority:
    """Raises RetryLater when its roots cannot be read: the worker and the other authorities go on."""
    try:
        return next(authority for authority in authorities() if authority.id == id_)
    except AuthoritiesMisconfigured as wrong:
        raise RetryLater(wrong.code) from wrong


def _someone_is_still_asked(request: StampRequest, now: datetime) -> bool:
    """Whether another authority is being asked now, or will be for the first time."""
    others = StampRequest.objects.filter(outcome="").exclude(authority=request.authority).values("pk")
    untried = Q(attempts=0) | Q(lease_until__gte=now)
    return Job.objects.filter(untried, kind=STAMP_CHECKPOINT, subject_id__in=others, done_at=None).exists()


def _end(request: StampRequest, outcome: str) -> bool:
    """Give the request its outcome; False when it has one."""
    return StampRequest.objects.filter(pk=request.pk, outcome="").update(outcome=outcome) == 1
