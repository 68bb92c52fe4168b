"""JSON bodies of API requests, read whole and decoded into msgspec types, and the plain JSON of the answers.

What a body may hold says each room's own types, and `common.malformed` what is wrong with its form; here are the limits that hold for all.
Source: RFC 9530 (Content-Digest).
"""
from typing import Annotated, Any, TypeVar

import msgspec
from django.conf import settings
from django.http import JsonResponse
from msgspec import Meta
from rest_framework.request import Request

from common.content_digest import BodyDigest
from common.faults import JsonTooLarge, RequestMalformed
from common.malformed import MALFORMED, TIME_PATTERN, located
from common.problems import UnsupportedMediaType

T = TypeVar("T")

Time = Annotated[str, Meta(pattern=TIME_PATTERN, extra_json_schema={"format": "date-time"})]


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
        pointer, reason = located(fault, decoder.type)
        raise RequestMalformed(pointer=pointer, reason=reason) from None


def answer(body: Any, *, status: int = 200) -> JsonResponse:
    """`body` as JSON that nobody keeps: states and proofs change."""
    response = JsonResponse(body, status=status, safe=False, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    return response
