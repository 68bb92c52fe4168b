"""App registration of `ledger`; registers its jobs."""
from datetime import timedelta

from django.apps import AppConfig
from django.conf import settings


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = "透明日志"

    def ready(self) -> None:
        from common.jobs import register_daily_job, register_job, register_recurring_job
        from ledger.alarm import EVERY
        from ledger.tasks import (
            ARCHIVE_REVOCATION,
            AUDIT_RECEIPTS,
            MAIL_INCIDENT,
            RENEW_TIMESTAMPS,
            STAMP_CHECKPOINT,
            WATCH_LOG,
            WATCH_PUBLICATION,
            archive_revocation,
            audit_receipts_of_the_day,
            mail_incident,
            renew_timestamps_of_the_day,
            stamp_checkpoint,
            watch_log,
            watch_publication_always,
        )

        register_job(STAMP_CHECKPOINT, stamp_checkpoint)
        register_job(MAIL_INCIDENT, mail_incident)
        register_job(ARCHIVE_REVOCATION, archive_revocation)
        register_daily_job(AUDIT_RECEIPTS, audit_receipts_of_the_day)
        register_daily_job(RENEW_TIMESTAMPS, renew_timestamps_of_the_day)
        register_recurring_job(WATCH_LOG, watch_log, every=timedelta(seconds=settings.MONITOR_INTERVAL_S))
        register_recurring_job(WATCH_PUBLICATION, watch_publication_always, every=EVERY)
