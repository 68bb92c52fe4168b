"""Reads of `accounts`: keys for machines; memberships and acts for people, always within one organisation."""
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from accounts.models import ApiKey, Invitation, Membership, Organisation, Person
from accounts.permissions import ROLES, Act
from common.bulk import moment

KEY_TEXT = re.compile(r"cz_([0-9a-f]{8})_([A-Za-z0-9_-]{43})", re.ASCII)
# PostgreSQL knows no text with a zero byte, and an address may hold one.
REF = re.compile(r"[0-9a-f]{32}", re.ASCII)
KEY_COLUMNS = ("id", "organisation_id", "prefix", "secret_sha256", "label", "created_at", "expires_at", "revoked_at", "last_used_at")
ORGANISATION_COLUMNS = ("id", "ref", "name", "kind", "credit_code", "status", "contact_email", "contact_phone", "created_at")
# Every request asks this one question, and to compile it by the ORM took longer than to answer it (measured).
KEY_QUERY = (
    f"SELECT {', '.join([*(f'k.{column}' for column in KEY_COLUMNS), *(f'o.{column}' for column in ORGANISATION_COLUMNS)])} "  # noqa: S608 - constants
    "FROM accounts_apikey k JOIN accounts_organisation o ON o.id = k.organisation_id WHERE k.prefix = %s"
)


def api_key_for(text: str, *, now: datetime) -> ApiKey | None:
    """The usable key that `text` is, with its organisation, which need not be working; None for anything else.

    Every wrong secret takes the same time.
    """
    match = KEY_TEXT.fullmatch(text)
    if match is None:
        return None
    key = _key_by_prefix(match[1])
    offered = hashlib.sha256(match[2].encode()).digest()
    if key is None or not hmac.compare_digest(bytes(key.secret_sha256), offered) or not key.usable_at(now):
        return None
    return key


def _key_by_prefix(prefix: str) -> ApiKey | None:
    with connection.cursor() as cursor:
        cursor.execute(KEY_QUERY, [prefix])
        row = cursor.fetchone()
    if row is None:
        return None
    key = ApiKey.from_db(connection.alias, list(KEY_COLUMNS), _values(KEY_COLUMNS, row))
    key.organisation = Organisation.from_db(
        connection.alias, list(ORGANISATION_COLUMNS), _values(ORGANISATION_COLUMNS, row[len(KEY_COLUMNS) :]))
    return key


def _values(columns: tuple[str, ...], row: Sequence[object]) -> list[object]:
    """The values of these columns at the head of the row, times aware."""
    return [moment(value) if isinstance(value, datetime) else value for _, value in zip(columns, row, strict=False)]


def live_memberships(person: Person) -> QuerySet[Membership]:
    """What the person holds now, with the organisations, oldest first; organisations that do not work are among them.

    In a session that an organisation's identity provider vouches for, what he holds there: no provider opens another organisation.
    """
    held = Membership.objects.filter(person=person, until=None).select_related("organisation").order_by("since", "id")
    return held if person.only_at is None else held.filter(organisation_id=person.only_at)


def organisation_of(person: Person, ref: str) -> tuple[Organisation, frozenset[Act]] | None:
    """The organisation under this ref and what the person may do in it; None when he holds no role there, or it does not exist."""
    held = list(live_memberships(person).filter(organisation__ref=ref)) if REF.fullmatch(ref) else []
    if not held:
        return None
    return held[0].organisation, frozenset().union(*(ROLES[each.role_of].acts for each in held))


def may_manage_organisations(person: Person) -> bool:
    """Whether some role of the person, in an organisation that works, is the operator's."""
    return any(each.organisation.working and Act.MANAGE_ORGANISATIONS in ROLES[each.role_of].acts for each in live_memberships(person))


def organisations_for_operator() -> QuerySet[Organisation]:
    """All organisations, for those who manage them."""
    return Organisation.objects.order_by("name", "id")


def organisation_for_operator(ref: str) -> Organisation | None:
    """The organisation under this ref, for those who manage them; None when there is none."""
    return organisations_for_operator().filter(ref=ref).first() if REF.fullmatch(ref) else None


def members_of(organisation: Organisation) -> QuerySet[Membership]:
    """Who holds a role in the organisation now, by name."""
    return Membership.objects.filter(organisation=organisation, until=None).select_related("person").order_by("person__display_name", "id")


def open_invitations(organisation: Organisation, *, now: datetime) -> QuerySet[Invitation]:
    """Links that can still be used, newest first."""
    return Invitation.objects.filter(
        organisation=organisation, accepted_at=None, withdrawn_at=None, expires_at__gt=now).order_by("-created_at", "-id")


def invitation_for(token: str, *, now: datetime) -> Invitation | None:
    """The open invitation whose link has this token; None for anything else. 256 random bits are found by their digest, not guessed."""
    digest = hashlib.sha256(token.encode()).digest()
    found = Invitation.objects.filter(token_sha256=digest).select_related("organisation").first()
    return found if found is not None and found.open_at(now) else None


def person_named(login: str) -> Person | None:
    """Whoever signs in by this name, in lower case."""
    return Person.objects.filter(login=login).first()
