"""What tests do with one webhook: events for it, its job at a chosen time, its rows."""
import json
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook

from common.destinations import Network, guarded
from common.jobs import RunAgain
from notifications.delivering import deliver
from notifications.events import RECORD_TIMESTAMPED, Event
from notifications.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from notifications.services import tell
from tests.notifications.receiver import Received


@dataclass(frozen=True)
class Hook:
    """An endpoint by its row's id, and its first secret."""

    pk: int
    secret: str

    @property
    def endpoint(self) -> WebhookEndpoint:
        return WebhookEndpoint.objects.get(pk=self.pk)

    @property
    def deliveries(self) -> list[WebhookDelivery]:
        return list(WebhookDelivery.objects.filter(endpoint=self.pk).order_by("id"))

    @property
    def attempts(self) -> list[WebhookAttempt]:
        return list(WebhookAttempt.objects.filter(delivery__endpoint=self.pk).order_by("at", "id"))

    def tell(self, *records: str, now: datetime | None = None) -> None:
        """An event for each of these records of the organisation's."""
        owner, moment = self.endpoint.organisation_id, now or timezone.now()
        with transaction.atomic():
            tell([Event(RECORD_TIMESTAMPED, owner, record, "TIMESTAMPED", moment) for record in records], now=moment)

    def run(self, at: datetime | None = None, networks: tuple[Network, ...] | None = None) -> datetime | None:
        """The endpoint's job at that time; when there is more to do, None when there is not."""
        moment = at or timezone.now()
        opened = settings.OUTGOING_NETWORKS if networks is None else networks
        try:
            deliver(self.pk, now=lambda: moment, resolve=guarded(opened))
        except RunAgain as again:
            return again.at
        return None


def verified(received: Received, secret: str) -> dict[str, object]:
    """The body, after the public package has verified the signature; raises when it is wrong or older than five minutes."""
    said = Webhook(secret).verify(received.body, received.headers)
    assert said == json.loads(received.body)
    return dict(said)
