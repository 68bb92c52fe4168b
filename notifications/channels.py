"""Where a person wants to be told, besides the inbox: his choice, sealed, and what he may enter.

What this does not do: prove that the address is his. A letter holds nothing but that there is something to read, and a link to a page
that asks who one is; whoever types another's address sends him that, thirty times a day at most.
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
from notifications.models import Channel
from notifications.sealing import open_secret, seal_secret

EMAIL = re.compile(r"[A-Za-z0-9_.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}", re.ASCII)
# LAW: none; the numbers of mobile telephones in mainland China, eleven digits.
MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
LONGEST = 200


def offered() -> tuple[str, ...]:
    """The channels that this service has."""
    return (Channel.EMAIL, Channel.SMS) if sms.is_configured() else (Channel.EMAIL,)


def channels_of(person: Person) -> Mapping[str, str]:
    """The person's own choices: channel to address."""
    return {each.kind: address_of(each) for each in Channel.objects.filter(person=person)}


def address_of(channel: Channel) -> str:
    return open_secret(bytes(channel.sealed_address), _place(channel.person_id, channel.kind)).decode()


def choose_channels(person: Person, wanted: Mapping[str, str], *, language: str, now: datetime) -> None:
    """From now on the person is told by these channels and no others; a message under way by another is dropped.

    Raises AddressMalformed, NumberMalformed; nothing has changed then.
    """
    chosen = {kind: canonical(kind, typed) for kind, typed in wanted.items() if kind in offered()}
    spoken = language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    with transaction.atomic():
        Channel.objects.filter(person=person).exclude(kind__in=list(chosen)).delete()
        for kind, address in chosen.items():
            Channel.objects.update_or_create(person=person, kind=kind, defaults={
                "sealed_address": seal_secret(address.encode(), _place(person.pk, kind)), "language": spoken, "changed_at": now})


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


def _place(person_id: int, kind: str) -> str:
    # An endpoint's ref is 32 hex digits, so nothing sealed for one opens for the other.
    return f"person:{person_id}:{kind}"
