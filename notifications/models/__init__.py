"""Every table of `notifications`, under one name: webhooks, notices, messages to people, and letters about their addresses."""
from notifications.models.letters import MOST_TRIES, AddressLetter
from notifications.models.messages import Channel, Message
from notifications.models.notices import Notice, NoticeReading
from notifications.models.webhooks import (
    ANSWER_CHARACTERS,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
    WebhookSubscription,
)

__all__ = [
    "ANSWER_CHARACTERS", "MOST_TRIES", "AddressLetter", "Channel", "Message", "Notice", "NoticeReading", "WebhookAttempt",
    "WebhookDelivery", "WebhookEndpoint", "WebhookSecret", "WebhookSubscription",
]
