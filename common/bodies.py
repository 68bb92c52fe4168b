"""JSON bodies of API requests, read whole and decoded into msgspec types, and the plain JSON of the answers.

What a body may hold says each room's own types; here are the limits that hold for all, and how a fault is pointed at.
Source: RFC 9530 (Content-Digest); RFC 6901 (JSON pointers).
"""
import re
from typing import Annotated, Any, TypeVar

import msgspec
from django.conf import settings
from django.http import JsonResponse
from msgspec import Meta
from rest_framework.request import Request

from common.content_digest import BodyDigest
from common.faults import JsonTooLarge, RequestMalformed
from common.problems import UnsupportedMediaType

T = TypeVar("T")

# [0-9] and not \d, which in Python also means the digits of other scripts.
Time = Annotated[str, Meta(
    pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$(?!\n)",
    extra_json_schema={"format": "date-time"},
)]
PATH = re.compile(r"^(?P<reason>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`)?$", re.DOTALL)
MALFORMED = (msgspec.DecodeError, UnicodeDecodeError)


def read_json(request: Request) -> bytes:
    """The JSON body, held against Content-Digest when the client sent one."""
    if request.content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType
    digest = BodyDigest(request.headers.get("Content-Digest"))
    body: bytes = request._request.read(settings.MAX_JSON_BYTES + 1)
    if len(body) > settings.MAX_JSON_BYTES:
        raise JsonTooLarge(limit=settings.MAX_JSON_BYTES)
    digest.update(body)
    digest.verify()
    return body


def decode_with(decoder: "msgspec.json.Decoder[T]", data: bytes) -> T:
    """`data` as the decoder's type. Raises RequestMalformed with the JSON pointer of the first fault."""
    try:
        return decoder.decode(data)
    except (RecursionError, *MALFORMED) as fault:
        pointer, reason = located(fault)
        raise RequestMalformed(pointer=pointer, reason=reason) from None


def located(fault: Exception) -> tuple[str, str]:
    """JSON pointer and reason of what msgspec says."""
    match = PATH.match(str(fault))
    assert match is not None
    return json_pointer(match["path"] or ""), match["reason"]


def json_pointer(path: str) -> str:
    """RFC 6901 pointer of msgspec's `.records[3].files[0].name`."""
    return re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", path).replace(".", "/")


def answer(body: Any, *, status: int = 200) -> JsonResponse:
    """`body` as JSON that nobody keeps: states and proofs change."""
    response = JsonResponse(body, status=status, safe=False, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    return response
