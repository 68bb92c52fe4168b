"""The job rows' two Celery tasks; production only. The embedded worker calls `common.jobs` directly."""
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from common import jobs


@shared_task(name="common.tasks.run_job")
def run_job(job_id: int) -> None:
    jobs.run_job(job_id)


@shared_task(name="common.tasks.sweep_jobs")
def sweep_jobs() -> None:
    """Send every due job to a worker; a job sent twice runs once, because the row's lease decides.

    What nobody takes within `MESSAGES_LAST_S` expires: the row stays due, and the next sweep sends it again. Otherwise an hour without
    workers would leave thousands of sweeps, each of which sends the same jobs once more.
    """
    jobs.enqueue_daily_jobs(now=timezone.now())
    for job_id in jobs.due_jobs(timezone.now()):
        run_job.apply_async((job_id,), expires=settings.MESSAGES_LAST_S)
