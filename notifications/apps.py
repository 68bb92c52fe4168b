"""App registration of `notifications`; registers its jobs."""
from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "通知"

    def ready(self) -> None:
        from common.jobs import register_daily_job, register_job
        from notifications.tasks import (
            DELIVER,
            FORGET_DELIVERIES,
            SEND_LETTER,
            SEND_MESSAGE,
            TELL_REVIEWS,
            deliver_webhooks,
            forget_deliveries_of_the_day,
            send_one_letter,
            send_one_message,
            tell_of_reviews_of_the_day,
        )

        register_job(DELIVER, deliver_webhooks)
        register_job(SEND_LETTER, send_one_letter)
        register_job(SEND_MESSAGE, send_one_message)
        register_daily_job(TELL_REVIEWS, tell_of_reviews_of_the_day)
        register_daily_job(FORGET_DELIVERIES, forget_deliveries_of_the_day)
