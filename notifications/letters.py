"""Letters about addresses, left in the transaction of what they tell of; the worker sends them (`posting.py`).

How often somebody may have his address written to is judged here, because every way to such a letter leads through here.
"""
import secrets
from datetime import datetime, timedelta

from accounts.models import Application, Person
from common.jobs import wake_jobs
from notifications.errors import ConfirmationTooOften
from notifications.models import AddressLetter, Channel
from notifications.sealing import open_secret, place_of_applicant, place_of_channel, seal_secret

SEND_LETTER = "notifications.send-letter"
DAY = timedelta(days=1)
MOST_TO_CONFIRM = 5
"""Letters that ask to confirm, for one person within 24 hours: whoever types strangers' addresses writes to so many."""


def ask_to_confirm(channel: Channel, *, now: datetime) -> None:
    """A letter with a link to the channel's address; links sent before are void. In the caller's transaction, which holds the person.

    Raises ConfirmationTooOften.
    """
    asked = AddressLetter.objects.filter(kind=AddressLetter.CONFIRM, person=channel.person_id, created_at__gt=now - DAY)
    times = list(asked.order_by("created_at").values_list("created_at", flat=True))
    if len(times) >= MOST_TO_CONFIRM:
        wait_s = int((times[-MOST_TO_CONFIRM] + DAY - now).total_seconds()) + 1
        raise ConfirmationTooOften(retry_after_s=wait_s, limit=MOST_TO_CONFIRM)
    void_links(channel.person_id, now=now)
    _leave(AddressLetter.CONFIRM, bytes(channel.sealed_address), now, person=channel.person, language=channel.language)


def may_ask_again(person: Person, *, now: datetime) -> None:
    """Raises ConfirmationTooOften within a minute of the last letter: the one under way is soon there, and another would void its link."""
    recent = AddressLetter.objects.filter(kind=AddressLetter.CONFIRM, person=person, created_at__gt=now - timedelta(minutes=1))
    if recent.exists():
        raise ConfirmationTooOften(retry_after_s=60, limit=MOST_TO_CONFIRM)


def tell_it_is_replaced(channel: Channel, *, now: datetime) -> None:
    """A letter to an address that goes out of use; in the caller's transaction. An address that nobody confirmed is told nothing."""
    if channel.kind == Channel.EMAIL and channel.confirmed_at is not None:
        _leave(AddressLetter.REPLACED, bytes(channel.sealed_address), now, person=channel.person, language=channel.language)


def tell_applicant(application: Application, *, now: datetime) -> None:
    """A letter to the contact of an application that it has a result; in the caller's transaction.

    Nobody has confirmed that address: it is written to once, when an operator has decided, and learns a number that says nothing.
    """
    sealed = seal_secret(application.contact_email.encode(), place_of_applicant(application.reference))
    _leave(AddressLetter.DECIDED, sealed, now, application=application)


def void_links(person_id: int, *, now: datetime) -> None:
    """No link that went to this person, or is about to, confirms anything any more; in the caller's transaction."""
    mine = AddressLetter.objects.filter(kind=AddressLetter.CONFIRM, person=person_id)
    mine.filter(outcome="").update(outcome=AddressLetter.DROPPED, trouble="superseded", ended_at=now)
    mine.exclude(token_sha256=None).update(token_sha256=None, expires_at=None)


def address_of_letter(letter: AddressLetter) -> str:
    if letter.application is not None:
        place = place_of_applicant(letter.application.reference)
    else:
        assert letter.person_id is not None
        place = place_of_channel(letter.person_id, Channel.EMAIL)
    return open_secret(bytes(letter.sealed_address), place).decode()


def _leave(
    kind: str, sealed: bytes, now: datetime, *, person: Person | None = None, application: Application | None = None, language: str = ""
) -> None:
    made = AddressLetter.objects.create(
        ref=secrets.token_hex(16), kind=kind, person=person, application=application, sealed_address=sealed, language=language,
        created_at=now, next_attempt_at=now)
    wake_jobs(SEND_LETTER, [made.pk], now=now)
