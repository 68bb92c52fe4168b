"""Letters about addresses and numbers, left in the transaction of what they tell of; the worker sends them (`posting.py`).

How often somebody may have his address written to is judged here, because every way to such a letter leads through here.
"""
import secrets
from datetime import datetime, timedelta

from accounts.models import Application, Person
from common.jobs import wake_jobs
from notifications.errors import ConfirmationTooOften
from notifications.models import AddressLetter, Channel
from notifications.sealing import open_secret, place_of_applicant, place_of_channel, place_of_code, seal_secret

SEND_LETTER = "notifications.send-letter"
DAY = timedelta(days=1)
CODE_DIGITS, CODE_LASTS = 6, timedelta(minutes=15)
ASKING = {Channel.EMAIL: AddressLetter.CONFIRM, Channel.SMS: AddressLetter.CODE}
"""By which kind of letter a channel's holder is asked whether it is his."""
MOST_TO_CONFIRM = 5
"""Letters or codes that ask to confirm, for one person within 24 hours: whoever types strangers' addresses writes to so many."""


def ask_to_confirm(channel: Channel, *, now: datetime) -> None:
    """A letter with a link to the channel's address, or an SMS with a code to its number; those sent before are void.

    In the caller's transaction, which holds the person. Raises ConfirmationTooOften.
    """
    kind = ASKING[channel.kind]
    asked = AddressLetter.objects.filter(kind=kind, person=channel.person_id, created_at__gt=now - DAY)
    times = list(asked.order_by("created_at").values_list("created_at", flat=True))
    if len(times) >= MOST_TO_CONFIRM:
        wait_s = int((times[-MOST_TO_CONFIRM] + DAY - now).total_seconds()) + 1
        raise ConfirmationTooOften(retry_after_s=wait_s, limit=MOST_TO_CONFIRM)
    void_asking(channel, now=now)
    if kind == AddressLetter.CODE:
        _leave_code(channel, now)
    else:
        _leave(kind, bytes(channel.sealed_address), now, person=channel.person, language=channel.language)


def _leave_code(channel: Channel, now: datetime) -> None:
    """The code is made with the row: an SMS that is tried again says the same, and a gateway sends it once."""
    ref, code = secrets.token_hex(16), f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    sealed = seal_secret(code.encode(), place_of_code(channel.person_id, ref))
    made = AddressLetter.objects.create(
        ref=ref, kind=AddressLetter.CODE, person=channel.person, sealed_address=bytes(channel.sealed_address), language=channel.language,
        created_at=now, next_attempt_at=now, sealed_code=sealed, expires_at=now + CODE_LASTS)
    wake_jobs(SEND_LETTER, [made.pk], now=now)


def code_of(letter: AddressLetter) -> str:
    """The six digits of a code that is neither used nor void."""
    assert letter.person_id is not None
    assert letter.sealed_code is not None
    return open_secret(bytes(letter.sealed_code), place_of_code(letter.person_id, letter.ref)).decode()


def may_ask_again(channel: Channel, *, now: datetime) -> None:
    """Raises ConfirmationTooOften within a minute of the last letter: the one under way is soon there, and another would void its link."""
    recent = AddressLetter.objects.filter(kind=ASKING[channel.kind], person=channel.person_id, created_at__gt=now - timedelta(minutes=1))
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


def void_asking(channel: Channel, *, now: datetime) -> None:
    """No link or code that went to this channel, or is about to, confirms anything any more; in the caller's transaction."""
    mine = AddressLetter.objects.filter(kind=ASKING[channel.kind], person=channel.person_id)
    mine.filter(outcome="").update(outcome=AddressLetter.DROPPED, trouble="superseded", ended_at=now)
    mine.exclude(expires_at=None).update(token_sha256=None, sealed_code=None, expires_at=None)


def address_of_letter(letter: AddressLetter) -> str:
    if letter.application is not None:
        place = place_of_applicant(letter.application.reference)
    else:
        assert letter.person_id is not None
        place = place_of_channel(letter.person_id, Channel.SMS if letter.kind == AddressLetter.CODE else Channel.EMAIL)
    return open_secret(bytes(letter.sealed_address), place).decode()


def _leave(
    kind: str, sealed: bytes, now: datetime, *, person: Person | None = None, application: Application | None = None, language: str = ""
) -> None:
    made = AddressLetter.objects.create(
        ref=secrets.token_hex(16), kind=kind, person=person, application=application, sealed_address=sealed, language=language,
        created_at=now, next_attempt_at=now)
    wake_jobs(SEND_LETTER, [made.pk], now=now)
