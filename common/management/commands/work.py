"""`manage.py work`: the embedded worker. One process, no broker; runs due job rows until it is told to stop."""
import logging
import time
from typing import Any

from django.db import close_old_connections, connection
from django.utils import timezone

from common import jobs
from common.commands import ServiceCommand
from common.failures import DATABASE_FAILURES, let_go
from common.stopping import stop_at_signals

logger = logging.getLogger(__name__)

DAILY_ASKED_S = 300.0


class Command(ServiceCommand):
    help = "运行后台任务，直到收到停止信号 / Run due jobs until told to stop."

    def check(self, *args: Any, **options: Any) -> None:
        """The system checks before the start, those that ask the database too."""
        super().check(*args, **{**options, "databases": ["default"]})

    def handle(self, *args: Any, **options: Any) -> None:
        stop = stop_at_signals()
        daily_asked = float("-inf")
        while not stop.is_asked():
            try:
                if time.monotonic() - daily_asked > DAILY_ASKED_S:
                    jobs.enqueue_daily_jobs(now=timezone.now())
                    daily_asked = time.monotonic()
                busy = [jobs.run_job(job_id) for job_id in jobs.due_jobs(timezone.now())]
            except DATABASE_FAILURES as broken:
                # The database is away: nothing is lost, the rows wait; a fresh connection is tried with the next round.
                logger.warning("database away: %s", type(broken).__name__)
                let_go(broken)
                connection.close()
                busy = []
            close_old_connections()
            if not any(busy):
                stop.wait(0.25)
