"""Job rows: asynchronous work that must not be lost, with attempts, next attempt and lease.

A broker is never the record of work. One worker process (`manage.py work`) or Celery runs the same `run_job`; whoever
wins the lease by compare-and-swap does the work, and a worker that dies leaves a lease that runs out. Handlers take a
subject's id, must be idempotent, and are registered by each room's AppConfig. A job that fails for whatever reason stays due and
stops no other.
"""
import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from common.failures import DATABASE_FAILURES, where

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=settings.JOB_LEASE_S)
LONGEST_PAUSE = timedelta(minutes=5)
UNKNOWN_KIND = "unknown-kind"
Handler = Callable[[int], None]
HANDLERS: dict[str, Handler] = {}
DAILY: set[str] = set()
RECURRING: dict[str, timedelta] = {}


class RetryLater(Exception):
    """The outside world is not ready; `code` (stable, nothing personal) is kept in the row and the job runs again later."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RunAgain(Exception):
    """The job did what could be done now, and there is more to do at `at`; no failure, and nothing is kept of it."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.at = at


class Job(models.Model):
    kind = models.CharField(max_length=64, help_text="任务种类")
    subject_id = models.BigIntegerField(help_text="处理对象的编号")
    attempts = models.PositiveIntegerField(default=0, help_text="已尝试次数")
    next_attempt_at = models.DateTimeField(help_text="下次尝试时间")
    lease_until = models.DateTimeField(null=True, help_text="占用至")
    done_at = models.DateTimeField(null=True, help_text="完成时间")
    last_error = models.CharField(max_length=100, blank=True, help_text="最近一次失败的代码")

    objects: ClassVar[models.Manager["Job"]] = models.Manager()

    class Meta:
        verbose_name = "后台任务"
        constraints = [models.UniqueConstraint(fields=["kind", "subject_id"], name="job_unique_for_subject")]
        indexes = [models.Index(fields=["next_attempt_at"], condition=models.Q(done_at=None), name="job_due")]


def register_job(kind: str, handler: Handler) -> None:
    HANDLERS[kind] = handler


def register_daily_job(kind: str, handler: Handler) -> None:
    """A job that becomes due once every UTC day; its subject is the day's ordinal."""
    register_job(kind, handler)
    DAILY.add(kind)


def register_recurring_job(kind: str, handler: Handler, *, every: timedelta) -> None:
    """A job that is never done: one row for the whole service, with the subject 0, due again so long after each end."""
    register_job(kind, handler)
    RECURRING[kind] = every


def enqueue_daily_jobs(*, now: datetime) -> None:
    """Make today's daily jobs due, and see that recurring ones have their row, once for the whole service however many workers ask."""
    day = now.astimezone(UTC).date().toordinal()
    for kind in sorted(DAILY):
        enqueue_job(kind, day, now=now)
    for kind in sorted(RECURRING):
        enqueue_job(kind, 0, now=now)


def enqueue_job(kind: str, subject_id: int, *, now: datetime, attempts: int = 0) -> None:
    """Insert the row, once for each subject, to be run not before `now`; call inside the transaction that makes the work necessary.

    `attempts` is inherited by work that takes the place of work that failed: its pauses go on where those ended.
    """
    Job.objects.bulk_create([Job(kind=kind, subject_id=subject_id, next_attempt_at=now, attempts=attempts)], ignore_conflicts=True)


def wake_jobs(kind: str, subject_ids: Collection[int], *, now: datetime) -> None:
    """Make these subjects' jobs due, done ones too, in three queries; call inside the transaction that makes the work necessary.

    A run that is under way then is followed by another: it may have looked before this transaction was committed.
    """
    rows = [Job(kind=kind, subject_id=subject_id, next_attempt_at=now) for subject_id in subject_ids]
    Job.objects.bulk_create(rows, ignore_conflicts=True)
    known = Job.objects.filter(kind=kind, subject_id__in=subject_ids)
    known.exclude(done_at=None).update(done_at=None, attempts=0, next_attempt_at=now)
    known.update(next_attempt_at=now)


def renew_lease(kind: str, subject_id: int, *, now: datetime) -> None:
    """For a handler that may run longer than a lease, at least once in each: nobody else takes the job meanwhile."""
    Job.objects.filter(kind=kind, subject_id=subject_id, done_at=None, lease_until__isnull=False).update(lease_until=now + LEASE)


def while_leased(kind: str, subject_id: int, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks as they come, in a handler; the job's lease is renewed beside them."""
    renewed = timezone.now()
    for block in blocks:
        if (now := timezone.now()) > renewed + LEASE / 4:
            renew_lease(kind, subject_id, now=now)
            renewed = now
        yield block


def due_jobs(now: datetime, *, limit: int = 50) -> list[int]:
    """Ids of jobs that may run now, the longest waiting first."""
    free = models.Q(lease_until=None) | models.Q(lease_until__lt=now)
    rows = Job.objects.filter(free, done_at=None, next_attempt_at__lte=now).order_by("next_attempt_at", "id")
    return list(rows.values_list("id", flat=True)[:limit])


def last_done(kind: str) -> datetime | None:
    """When a job of this kind last came to its end; None when none did."""
    newest: datetime | None = Job.objects.filter(kind=kind).aggregate(at=models.Max("done_at"))["at"]
    return newest


def run_job(job_id: int, *, now: Callable[[], datetime] = timezone.now) -> bool:
    """Lease and run one job; False when somebody else has it or it is done. No transaction is open while the handler runs."""
    job = _lease(job_id, now())
    if job is None:
        return False
    handler = HANDLERS.get(job.kind)
    if handler is None:
        # A newer version's job during an upgrade, or an older one's after it.
        logger.error("job %s %s: nobody here knows this kind", job.kind, job.pk)
        _postpone(job, UNKNOWN_KIND, now())
        return True
    try:
        handler(job.subject_id)
    except RetryLater as later:
        _postpone(job, later.code, now())
    except RunAgain as again:
        _release(job, next_attempt_at=again.at, last_error="", attempts=0)
    except (OSError, *DATABASE_FAILURES) as broken:
        logger.warning("job %s %s failed: %s", job.kind, job.pk, type(broken).__name__)
        # On a connection that was ended the lease could not be given back, and the job would wait until it runs out.
        connection.close_if_unusable_or_obsolete()
        _postpone(job, type(broken).__name__, now())
    except Exception as bug:  # noqa: BLE001 - a bug in one job must not stop all others; it is logged and the job stays due
        _postpone(job, _log_bug(job, bug), now())
    else:
        _finish(job, now())
    return True


def _finish(job: Job, now: datetime) -> None:
    again = RECURRING.get(job.kind)
    ended = {"done_at": now} if again is None else {"next_attempt_at": now + again}
    _release(job, last_error="", **ended)


def _release(job: Job, **ended: Any) -> None:
    """Give the lease back and write how the run ended; not when the job is due next, when somebody woke it meanwhile."""
    mine = Job.objects.filter(pk=job.pk, attempts=job.attempts)
    # The moment at which the job was due when it was leased is the second compare-and-swap value: `wake_jobs` moves it.
    if mine.filter(next_attempt_at=job.next_attempt_at).update(lease_until=None, **ended) == 0:
        mine.update(lease_until=None, **{name: ended[name] for name in ("last_error", "attempts") if name in ended})


def _log_bug(job: Job, bug: Exception) -> str:
    """Log where nobody foresaw `bug`, but not its text, which may quote a row; returns its class name and the log id for the job's row."""
    name, log_id = type(bug).__name__, secrets.token_hex(6)
    logger.error("job %s %s failed, log id %s: %s", job.kind, job.pk, log_id, where(bug))
    return f"{name[:80]}: {log_id}"


def _lease(job_id: int, now: datetime) -> Job | None:
    job = Job.objects.filter(pk=job_id, done_at=None, next_attempt_at__lte=now).first()
    if job is None or (job.lease_until and job.lease_until >= now):
        return None
    # The attempt counter is the compare-and-swap value: of two workers that read the same row only one moves it.
    won = Job.objects.filter(pk=job.pk, attempts=job.attempts, done_at=None).update(attempts=job.attempts + 1, lease_until=now + LEASE)
    job.attempts += 1
    return job if won == 1 else None


def _postpone(job: Job, code: str, now: datetime) -> None:
    # The attempts of a recurring job count its rounds, and say nothing of how often it failed.
    pause = RECURRING.get(job.kind) or min(timedelta(seconds=2 ** min(job.attempts - 1, 16)), LONGEST_PAUSE)
    _release(job, next_attempt_at=now + pause, last_error=code[:100])
