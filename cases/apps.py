"""App registration of `cases`; registers its jobs."""
from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = "案件"

    def ready(self) -> None:
        from cases.tasks import (
            DROP_UNCONFIRMED,
            IMPORT,
            LAPSES_EVERY,
            TELL_LAPSES,
            drop_unconfirmed_of_the_day,
            run_import,
            tell_lapses_always,
        )
        from common.jobs import register_daily_job, register_job, register_recurring_job

        register_job(IMPORT, run_import)
        register_daily_job(DROP_UNCONFIRMED, drop_unconfirmed_of_the_day)
        register_recurring_job(TELL_LAPSES, tell_lapses_always, every=LAPSES_EVERY)
