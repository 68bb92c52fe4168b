"""JSON bodies of requests about assignments, matters and orders, as msgspec types; the OpenAPI document is made from them.

What only people may do has no body here: contracts, grants, approvals and openings ask for a second factor, which no machine shows.
"""
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from django.utils.translation import gettext as _
from msgspec import Meta, Struct

from common.bodies import Time
from common.faults import RequestMalformed

Id = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
Ids = Annotated[tuple[Id, ...], Meta(min_length=1, max_length=1000)]
Line = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$(?!\n)", max_length=64)]


class NewAssignments(Struct, forbid_unknown_fields=True, frozen=True):
    """`includes_all`: the agency sees the lender's and other agencies' evidence on these cases too."""

    entrustment: Id
    cases: Ids
    includes_all: bool = False


class Withdrawal(Struct, forbid_unknown_fields=True, frozen=True):
    assignments: Ids


class NewDistribution(Struct, forbid_unknown_fields=True, frozen=True):
    """`agent`: the login of a collection agent of the agency; null takes the cases back from whoever has them."""

    assignments: Ids
    agent: Annotated[str, Meta(min_length=3, max_length=254)] | None


class NewMatter(Struct, forbid_unknown_fields=True, frozen=True):
    """`whole_case`: with what is deposited later; otherwise the records of this moment."""

    grant: Id
    cases: Ids
    purpose: Line
    whole_case: bool = False


class Acceptance(Struct, forbid_unknown_fields=True, frozen=True):
    """`number`: the institution's own. `file_days`: how long its file is kept after the close."""

    number: Line
    file_days: Annotated[int, Meta(ge=0, le=36_500)]


class NewOrder(Struct, forbid_unknown_fields=True, frozen=True):
    """`document`: the number of the record under which the court deposited the order. `kinds` of evidence, of those that
    have a name; none means all, of whatever kind.
    """

    number: Line
    document: Annotated[str, Meta(min_length=1, max_length=64)]
    scope: Annotated[str, Meta(min_length=1, max_length=500)]
    starts_at: Time
    ends_at: Time
    cases: Ids
    kinds: Annotated[tuple[Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,64}$(?!\n)")], ...], Meta(max_length=50)] = ()


def moment(text: str, pointer: str) -> datetime:
    """The time that the form of `Time` promises. Raises RequestMalformed for the thirtieth of February."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise RequestMalformed(pointer=pointer, reason=_("没有这个日期或时间；请核对后重填。")) from None


TYPES: tuple[Any, ...] = (NewAssignments, Withdrawal, NewDistribution, NewMatter, Acceptance, NewOrder)
# Made here, in one thread: msgspec learns a type at its first use, and two first requests at once would crash the process.
NEW_ASSIGNMENTS: "msgspec.json.Decoder[NewAssignments]" = msgspec.json.Decoder(NewAssignments)
WITHDRAWAL: "msgspec.json.Decoder[Withdrawal]" = msgspec.json.Decoder(Withdrawal)
NEW_DISTRIBUTION: "msgspec.json.Decoder[NewDistribution]" = msgspec.json.Decoder(NewDistribution)
NEW_MATTER: "msgspec.json.Decoder[NewMatter]" = msgspec.json.Decoder(NewMatter)
ACCEPTANCE: "msgspec.json.Decoder[Acceptance]" = msgspec.json.Decoder(Acceptance)
NEW_ORDER: "msgspec.json.Decoder[NewOrder]" = msgspec.json.Decoder(NewOrder)
