"""How people come and go: invitations by one-time link, the first operator, memberships that end.

Nobody signs up. An invitation names one login; whoever opens its link chooses a password if that login is new, or must be signed in as it.
So the administrator who invites never learns whether a login exists elsewhere, and cannot take it over.
What this does not do: send the link. Whoever made it hands it over by a way that he trusts.
"""
import hashlib
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.errors import (
    InvitationForAnother,
    InvitationInvalid,
    LicenceMissing,
    LoginMalformed,
    NameMalformed,
    OperatorAlreadyThere,
    OwnMembership,
    PasswordRefused,
    RoleUnavailable,
)
from accounts.models import Invitation, Membership, Organisation, Person
from accounts.permissions import CERTIFIED, LICENSED, ROLES, Kind, Role
from accounts.selectors import invitation_for, person_named
from accounts.services import create_organisation

LOGIN = re.compile(r"[a-z0-9][a-z0-9._+@-]{2,253}", re.ASCII)
LINK_LASTS = timedelta(days=3)
LONGEST_NAME, LONGEST_NUMBER = 100, 64


@dataclass(frozen=True, slots=True)
class Invitee:
    """Whom a link is for. Numbers are empty where the role needs none."""

    login: str
    display_name: str
    role: Role
    licence_number: str = ""
    certificate_number: str = ""


def canonical_login(typed: str) -> str:
    """The one spelling of a login name: NFKC, lower case, no spaces around it. Raises LoginMalformed."""
    login = unicodedata.normalize("NFKC", typed).strip().lower()
    if not LOGIN.fullmatch(login):
        raise LoginMalformed
    return login


def invite(organisation: Organisation, invitee: Invitee, *, by: Person | None, now: datetime) -> tuple[Invitation, str]:
    """An invitation and the token of its link, which is returned once and never stored. 256 random bits, so a plain SHA-256 hides it.

    Raises LoginMalformed, NameMalformed, RoleUnavailable (of another kind of organisation), LicenceMissing.
    """
    login, name = canonical_login(invitee.login), " ".join(invitee.display_name.split())
    if not name or len(name) > LONGEST_NAME:
        raise NameMalformed
    if ROLES[invitee.role].kind != organisation.kind:
        raise RoleUnavailable
    licence, certificate = _numbers(invitee)
    token = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        organisation=organisation, organisation_kind=organisation.kind, role=invitee.role, login=login, display_name=name,
        licence_number=licence, certificate_number=certificate, token_sha256=hashlib.sha256(token.encode()).digest(),
        made_by=by, created_at=now, expires_at=now + LINK_LASTS)
    return made, token


def _numbers(invitee: Invitee) -> tuple[str, str]:
    """Licence and certificate number, each kept for those roles only that act under it."""
    licence = invitee.licence_number.strip() if invitee.role in LICENSED else ""
    certificate = invitee.certificate_number.strip() if invitee.role in CERTIFIED else ""
    missing = (invitee.role in LICENSED and not licence) or (invitee.role in CERTIFIED and not certificate)
    if missing or max(len(licence), len(certificate)) > LONGEST_NUMBER:
        raise LicenceMissing
    return licence, certificate


def accept_as_new_person(token: str, *, password: str, now: datetime) -> Person:
    """Make the invited person with this password, and the membership. The link is then used up.

    Raises InvitationInvalid, InvitationForAnother (somebody holds the login by now and must sign in), PasswordRefused.
    """
    invitation = _open(token, now)
    person = Person(login=invitation.login, display_name=invitation.display_name, created_at=now)
    try:
        validate_password(password, person)
    except ValidationError as refused:
        raise PasswordRefused(reasons=" ".join(refused.messages)) from None
    person.set_password(password)
    try:
        with transaction.atomic():
            person.save()
            _join(invitation, person, now)
    except IntegrityError:
        raise InvitationForAnother from None
    return person


def accept_as(person: Person, token: str, *, now: datetime) -> None:
    """Give the signed-in person the invited role. Raises InvitationInvalid, InvitationForAnother."""
    invitation = _open(token, now)
    if invitation.login != person.login:
        raise InvitationForAnother
    with transaction.atomic():
        _join(invitation, person, now)


def _open(token: str, now: datetime) -> Invitation:
    invitation = invitation_for(token, now=now)
    if invitation is None or not invitation.organisation.working:
        raise InvitationInvalid
    return invitation


def _join(invitation: Invitation, person: Person, now: datetime) -> None:
    """In the caller's transaction: use the link up, by compare-and-swap, and make what it promised unless it is held already."""
    used = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).update(accepted_at=now, accepted_by=person)
    if used != 1:
        raise InvitationInvalid
    Membership.objects.get_or_create(
        person=person, organisation=invitation.organisation, role=invitation.role, until=None,
        defaults={
            "organisation_kind": invitation.organisation_kind, "licence_number": invitation.licence_number,
            "certificate_number": invitation.certificate_number, "since": now,
        })


def withdraw_invitation(organisation: Organisation, invitation_id: int, *, now: datetime) -> bool:
    """Whether an open invitation of this organisation had that id; its link no longer works."""
    return Invitation.objects.filter(
        pk=invitation_id, organisation=organisation, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now) == 1


def end_membership(organisation: Organisation, membership_id: int, *, by: Person, now: datetime) -> bool:
    """Whether a live membership of this organisation had that id; it ends now. Raises OwnMembership."""
    live = Membership.objects.filter(pk=membership_id, organisation=organisation, until=None)
    if live.filter(person=by).exists():
        raise OwnMembership
    return live.update(until=now) == 1


def bootstrap_operator(name: str, invitee: Invitee, *, renew: bool, now: datetime) -> str:
    """Make the operator organisation and the invitation of the first operator; the token of its link.

    With `renew`, while nobody has ever become an operator: a new link, and the old ones stop to work. Raises OperatorAlreadyThere, and
    what `invite` raises.
    """
    operator = Organisation.objects.filter(kind=Kind.OPERATOR).first()
    if renew and operator is not None and not Membership.objects.filter(organisation=operator).exists():
        with transaction.atomic():
            Invitation.objects.filter(organisation=operator, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now)
            return invite(operator, invitee, by=None, now=now)[1]
    if operator is not None:
        raise OperatorAlreadyThere
    try:
        with transaction.atomic():
            return invite(create_organisation(name, now=now, kind=Kind.OPERATOR), invitee, by=None, now=now)[1]
    except IntegrityError:
        # Somebody else's bootstrap was faster.
        raise OperatorAlreadyThere from None


def person_waits(token: str, *, now: datetime) -> tuple[Invitation, Person | None]:
    """The open invitation, and who holds its login already; None when that is nobody. Raises InvitationInvalid."""
    invitation = _open(token, now)
    return invitation, person_named(invitation.login)
