"""App registration of `notifications`; registers its jobs."""
from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "通知"

    def ready(self) -> None:
        from common.jobs import register_daily_job, register_job
        from notifications.tasks import DELIVER, FORGET_DELIVERIES, deliver_webhooks, forget_deliveries_of_the_day

        register_job(DELIVER, deliver_webhooks)
        register_daily_job(FORGET_DELIVERIES, forget_deliveries_of_the_day)
