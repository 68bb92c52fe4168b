"""SMS by a gateway that speaks a small HTTP protocol of ours; whoever has another gateway puts a translator of a few lines before it.

    POST <CUNZHENG_SMS_URL>                {"reference": "<32 hex>", "to": "13800000000", "text": "…"}
        202 {"id": "<1 to 64 characters>"}            taken; the same reference again is answered by the same id and sent once
        422 {"error": "<code>"}                       never: the number or the text is refused
        anything else, or no answer                   tried again
    GET <CUNZHENG_SMS_URL>/<id>
        200 {"state": "accepted" | "delivered" | "failed"}

Each request is signed as our webhooks are (`notifications.signing`), the message's reference as its id, with the secret
`CUNZHENG_SMS_SECRET`; a GET signs the empty body. The gateway's address is judged like every address (`common.destinations`).
"""
import re
import time
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

import msgspec
from django.conf import settings

from common.bounded_http import Answered, Limits, NoAnswer, get_any, post_to_stranger
from common.destinations import guarded
from notifications.outside import Away, Refused
from notifications.signing import secret_bytes, signed_headers

LIMITS = Limits(timeout_s=10.0, max_bytes=4096)
T = TypeVar("T")
CODE = re.compile(r"[a-z0-9-]{1,30}", re.ASCII)


class Taken(msgspec.Struct, frozen=True):
    id: str


class Refusal(msgspec.Struct, frozen=True):
    error: str


class Fate(msgspec.Struct, frozen=True):
    state: str


def is_configured() -> bool:
    return bool(settings.SMS_URL and settings.SMS_SECRET)


def send_sms(number: str, text: str, *, ref: str) -> str:
    """The gateway's id for what it took. Raises Refused, Away."""
    body = msgspec.json.encode({"reference": ref, "to": number, "text": text})
    headers = {**_signed(ref, body), "Content-Type": "application/json"}
    try:
        answered = post_to_stranger(settings.SMS_URL, body, headers=headers, limits=LIMITS, resolve=guarded(settings.OUTGOING_NETWORKS))
    except NoAnswer as none:
        raise Away(f"sms-{none.trouble}") from None
    if answered.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        said = _read(answered, Refusal).error
        raise Refused(f"sms-{said}" if CODE.fullmatch(said) else "sms-refused")
    if answered.status != HTTPStatus.ACCEPTED:
        raise Away(f"sms-{answered.status}")
    taken = _read(answered, Taken).id
    if not 1 <= len(taken) <= 64 or not taken.isascii() or not taken.isprintable():
        raise Away("sms-answer")
    return taken


def fate_of(gateway_id: str, *, ref: str) -> bool | None:
    """Whether it was delivered; None while the gateway does not know. Raises Away."""
    url = f"{settings.SMS_URL}/{quote(gateway_id, safe='')}"
    try:
        answered = get_any(url, headers=_signed(ref, b""), limits=LIMITS, resolve=guarded(settings.OUTGOING_NETWORKS))
    except NoAnswer as none:
        raise Away(f"sms-{none.trouble}") from None
    if answered.status != HTTPStatus.OK:
        raise Away(f"sms-{answered.status}")
    return {"delivered": True, "failed": False}.get(_read(answered, Fate).state)


def _signed(ref: str, body: bytes) -> dict[str, str]:
    return signed_headers([secret_bytes(settings.SMS_SECRET)], message_id=ref, timestamp=int(time.time()), body=body)


def _read(answered: Answered, kind: type[T]) -> T:
    """Raises Away for what is no such answer."""
    try:
        return msgspec.json.decode(answered.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Away("sms-answer") from None
