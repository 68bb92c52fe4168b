"""Reads of `notifications`, scoped to one organisation; a foreign id and an unknown one give the same error."""
from collections.abc import Collection, Sequence

from django.db.models import QuerySet

from notifications.errors import NoticeNotFound, WebhookNotFound
from notifications.models import Notice, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSubscription


def webhooks_of(organisation_id: int) -> QuerySet[WebhookEndpoint]:
    """All endpoints of one organisation with what they subscribe to, the newest first."""
    return WebhookEndpoint.objects.filter(organisation_id=organisation_id).prefetch_related("subscriptions", "secrets").order_by("-id")


def webhook_of(organisation_id: int, ref: str) -> WebhookEndpoint:
    """One endpoint of this organisation. Raises WebhookNotFound."""
    endpoint = webhooks_of(organisation_id).filter(ref=ref).first()
    if endpoint is None:
        raise WebhookNotFound
    return endpoint


def deliveries_to(endpoint: WebhookEndpoint) -> QuerySet[WebhookDelivery]:
    """The endpoint's deliveries, the newest first."""
    return WebhookDelivery.objects.filter(endpoint=endpoint).order_by("-id")


def delivery_to(endpoint: WebhookEndpoint, message_id: str) -> WebhookDelivery:
    """One delivery of this endpoint. Raises WebhookNotFound."""
    delivery = deliveries_to(endpoint).filter(message_id=message_id).first()
    if delivery is None:
        raise WebhookNotFound
    return delivery


def attempts_of(deliveries: Sequence[WebhookDelivery]) -> dict[int, list[WebhookAttempt]]:
    """The attempts of each of these deliveries by its id, the first attempt first; one query for all."""
    found: dict[int, list[WebhookAttempt]] = {delivery.pk: [] for delivery in deliveries}
    for attempt in WebhookAttempt.objects.filter(delivery__in=found).order_by("delivery_id", "number"):
        found[attempt.delivery_id].append(attempt)
    return found


def listeners(event: str) -> set[int]:
    """Ids of the organisations with an endpoint in use that subscribes to `event`."""
    rows = WebhookSubscription.objects.filter(event=event, endpoint__disabled_at=None)
    return set(rows.values_list("endpoint__organisation_id", flat=True))


def listening_endpoints(event: str, organisation_ids: Collection[int]) -> list[WebhookEndpoint]:
    """The endpoints in use of these organisations that subscribe to `event`."""
    rows = WebhookEndpoint.objects.filter(organisation_id__in=organisation_ids, disabled_at=None, subscriptions__event=event)
    return list(rows.order_by("id"))


def notices_of(organisation_id: int) -> QuerySet[Notice]:
    """The organisation's inbox, the newest first."""
    return Notice.objects.filter(organisation_id=organisation_id).order_by("-id")


def notice_of(organisation_id: int, ref: str) -> Notice:
    """One notice to this organisation. Raises NoticeNotFound."""
    notice = notices_of(organisation_id).filter(ref=ref).first()
    if notice is None:
        raise NoticeNotFound
    return notice
