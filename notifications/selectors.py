"""Reads of `notifications`, scoped to one organisation; a foreign id and an unknown one give the same error."""
from collections.abc import Collection, Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Person
from accounts.selectors import REF
from accounts.viewer import Viewer
from notifications.errors import NoticeNotFound, WebhookNotFound
from notifications.events import MESSAGE_ID
from notifications.kinds import kinds_for
from notifications.models import (
    Message,
    Notice,
    NoticeReading,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
    WebhookSubscription,
)


def webhooks_of(organisation_id: int) -> QuerySet[WebhookEndpoint]:
    """All endpoints of one organisation with what they subscribe to, the newest first."""
    return WebhookEndpoint.objects.filter(organisation_id=organisation_id).prefetch_related("subscriptions", "secrets").order_by("-id")


def webhook_of(organisation_id: int, ref: str) -> WebhookEndpoint:
    """One endpoint of this organisation. Raises WebhookNotFound."""
    endpoint = webhooks_of(organisation_id).filter(ref=ref).first() if REF.fullmatch(ref) else None
    if endpoint is None:
        raise WebhookNotFound
    return endpoint


def current_secret_of(endpoint: WebhookEndpoint) -> str:
    """Which secret is current, as far as a page needs to tell it from the next one: by when it was made; "" when there is none."""
    made = WebhookSecret.objects.filter(endpoint=endpoint, ends_at=None).values_list("created_at", flat=True).first()
    return made.isoformat() if made is not None else ""


def deliveries_to(endpoint: WebhookEndpoint) -> QuerySet[WebhookDelivery]:
    """The endpoint's deliveries, the newest first."""
    return WebhookDelivery.objects.filter(endpoint=endpoint).order_by("-id")


def delivery_to(endpoint: WebhookEndpoint, message_id: str) -> WebhookDelivery:
    """One delivery of this endpoint. Raises WebhookNotFound."""
    delivery = deliveries_to(endpoint).filter(message_id=message_id).first() if MESSAGE_ID.fullmatch(message_id) else None
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
    """What machines of the organisation may read of its inbox, the newest first: nothing that is one person's."""
    return Notice.objects.filter(organisation_id=organisation_id, person=None).order_by("-id")


def notice_of(organisation_id: int, ref: str) -> Notice:
    """One notice to this organisation. Raises NoticeNotFound."""
    notice = notices_of(organisation_id).filter(ref=ref).first() if REF.fullmatch(ref) else None
    if notice is None:
        raise NoticeNotFound
    return notice


def inbox_of(viewer: Viewer) -> QuerySet[Notice]:
    """What concerns this person at this organisation by what he may do there now, the newest first; read or not."""
    mine = Q(person=None) | Q(person=viewer.person)
    return Notice.objects.filter(mine, organisation=viewer.organisation, kind__in=kinds_for(viewer.acts)).order_by("-id")


def is_unread(person: Person) -> Q:
    """Of notices: this person has not read them."""
    return Q(~Exists(NoticeReading.objects.filter(notice=OuterRef("pk"), person=person)))


def messages_to(person: Person) -> QuerySet[Message]:
    """Messages to this person, with their notices, the newest first."""
    return Message.objects.filter(person=person).select_related("notice").order_by("-id")


def unread_of(viewer: Viewer) -> QuerySet[Notice]:
    """What of the inbox this person has not read; what colleagues or machines of the organisation have read counts for nothing."""
    assert viewer.person is not None
    return inbox_of(viewer).filter(is_unread(viewer.person))


def unread_count(viewer: Viewer, *, most: int) -> int:
    """How many notices of the inbox are unread, `most` at most: nobody counts further, and neither does the database."""
    return len(unread_of(viewer).values_list("id", flat=True)[:most])
