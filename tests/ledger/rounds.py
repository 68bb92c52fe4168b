"""One round of the log's work from a fresh start: what a restarted sequencer and a worker do until nothing is left."""
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils import timezone

from common import jobs
from common.jobs import Job
from ledger.keys import log_signer
from ledger.selectors import log_origin
from ledger.sequencer.service import Sequencer
from ledger.storage import log_store


def full_round() -> None:
    """Start up, sequence and publish everything, ask for stamps, run the jobs."""
    sequencer = Sequencer(log_store(), log_signer(log_origin()), timezone.now)
    while sequencer.sequence():
        continue
    sequencer.publish()
    sequencer.request_stamps()
    later = after_every_pause()
    for job_id in jobs.due_jobs(later):
        jobs.run_job(job_id, now=lambda: later)


def after_every_pause() -> datetime:
    """A time when no lease and no pause of an earlier round holds a job back."""
    times = Job.objects.filter(done_at=None).aggregate(pause=Max("next_attempt_at"), lease=Max("lease_until"))
    latest: datetime = max(time for time in (timezone.now(), *times.values()) if time)
    return latest + timedelta(seconds=1)
