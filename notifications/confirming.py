"""That an e-mail address is its person's: the link that was sent to it, used once. A telephone: the code that it was sent, typed here.

The token comes into being when the letter is sent and stands in the letter alone; the row keeps its digest, until it is used, expires, or
another address or letter takes its place. Whoever holds the link holds the mailbox, and that is all there is to show: nobody need be
signed in, for letters are read where the second factor is not. Nothing proves an address besides: an invitation's link is handed over by
hand (`accounts.joining`), and a login that looks like an address is a name.

Why not django-allauth's confirmation: its `EmailAddress` keeps addresses in clear, its signed key is good again and again until it expires,
it sends within the request, and an address of its own opens ways to sign in that are not offered here.

A code is typed by whoever is signed in, for six digits alone would be nobody's in particular; five tries, a quarter of an hour, the newest
one counts.
"""
import hashlib
import hmac
import re
import unicodedata
from datetime import datetime

from django.db import transaction

from accounts.models import Person
from notifications.channels import address_of
from notifications.errors import ConfirmationInvalid, NumberCodeWrong
from notifications.letters import address_of_letter, ask_to_confirm, code_of, may_ask_again
from notifications.models import MOST_TRIES, AddressLetter, Channel

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def letter_with(token: str, *, now: datetime) -> AddressLetter:
    """The letter whose link has this token and would confirm an address now. Raises ConfirmationInvalid.

    It is found by its digest, so no time tells how much of it was right.
    """
    found = None
    if TOKEN.fullmatch(token):
        digest = hashlib.sha256(token.encode()).digest()
        found = AddressLetter.objects.select_related("person").filter(token_sha256=digest, expires_at__gt=now).first()
    if found is None or found.person is None or not found.person.is_active or _meant_by(found) is None:
        raise ConfirmationInvalid
    return found


def confirm_address(token: str, *, now: datetime) -> None:
    """Notices may go to the address from now on; the link is used up. Raises ConfirmationInvalid."""
    letter = letter_with(token, now=now)
    assert letter.person_id is not None
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=letter.person_id)
        channel = _meant_by(letter)
        used = AddressLetter.objects.filter(pk=letter.pk, token_sha256=bytes(letter.token_sha256 or b"")).update(
            token_sha256=None, expires_at=None, used_at=now)
        if channel is None or used != 1:
            raise ConfirmationInvalid
        Channel.objects.filter(pk=channel.pk, confirmed_at=None).update(confirmed_at=max(now, channel.changed_at))


def confirm_number(person: Person, typed: str, *, now: datetime) -> None:
    """Notices may go to the person's number from now on; the code is used up. Raises NumberCodeWrong; the try is counted then."""
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        done = _try_code(person, re.sub(r"\s", "", unicodedata.normalize("NFKC", typed)), now)
    if not done:
        raise NumberCodeWrong(limit=MOST_TRIES)


def _try_code(person: Person, typed: str, now: datetime) -> bool:
    live = AddressLetter.objects.filter(kind=AddressLetter.CODE, person=person, sealed_code__isnull=False, expires_at__gt=now)
    letter = live.order_by("-id").first()
    channel = Channel.objects.filter(person=person, kind=Channel.SMS, confirmed_at=None).first()
    if letter is None or channel is None or address_of(channel) != address_of_letter(letter):
        return False
    code, row = code_of(letter), AddressLetter.objects.filter(pk=letter.pk)
    if not hmac.compare_digest(code.encode(), typed.encode()):
        spent = letter.tries + 1 >= MOST_TRIES
        row.update(tries=letter.tries + 1, **({"sealed_code": None, "expires_at": None} if spent else {}))
        return False
    row.update(sealed_code=None, expires_at=None, used_at=now)
    Channel.objects.filter(pk=channel.pk).update(confirmed_at=max(now, channel.changed_at))
    return True


def ask_again(person: Person, kind: str = Channel.EMAIL, *, now: datetime) -> bool:
    """Whether another letter or code goes out, because that channel waits to be confirmed; what went before it is void then.

    Raises ConfirmationTooOften.
    """
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        waiting = Channel.objects.filter(person=person, kind=kind, confirmed_at=None).select_related("person").first()
        if waiting is None:
            return False
        may_ask_again(waiting, now=now)
        ask_to_confirm(waiting, now=now)
    return True


def _meant_by(letter: AddressLetter) -> Channel | None:
    """The person's e-mail channel as long as it has the address that the letter went to."""
    channel = Channel.objects.filter(person=letter.person_id, kind=Channel.EMAIL).first()
    return channel if channel is not None and address_of(channel) == address_of_letter(letter) else None
