"""App registration of `vault`; registers its daily jobs."""
from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "vault"
    verbose_name = "原件库"

    def ready(self) -> None:
        from common.jobs import register_daily_job
        from vault.tasks import SWEEP_COPIES, SWEEP_ORPHANS, sweep_copies_of_the_day, sweep_orphans_of_the_day

        register_daily_job(SWEEP_ORPHANS, sweep_orphans_of_the_day)
        register_daily_job(SWEEP_COPIES, sweep_copies_of_the_day)
