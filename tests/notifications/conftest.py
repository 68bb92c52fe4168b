"""An organisation with a webhook at a real receiver; a mail server; other fixtures of the deposit."""
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Organisation
from notifications.events import RECORD_TIMESTAMPED
from notifications.services import create_webhook
from tests.depositing import client, key, organisation, post_batch, post_deposit
from tests.notifications.hooks import Hook
from tests.notifications.receiver import Receiver, receiving
from tests.postboxes import Postbox
from tests.postboxes import receiving as receiving_letters

__all__ = ["client", "key", "organisation", "post_batch", "post_deposit"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def hook(organisation: Organisation, receiver: Receiver) -> Hook:
    """A webhook of the organisation at the receiver, subscribed to everything."""
    endpoint, secret = create_webhook(
        organisation, url=receiver.url, events=[RECORD_TIMESTAMPED], networks=settings.OUTGOING_NETWORKS, now=timezone.now())
    return Hook(endpoint.pk, secret)


@pytest.fixture
def postbox(service: str, settings: Settings) -> Iterator[Postbox]:
    box = Postbox()
    with receiving_letters(box, settings):
        yield box
