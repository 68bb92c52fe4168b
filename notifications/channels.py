"""Where a person wants to be told, besides the inbox: his choice, sealed, and what he may enter.

An address or a number is written to about notices only once its holder confirmed it (`confirming.py`): by a link in a letter, or by a code
in an SMS. An e-mail address that was confirmed is told when it goes out of use.
"""
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import Person
from notifications import sms
from notifications.errors import AddressMalformed, NumberMalformed
from notifications.letters import ask_to_confirm, tell_it_is_replaced, void_asking
from notifications.models import Channel
from notifications.sealing import SealedElsewhere, open_secret, place_of_channel, seal_secret

EMAIL = re.compile(r"[A-Za-z0-9_.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}", re.ASCII)
# LAW: none; the numbers of mobile telephones in mainland China, eleven digits.
MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
LONGEST = 200


def offered() -> tuple[str, ...]:
    """The channels that this service has."""
    return (Channel.EMAIL, Channel.SMS) if sms.is_configured() else (Channel.EMAIL,)


def channels_of(person: Person) -> Mapping[str, str]:
    """The person's own choices: channel to address. One that a lost key sealed is none: its holder chooses again."""
    chosen = {each.kind: _address_or_none(each) for each in Channel.objects.filter(person=person)}
    return {kind: address for kind, address in chosen.items() if address is not None}


def _address_or_none(channel: Channel) -> str | None:
    try:
        return address_of(channel)
    except SealedElsewhere:
        return None


def address_of(channel: Channel) -> str:
    """Raises SealedElsewhere, ImproperlyConfigured."""
    return open_secret(bytes(channel.sealed_address), place_of_channel(channel.person_id, channel.kind)).decode()


def choose_channels(person: Person, wanted: Mapping[str, str], *, language: str, now: datetime) -> None:
    """From now on the person is told by these channels and no others; a message under way by another is dropped.

    An address or number other than before is asked to confirm. Raises AddressMalformed, NumberMalformed, ConfirmationTooOften; nothing has
    changed then.
    """
    chosen = {kind: canonical(kind, typed) for kind, typed in wanted.items() if kind in offered()}
    spoken = language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    with transaction.atomic():
        held = _held(person)
        for kind in held.keys() - chosen.keys():
            _give_up(held[kind], now)
        for kind, address in chosen.items():
            if kind in held and _address_or_none(held[kind]) == address:
                Channel.objects.filter(pk=held[kind].pk).update(language=spoken)
                continue
            if kind in held:
                _give_up(held[kind], now)
            made = Channel.objects.create(
                person=person, kind=kind, sealed_address=seal_secret(address.encode(), place_of_channel(person.pk, kind)),
                language=spoken, changed_at=now)
            ask_to_confirm(made, now=now)


def _held(person: Person) -> Mapping[str, Channel]:
    """The person's row is the lock: two choices of one person take turns, and a link is used before a change or not at all."""
    Person.objects.select_for_update().get(pk=person.pk)
    return {each.kind: each for each in Channel.objects.filter(person=person)}


def _give_up(channel: Channel, now: datetime) -> None:
    if _address_or_none(channel) is not None:
        tell_it_is_replaced(channel, now=now)
    void_asking(channel, now=now)
    channel.delete()


def canonical(kind: str, typed: str) -> str:
    """The one spelling of an address or a number. Raises AddressMalformed, NumberMalformed."""
    text = unicodedata.normalize("NFKC", typed).strip()
    if kind == Channel.EMAIL:
        if not EMAIL.fullmatch(text) or len(text) > LONGEST:
            raise AddressMalformed
        return text
    digits = re.sub(r"[\s-]", "", text).removeprefix("+86")
    if not MOBILE.fullmatch(digits):
        raise NumberMalformed
    return digits
