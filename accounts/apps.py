"""App registration of `accounts`; registers its daily job."""
from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "机构与凭证"

    def ready(self) -> None:
        from accounts.tasks import FORGET_EXPIRED, forget_expired_of_the_day
        from common.jobs import register_daily_job

        register_daily_job(FORGET_EXPIRED, forget_expired_of_the_day)
