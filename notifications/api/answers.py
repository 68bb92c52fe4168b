"""What the API answers about webhooks and notices, as msgspec types, and the rows as these types say.

The views write plain dicts; a member that is missing here, or too many there, fails `tests/api/test_contract.py`.
"""
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from common.bodies import Time
from notifications.api.payloads import EventKind
from notifications.kinds import KINDS
from notifications.models import Notice, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tlog.times import format_time

Id = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
MessageId = Annotated[str, Meta(pattern=r"^msg_[0-9a-f]{40}$(?!\n)", description="the webhook-id of every attempt")]
NoticeKind = Annotated[str, Meta(extra_json_schema={"enum": sorted(KINDS)})]
Secret = Annotated[str, Meta(pattern=r"^whsec_[A-Za-z0-9+/]+={0,2}$(?!\n)", description="shown now and never again")]


class Webhook(Struct, forbid_unknown_fields=True):
    """`failing_since`: when the last success was followed by a failure. `old_secret_until`: while two secrets sign.

    `disabled_for`: `gone` after an answer 410, `failing` after 75 hours without a success; nothing is sent any more.
    """

    webhook: Id
    url: str
    events: tuple[EventKind, ...]
    created_at: Time
    old_secret_until: Time | None
    failing_since: Time | None
    disabled_at: Time | None
    disabled_for: Literal["gone", "failing"] | None


class WebhookWithSecret(Webhook, forbid_unknown_fields=True):
    """The only answer that holds the secret."""

    secret: Secret


class WebhookPage(Struct, forbid_unknown_fields=True):
    """`next_cursor` is null on the last page."""

    webhooks: tuple[Webhook, ...]
    next_cursor: str | None


class Attempt(Struct, forbid_unknown_fields=True):
    """`status` of the answer, or `trouble` when there was none. `answer`: its first 200 bytes, with control characters replaced."""

    number: Annotated[int, Meta(ge=1, le=10)]
    at: Time
    duration_ms: Annotated[int, Meta(ge=0)]
    status: int | None
    trouble: Literal[
        "forbidden-address", "unreachable", "tls", "timeout", "broken-connection", "redirect", "http-status", "content-type", "too-large",
    ] | None
    answer: str


class Delivery(Struct, forbid_unknown_fields=True):
    """`failed`: ten attempts were in vain. `dropped`: the endpoint was disabled first. `next_attempt_at` is null once it has ended."""

    message: MessageId
    event: str
    state: Literal["waiting", "delivered", "failed", "dropped"]
    body: Annotated[str, Meta(description="the bytes that are signed and sent")]
    created_at: Time
    next_attempt_at: Time | None
    ended_at: Time | None
    attempts: tuple[Attempt, ...]


class DeliveryPage(Struct, forbid_unknown_fields=True):
    """`next_cursor` is null on the last page."""

    deliveries: tuple[Delivery, ...]
    next_cursor: str | None


class InboxNotice(Struct, forbid_unknown_fields=True):
    """`subject`: the id of what it is about; `link`: where to look at that. `count` of cases, where it is about some."""

    notice: Id
    kind: NoticeKind
    subject: Annotated[str, Meta(max_length=64)]
    link: Annotated[str, Meta(extra_json_schema={"format": "uri-reference"})]
    count: int | None
    created_at: Time
    read_at: Time | None


class NoticePage(Struct, forbid_unknown_fields=True):
    """`next_cursor` is null on the last page."""

    notices: tuple[InboxNotice, ...]
    next_cursor: str | None


TYPES: tuple[Any, ...] = (Webhook, WebhookWithSecret, WebhookPage, Delivery, DeliveryPage, InboxNotice, NoticePage)


def webhook_facts(endpoint: WebhookEndpoint) -> dict[str, object]:
    """`endpoint` came with its subscriptions and secrets (`selectors.webhooks_of`)."""
    endings = [secret.ends_at for secret in endpoint.secrets.all() if secret.ends_at is not None]
    return {
        "webhook": endpoint.ref, "url": endpoint.url, "events": sorted(row.event for row in endpoint.subscriptions.all()),
        "created_at": _time(endpoint.created_at), "old_secret_until": _time(max(endings, default=None)),
        "failing_since": _time(endpoint.failing_since), "disabled_at": _time(endpoint.disabled_at),
        "disabled_for": endpoint.disabled_for or None,
    }


def delivery_facts(delivery: WebhookDelivery, attempts: list[WebhookAttempt]) -> dict[str, object]:
    return {
        "message": delivery.message_id, "event": delivery.event, "state": delivery.outcome or "waiting", "body": delivery.body,
        "created_at": _time(delivery.created_at), "next_attempt_at": None if delivery.outcome else _time(delivery.next_attempt_at),
        "ended_at": _time(delivery.ended_at), "attempts": [_attempt_facts(attempt) for attempt in attempts],
    }


def _attempt_facts(attempt: WebhookAttempt) -> dict[str, object]:
    return {
        "number": attempt.number, "at": _time(attempt.at), "duration_ms": attempt.duration_ms, "status": attempt.status,
        "trouble": attempt.trouble or None, "answer": attempt.answer,
    }


def notice_facts(notice: Notice) -> dict[str, object]:
    return {
        "notice": notice.ref, "kind": notice.kind, "subject": notice.subject,
        "link": KINDS[notice.kind].api.format(notice.subject), "count": notice.count,
        "created_at": _time(notice.created_at), "read_at": _time(notice.read_at),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment.replace(microsecond=moment.microsecond // 1000 * 1000))
