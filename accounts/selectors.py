"""Reads of `accounts`: credentials of machines; memberships and acts for people, always within one organisation."""
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import ApiKey, Invitation, Membership, Organisation, Person, SigningKey
from accounts.permissions import BY_WORKSTATION, ROLES, Act
from accounts.scopes import read_scopes, write_scopes
from common.bulk import moment

KEY_TEXT = re.compile(r"cz_([0-9a-f]{8})_([A-Za-z0-9_-]{43})", re.ASCII)
CLIENT_ID = re.compile(r"cz_([0-9a-f]{8})", re.ASCII)
TOKEN_PREFIX = "czt_"  # noqa: S105 - the beginning that all share
TOKEN_TEXT = re.compile(r"czt_[A-Za-z0-9_-]{43}", re.ASCII)
THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
# PostgreSQL knows no text with a zero byte, and an address may hold one.
REF = re.compile(r"[0-9a-f]{32}", re.ASCII)
# What counts as a second factor; recovery codes stand in for one that was lost.
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
KEY_COLUMNS = (
    "id", "organisation_id", "prefix", "secret_sha256", "label", "created_at", "expires_at", "revoked_at", "last_used_at",
    "scopes", "must_sign", "application_id",
)
ORGANISATION_COLUMNS = (
    "id", "ref", "name", "kind", "credit_code", "status", "contact_email", "contact_phone", "licence_number", "practice_area",
    "review_due_at", "created_at",
)
# Every request asks this one question, and to compile it by the ORM took longer than to answer it (measured).
COLUMNS = ", ".join([*(f"k.{column}" for column in KEY_COLUMNS), *(f"o.{column}" for column in ORGANISATION_COLUMNS)])
TABLES = "accounts_apikey k JOIN accounts_organisation o ON o.id = k.organisation_id"
KEY_QUERY = f"SELECT {COLUMNS} FROM {TABLES} WHERE k.prefix = %s"  # noqa: S608 - constants
TOKEN_QUERY = (
    f"SELECT {COLUMNS}, t.expires, t.scope FROM {TABLES} "  # noqa: S608 - constants
    "JOIN oauth2_provider_accesstoken t ON t.application_id = k.application_id WHERE t.token_checksum = %s"
)


def credential_for(text: str, *, now: datetime) -> ApiKey | None:
    """The usable key that `text` is, or the client whose access token it is, with its organisation; None for anything else."""
    return key_of_token(text, now=now) if text.startswith(TOKEN_PREFIX) else api_key_for(text, now=now)


def api_key_for(text: str, *, now: datetime) -> ApiKey | None:
    """The usable key that `text` is, with its organisation, which need not be working; None for anything else.

    Every wrong secret takes the same time. A client's secret is good at the token endpoint only.
    """
    match = KEY_TEXT.fullmatch(text)
    if match is None:
        return None
    row = _row_of(KEY_QUERY, match[1])
    offered = hashlib.sha256(match[2].encode()).digest()
    key = _key_of(row) if row is not None else None
    if key is None or not hmac.compare_digest(bytes(key.secret_sha256), offered):
        return None
    return key if key.application_id is None and key.usable_at(now) else None


def key_of_token(text: str, *, now: datetime) -> ApiKey | None:
    """The usable client that this access token was given to, with its organisation and the token's scopes; None for anything else.

    256 random bits are found by their digest, not guessed. The scopes of the row stay as they are: what is returned is never saved.
    """
    row = _row_of(TOKEN_QUERY, hashlib.sha256(text.encode()).hexdigest()) if TOKEN_TEXT.fullmatch(text) else None
    if row is None:
        return None
    key, (expires, scope) = _key_of(row), row[-2:]
    if not key.usable_at(now) or now >= moment(expires):
        return None
    key.scopes = write_scopes(read_scopes(key.scopes) & read_scopes(scope))
    return key


def _row_of(query: str, value: str) -> Sequence[Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(query, [value])
        row: Sequence[Any] | None = cursor.fetchone()
    return row


def _key_of(row: Sequence[Any]) -> ApiKey:
    key = ApiKey.from_db(connection.alias, list(KEY_COLUMNS), _values(KEY_COLUMNS, row))
    key.organisation = Organisation.from_db(
        connection.alias, list(ORGANISATION_COLUMNS), _values(ORGANISATION_COLUMNS, row[len(KEY_COLUMNS) :]))
    return key


def _values(columns: tuple[str, ...], row: Sequence[object]) -> list[object]:
    """The values of these columns at the head of the row, times aware."""
    return [moment(value) if isinstance(value, datetime) else value for _, value in zip(columns, row, strict=False)]


def client_named(client_id: str) -> ApiKey | None:
    """The OAuth client with this id, with its organisation, whether it is usable or not; None when there is none."""
    match = CLIENT_ID.fullmatch(client_id)
    if match is None:
        return None
    return ApiKey.objects.filter(prefix=match[1]).exclude(application=None).select_related("organisation", "application").first()


def credentials_of(organisation: Organisation) -> QuerySet[ApiKey]:
    """Its keys and clients, revoked ones too, the newest first, with who made and revoked them."""
    return ApiKey.objects.filter(organisation=organisation).select_related(
        "organisation", "created_by", "revoked_by").order_by("-created_at", "-id")


def signing_keys_of(organisation: Organisation) -> QuerySet[SigningKey]:
    """Its public keys, revoked ones too, the newest first, with who registered and revoked them."""
    return SigningKey.objects.filter(organisation=organisation).select_related("created_by", "revoked_by").order_by("-created_at", "-id")


def signing_key_for(organisation: Organisation, keyid: str) -> SigningKey | None:
    """The organisation's own key with this thumbprint that is not revoked; None for anything else."""
    if not THUMBPRINT.fullmatch(keyid):
        return None
    return SigningKey.objects.filter(organisation=organisation, thumbprint=keyid, revoked_at=None).first()


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


def acting_operators() -> QuerySet[Person]:
    """Who may decide for the operator now. Of an act that needs two, the half of whoever left or was deactivated since is none."""
    roles = [role for role, permission in ROLES.items() if Act.MANAGE_ORGANISATIONS in permission.acts]
    return Person.objects.filter(deactivated_at=None, pk__in=Membership.objects.filter(role__in=roles, until=None).values("person"))


def organisations_for_operator() -> QuerySet[Organisation]:
    """All organisations, for those who manage them."""
    return Organisation.objects.order_by("name", "id")


def organisation_for_operator(ref: str) -> Organisation | None:
    """The organisation under this ref, for those who manage them; None when there is none."""
    return organisations_for_operator().filter(ref=ref).first() if REF.fullmatch(ref) else None


def members_of(organisation: Organisation) -> QuerySet[Membership]:
    """Who holds a role in the organisation now, by name."""
    return Membership.objects.filter(organisation=organisation, until=None).select_related("person").order_by("person__display_name", "id")


def without_second_factor(organisation: Organisation) -> QuerySet[Membership]:
    """Of `members_of` those who have not set up the second factor that is asked of everybody who does not work by workstation."""
    factors = Authenticator.objects.filter(user_id=OuterRef("person_id"), type__in=SECOND_FACTORS)
    return members_of(organisation).exclude(role__in=BY_WORKSTATION).exclude(Exists(factors))


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
