"""What the API answers about who may see a case and who did, as msgspec types, and the rows as these types say."""
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from cases.api.access_payloads import Id
from cases.models import AccessEvent, Assignment, Entrustment, Grant, Matter, Order
from common.bodies import Time
from tlog.times import format_time


class Side(Struct, forbid_unknown_fields=True):
    """An organisation that has to do with it."""

    ref: Id
    name: str


class EntrustmentFacts(Struct, forbid_unknown_fields=True):
    """`redelegation` is what the contract states and the service enforces. `ended_at`: before its time."""

    entrustment: Id
    lender: Side
    agency: Side
    number: str
    scope: str
    document: str
    redelegation: Literal["forbidden"]
    starts_at: Time
    ends_at: Time
    ended_at: Time | None


class AssignmentFacts(Struct, forbid_unknown_fields=True):
    assignment: Id
    entrustment: Id
    case: Id
    includes_all: bool
    assigned_at: Time
    withdrawn_at: Time | None


class GrantFacts(Struct, forbid_unknown_fields=True):
    """`needs_second`: on one person's word the receiver would get more than 100 cases. Such a grant works from `approved_at` on.

    `document`: the number of the lender's record; of basis `provided` the separate consent's, as the file of each case names it.
    """

    grant: Id
    lender: Side
    receiver: Side
    basis: Literal["entrusted", "provided", "duty"]
    document: str
    purpose: str
    cases: Annotated[int, Meta(ge=1)]
    starts_at: Time
    ends_at: Time
    needs_second: bool
    approved_at: Time | None
    revoked_at: Time | None


class MatterFacts(Struct, forbid_unknown_fields=True):
    """`open_until`: when the file period ends; null while the matter is open."""

    matter: Id
    grant: Id
    lender: Side
    institution: Side
    purpose: str
    number: str
    submitted_at: Time
    accepted_at: Time | None
    file_days: int | None
    closed_at: Time | None
    open_until: Time | None


class OrderFacts(Struct, forbid_unknown_fields=True):
    """`cases`: of a lender, its own among those that the order names. `kinds` empty: every kind of evidence."""

    order: Id
    court: Side
    number: str
    scope: str
    cases: tuple[Id, ...]
    kinds: tuple[str, ...]
    starts_at: Time
    ends_at: Time
    opened_at: Time | None
    ended_at: Time | None


class AccessFacts(Struct, forbid_unknown_fields=True):
    """One reading. `purpose` is null for the organisation's own people and machines: their work is their purpose."""

    at: Time
    what: Literal["case", "records", "export", "search"]
    actor: str
    organisation: Side
    roles: tuple[str, ...]
    signed_in: Literal["session", "key"]
    root: Literal["own", "assigned", "granted", "accepted", "ordered"]
    purpose: str | None
    request_id: str


class EntrustmentPage(Struct, forbid_unknown_fields=True):
    """`next_cursor` is null on the last page."""

    entrustments: tuple[EntrustmentFacts, ...]
    next_cursor: Id | None


class AssignmentPage(Struct, forbid_unknown_fields=True):
    """`next_cursor` is null on the last page."""

    assignments: tuple[AssignmentFacts, ...]
    next_cursor: Id | None


class AssignedFacts(Struct, forbid_unknown_fields=True):
    assignments: tuple[AssignmentFacts, ...]


class Count(Struct, forbid_unknown_fields=True):
    """How many assignments were changed."""

    changed: Annotated[int, Meta(ge=1)]


class GrantPage(Struct, forbid_unknown_fields=True):
    """`next_cursor` is null on the last page."""

    grants: tuple[GrantFacts, ...]
    next_cursor: Id | None


class MatterPage(Struct, forbid_unknown_fields=True):
    """`next_cursor` is null on the last page."""

    matters: tuple[MatterFacts, ...]
    next_cursor: Id | None


class OrderPage(Struct, forbid_unknown_fields=True):
    """`next_cursor` is null on the last page."""

    orders: tuple[OrderFacts, ...]
    next_cursor: Id | None


class AccessPage(Struct, forbid_unknown_fields=True):
    """The newest first, at most a thousand."""

    accesses: tuple[AccessFacts, ...]


TYPES: tuple[Any, ...] = (
    EntrustmentPage, AssignmentPage, AssignedFacts, Count, GrantPage, MatterFacts, MatterPage, OrderFacts, OrderPage, AccessPage)


def side(organisation: Any) -> dict[str, str]:
    return {"ref": organisation.ref, "name": organisation.name}


def entrustment_facts(row: Entrustment) -> dict[str, object]:
    return {
        "entrustment": row.ref, "lender": side(row.lender), "agency": side(row.agency), "number": row.number, "scope": row.scope,
        "document": row.document, "redelegation": "forbidden", "starts_at": _time(row.starts_at), "ends_at": _time(row.ends_at),
        "ended_at": _time(row.ended_at),
    }


def assignment_facts(row: Assignment) -> dict[str, object]:
    return {
        "assignment": row.ref, "entrustment": row.entrustment.ref, "case": row.ref_of_case, "includes_all": row.includes_all,
        "assigned_at": _time(row.assigned_at), "withdrawn_at": _time(row.withdrawn_at),
    }


def grant_facts(row: Grant) -> dict[str, object]:
    return {
        "grant": row.ref, "lender": side(row.lender), "receiver": side(row.receiver), "basis": row.basis, "document": row.document,
        "purpose": row.purpose, "cases": row.case_count, "starts_at": _time(row.starts_at), "ends_at": _time(row.ends_at),
        "needs_second": row.needs_second, "approved_at": _time(row.approved_at), "revoked_at": _time(row.revoked_at),
    }


def matter_facts(row: Matter) -> dict[str, object]:
    return {
        "matter": row.ref, "grant": row.grant.ref, "lender": side(row.grant.lender), "institution": side(row.institution),
        "purpose": row.purpose, "number": row.number, "submitted_at": _time(row.submitted_at), "accepted_at": _time(row.accepted_at),
        "file_days": row.file_days, "closed_at": _time(row.closed_at), "open_until": _time(row.open_until),
    }


def order_facts(row: Order, cases: list[str]) -> dict[str, object]:
    return {
        "order": row.ref, "court": side(row.court), "number": row.number, "scope": row.scope, "cases": cases,
        "kinds": sorted(kind.kind for kind in row.kinds.all()), "starts_at": _time(row.starts_at), "ends_at": _time(row.ends_at),
        "opened_at": _time(row.opened_at), "ended_at": _time(row.ended_at),
    }


def access_facts(row: AccessEvent) -> dict[str, object]:
    return {
        "at": _time(row.at), "what": row.what, "actor": row.actor, "organisation": side(row.organisation),
        "roles": row.roles.split(",") if row.roles else [], "signed_in": row.signed_in, "root": row.root, "purpose": row.purpose,
        "request_id": row.request_id,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment.replace(microsecond=moment.microsecond // 1000 * 1000))
