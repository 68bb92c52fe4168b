"""Writes of `notifications`: endpoints and their secrets, deliveries to be made. Notices: `noticing.py`; messages to people: `messages.py`.

Nothing here speaks to a receiver: a delivery is a row, and the endpoint's job row (`DELIVER`), woken in the same transaction, sends it.
"""
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.audit import events as audit
from accounts.audit.recording import note
from accounts.models import Organisation
from common.destinations import Network
from common.jobs import Job, wake_jobs
from notifications.errors import WebhookDisabled, WebhookLimitReached, WebhookSecretMoved, WebhookTestUnderWay
from notifications.events import TEST, Event, body_of, body_of_test, message_id
from notifications.kinds import WEBHOOK_FAILING, WEBHOOK_GONE
from notifications.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret, WebhookSubscription
from notifications.noticing import leave_notices
from notifications.schedule import KEPT
from notifications.sealing import seal_secret
from notifications.selectors import current_secret_of, listening_endpoints
from notifications.signing import fresh_secret, secret_bytes
from notifications.targets import check_url

DELIVER = "notifications.deliver-webhooks"
ENDPOINTS = 20
"""An organisation's endpoints at most; nobody has so many systems, and each costs work for every record."""
FORGOTTEN_AT_ONCE = 5000


def create_webhook(
    organisation: Organisation, *, url: str, events: Collection[str], networks: Sequence[Network], now: datetime
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint and its secret's text, which is returned once. `networks`: those that the operator opened.

    Raises WebhookUrlRefused, WebhookLimitReached.
    """
    check_url(url, networks)
    secret, ref = fresh_secret(), secrets.token_hex(16)
    with transaction.atomic():
        # Two who add one at once wait here for one another, so that the count of the later one has the earlier one's in it.
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        if WebhookEndpoint.objects.filter(organisation=organisation).count() >= ENDPOINTS:
            raise WebhookLimitReached(limit=ENDPOINTS)
        endpoint = WebhookEndpoint.objects.create(ref=ref, organisation=organisation, url=url, created_at=now)
        WebhookSubscription.objects.bulk_create(WebhookSubscription(endpoint=endpoint, event=event) for event in sorted(set(events)))
        WebhookSecret.objects.create(endpoint=endpoint, sealed=seal_secret(secret_bytes(secret), ref), created_at=now)
        note(audit.Event.WEBHOOK_MADE, organisation, at=now, subject=f"webhook:{ref}")
    return endpoint, secret


def rotate_secret(endpoint: WebhookEndpoint, *, overlap: timedelta, now: datetime, seen: str | None = None) -> str:
    """A new secret, returned once. The one before signs too for `overlap` ≥ 0; one that was ending already ends at once.

    So at most two sign at a time, and a secret that leaked ends now with an overlap of zero. `seen`: the secret that whoever asks takes for
    the current one (`selectors.current_secret_of`); None rotates whichever it is. Raises WebhookSecretMoved.
    """
    secret = fresh_secret()
    with transaction.atomic():
        # The row lock makes two rotations take turns; SQLite has one writer anyway.
        WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        # Under the lock: of two presses of one button, the second would end the secret that the receiver still has.
        if seen is not None and seen != current_secret_of(endpoint):
            raise WebhookSecretMoved
        mine = WebhookSecret.objects.filter(endpoint=endpoint)
        mine.exclude(ends_at=None).delete()
        mine.update(ends_at=now + overlap)
        WebhookSecret.objects.create(endpoint=endpoint, sealed=seal_secret(secret_bytes(secret), endpoint.ref), created_at=now)
        note(audit.Event.WEBHOOK_SECRET_CHANGED, endpoint.organisation, at=now, subject=f"webhook:{endpoint.ref}")
    return secret


def delete_webhook(endpoint: WebhookEndpoint, *, now: datetime) -> None:
    """The endpoint is gone with its secrets, its log and whatever was still to be sent; an attempt under way changes nothing any more."""
    with transaction.atomic():
        WebhookEndpoint.objects.select_for_update().filter(pk=endpoint.pk).first()
        WebhookAttempt.objects.filter(delivery__endpoint=endpoint).delete()
        for model in (WebhookDelivery, WebhookSecret, WebhookSubscription):
            model.objects.filter(endpoint=endpoint).delete()
        Job.objects.filter(kind=DELIVER, subject_id=endpoint.pk).delete()
        if WebhookEndpoint.objects.filter(pk=endpoint.pk).delete()[0]:
            note(audit.Event.WEBHOOK_REMOVED, endpoint.organisation, at=now, subject=f"webhook:{endpoint.ref}")


def send_test(endpoint: WebhookEndpoint, *, now: datetime) -> WebhookDelivery:
    """A test event, to be sent at once. Raises WebhookDisabled, WebhookTestUnderWay."""
    if endpoint.disabled_at is not None:
        raise WebhookDisabled
    try:
        with transaction.atomic():
            delivery = WebhookDelivery.objects.create(
                endpoint=endpoint, message_id=f"msg_{secrets.token_hex(20)}", event=TEST, body=body_of_test(endpoint.ref, now=now),
                created_at=now, next_attempt_at=now)
            wake_jobs(DELIVER, [endpoint.pk], now=now)
    except IntegrityError:
        raise WebhookTestUnderWay from None
    return delivery


def tell(events: Sequence[Event], *, now: datetime) -> int:
    """Insert a delivery of each event, all of one kind, for each endpoint that listens, in the caller's transaction; how many there are.

    A delivery that exists stays the one: its message id is made of the event and the endpoint. The number of queries does not grow
    with the number of events, but for SQLite's limit of values in a statement.
    """
    if not events:
        return 0
    endpoints = listening_endpoints(events[0].kind, {event.organisation_id for event in events})
    deliveries = [
        WebhookDelivery(
            endpoint=endpoint, message_id=message_id(event, endpoint.ref), event=event.kind, body=body_of(event), created_at=now,
            next_attempt_at=now)
        for endpoint in endpoints for event in events if event.organisation_id == endpoint.organisation_id
    ]
    WebhookDelivery.objects.bulk_create(deliveries, ignore_conflicts=True, batch_size=1000)
    if endpoints:
        wake_jobs(DELIVER, [endpoint.pk for endpoint in endpoints], now=now)
    return len(deliveries)


def disable(endpoint: WebhookEndpoint, reason: str, *, now: datetime) -> bool:
    """Stop sending to an endpoint, give up what waits, and put a notice into the organisation's inbox; in the caller's transaction.

    `reason`: GONE or FAILING. False when it is disabled already.
    """
    if WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at=None).update(disabled_at=now, disabled_for=reason) != 1:
        return False
    WebhookDelivery.objects.filter(endpoint=endpoint, outcome="").update(outcome=WebhookDelivery.DROPPED, ended_at=now)
    kind = WEBHOOK_GONE if reason == WebhookEndpoint.GONE else WEBHOOK_FAILING
    leave_notices([endpoint.organisation_id], kind=kind, subject=endpoint.ref, now=now)
    return True


def forget_deliveries(*, now: datetime) -> int:
    """Remove what ended longer than a month ago, and secrets that sign no longer; how many deliveries went."""
    WebhookSecret.objects.filter(ends_at__lte=now).delete()
    forgotten, old = 0, WebhookDelivery.objects.filter(ended_at__lt=now - KEPT).order_by("ended_at").values_list("id", flat=True)
    while ids := list(old[:FORGOTTEN_AT_ONCE]):
        with transaction.atomic():
            WebhookAttempt.objects.filter(delivery__in=ids).delete()
            WebhookDelivery.objects.filter(pk__in=ids).delete()
        forgotten += len(ids)
    return forgotten
