"""JSON bodies of requests about webhooks, as msgspec types; the OpenAPI document is made from them.

What an address may be beyond its form is judged by `notifications.targets`, where the operator's networks are known.
"""
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

EventKind = Annotated[
    Literal["record.timestamped"],
    Meta(description="`record.timestamped`: a checkpoint that covers the record bears a verified RFC 3161 token"),
]
Url = Annotated[str, Meta(
    pattern=r"^https?://[!-~]+$(?!\n)", max_length=500, description="https, on the public internet; no credentials, no fragment",
    examples=["https://collection.example/cunzheng"])]


class NewWebhook(Struct, forbid_unknown_fields=True, frozen=True):
    url: Url
    events: Annotated[tuple[EventKind, ...], Meta(min_length=1, max_length=16)]


class SecretRotation(Struct, forbid_unknown_fields=True, frozen=True):
    """`overlap_s`: for so many seconds the secret before this one signs too; 0 when it has leaked."""

    overlap_s: Annotated[int, Meta(ge=0, le=604_800)] = 86_400


# Made here, in one thread: msgspec learns a type at its first use, and two first requests at once would crash the process.
NEW_WEBHOOK: "msgspec.json.Decoder[NewWebhook]" = msgspec.json.Decoder(NewWebhook)
SECRET_ROTATION: "msgspec.json.Decoder[SecretRotation]" = msgspec.json.Decoder(SecretRotation)
TYPES: tuple[Any, ...] = (NewWebhook, SecretRotation)
