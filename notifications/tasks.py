"""The room's jobs; each takes an id and calls one service."""
from django.utils import timezone

from notifications.delivering import deliver
from notifications.letters import SEND_LETTER
from notifications.messages import forget_messages, send_message
from notifications.noticing import SEND_MESSAGE
from notifications.posting import forget_letters, send_address_letter
from notifications.reviews import tell_of_reviews
from notifications.services import DELIVER, forget_deliveries

__all__ = [
    "DELIVER", "FORGET_DELIVERIES", "SEND_LETTER", "SEND_MESSAGE", "TELL_REVIEWS", "deliver_webhooks", "forget_deliveries_of_the_day",
    "send_one_letter", "send_one_message", "tell_of_reviews_of_the_day"]

FORGET_DELIVERIES = "notifications.forget-deliveries"
TELL_REVIEWS = "notifications.tell-reviews"


def deliver_webhooks(endpoint_id: int) -> None:
    deliver(endpoint_id)


def forget_deliveries_of_the_day(_day: int) -> None:
    forget_deliveries(now=timezone.now())
    forget_messages(now=timezone.now())
    forget_letters(now=timezone.now())


def send_one_message(message_id: int) -> None:
    send_message(message_id)


def send_one_letter(letter_id: int) -> None:
    send_address_letter(letter_id)


def tell_of_reviews_of_the_day(_day: int) -> None:
    tell_of_reviews(now=timezone.now())
