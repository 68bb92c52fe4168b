"""App registration of `ledger`; registers its jobs."""
from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = "透明日志"

    def ready(self) -> None:
        from common.jobs import register_job
        from ledger.tasks import STAMP_CHECKPOINT, stamp_checkpoint

        register_job(STAMP_CHECKPOINT, stamp_checkpoint)
