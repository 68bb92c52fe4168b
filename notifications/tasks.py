"""The room's jobs; each takes an id and calls one service."""
from django.utils import timezone

from notifications.delivering import deliver
from notifications.services import DELIVER, forget_deliveries

__all__ = ["DELIVER", "FORGET_DELIVERIES", "deliver_webhooks", "forget_deliveries_of_the_day"]

FORGET_DELIVERIES = "notifications.forget-deliveries"


def deliver_webhooks(endpoint_id: int) -> None:
    deliver(endpoint_id)


def forget_deliveries_of_the_day(_day: int) -> None:
    forget_deliveries(now=timezone.now())
