"""How people come and go: invitations by one-time link, the first operator, memberships that end.

Nobody signs up. An invitation names one login; whoever opens its link chooses a password if that login is new, or must be signed in as it.
So the administrator who invites cannot take over a login that exists elsewhere. That it exists he can learn: the page behind the link asks
a new person for a password and a known one to sign in, and whoever made the link may open it. It stands in his audit log that he invited.
Whoever lost password and second factor gets a link from his administrator that asks for new ones, as long as he works nowhere else; also
while he is deactivated, so that he need not be let in with a password that somebody else has.
Whoever is put out takes with him the links that he made and that nobody used, and his sessions: neither is a way back.
What this does not do: send the link. Whoever made it hands it over by a way that he trusts.
"""
import hashlib
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.audit.events import Event
from accounts.audit.recording import hold_logs, note, note_about, places_of
from accounts.errors import (
    ElsewhereToo,
    InvitationForAnother,
    InvitationInvalid,
    LicenceMissing,
    LoginMalformed,
    NameMalformed,
    OperatorAlreadyThere,
    OwnMembership,
    PasswordRefused,
    RoleUnavailable,
    TwoOperatorsNeeded,
)
from accounts.models import Invitation, LinkedIdentity, Membership, Organisation, Person, WorkstationFactor
from accounts.permissions import CERTIFIED, LICENSED, ROLES, Kind, Role
from accounts.selectors import invitation_for, live_memberships, person_named
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


def canonical_invitee(organisation: Organisation, invitee: Invitee) -> Invitee:
    """Whom a link of this organisation may be for, as it is stored.

    Raises LoginMalformed, NameMalformed (characters that nobody sees too: PostgreSQL keeps no zero byte, and one that turns the direction
    of writing makes one name look like another), RoleUnavailable (of another kind of organisation), LicenceMissing.
    """
    login, name = canonical_login(invitee.login), " ".join(invitee.display_name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise NameMalformed
    if ROLES[invitee.role].kind != organisation.kind:
        raise RoleUnavailable
    return Invitee(login, name, invitee.role, *_numbers(invitee))


def invite(
    organisation: Organisation, invitee: Invitee, *, by: Person | None, now: datetime, proposed_by: Person | None = None,
    resets: bool = False, alone: bool = False,
) -> tuple[Invitation, str]:
    """An invitation and the token of its link, which is returned once and never stored. 256 random bits, so a plain SHA-256 hides it.

    `by`: None for a command. `proposed_by`: the operator who proposed what `by` confirms. `resets`: for `invite_back`; `alone`: for
    `operators`. Raises what `canonical_invitee` raises, TwoOperatorsNeeded (one operator lets nobody into the operator alone).
    """
    if organisation.kind == Kind.OPERATOR and by is not None and not alone and proposed_by in (None, by):
        raise TwoOperatorsNeeded
    whom, token = canonical_invitee(organisation, invitee), secrets.token_urlsafe(32)
    with transaction.atomic():
        made = Invitation.objects.create(
            organisation=organisation, organisation_kind=organisation.kind, role=whom.role, login=whom.login,
            display_name=whom.display_name, licence_number=whom.licence_number, certificate_number=whom.certificate_number,
            token_sha256=hashlib.sha256(token.encode()).digest(), made_by=by, created_at=now, expires_at=now + LINK_LASTS,
            resets=resets, alone=alone)
        note(Event.INVITED, organisation, at=now, subject=f"invitation:{made.pk}", detail=invitee.role)
    return made, token


def _numbers(invitee: Invitee) -> tuple[str, str]:
    """Licence and certificate number, each kept for those roles only that act under it."""
    licence = invitee.licence_number.strip() if invitee.role in LICENSED else ""
    certificate = invitee.certificate_number.strip() if invitee.role in CERTIFIED else ""
    missing = (invitee.role in LICENSED and not licence) or (invitee.role in CERTIFIED and not certificate)
    if missing or max(len(licence), len(certificate)) > LONGEST_NUMBER or not (licence + certificate).isprintable():
        raise LicenceMissing
    return licence, certificate


def accept_as_new_person(token: str, *, password: str, now: datetime) -> Person:
    """Make the invited person with this password, and the membership. The link is then used up.

    Raises InvitationInvalid, InvitationForAnother (somebody holds the login by now and must sign in), PasswordRefused.
    """
    invitation = _open(token, now)
    person = Person(login=invitation.login, display_name=invitation.display_name, created_at=now)
    _set_password(person, password)
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
    # Whoever is to accept the agreement must be able to come in first; he can do nothing else until the trial begins.
    if invitation is None or not (invitation.organisation.working or invitation.organisation.agreeing):
        raise InvitationInvalid
    return invitation


def _join(invitation: Invitation, person: Person, now: datetime) -> None:
    """In the caller's transaction: use the link up, by compare-and-swap, and make what it promised unless it is held already."""
    # Memberships of one person begin one after another, so that `accept_back` sees each that there is.
    Person.objects.select_for_update().get(pk=person.pk)
    used = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).update(accepted_at=now, accepted_by=person)
    if used != 1:
        raise InvitationInvalid
    Membership.objects.get_or_create(
        person=person, organisation=invitation.organisation, role=invitation.role, until=None,
        defaults={
            "organisation_kind": invitation.organisation_kind, "licence_number": invitation.licence_number,
            "certificate_number": invitation.certificate_number, "since": now,
        })
    # Whoever opened the link need not be signed in: he is the one whom it was for.
    note(Event.INVITATION_ACCEPTED, invitation.organisation, at=now, subject=f"invitation:{invitation.pk}", detail=invitation.role,
         actor=f"person:{person.pk}")


def invite_back(
    organisation: Organisation, membership_id: int, *, by: Person | None, now: datetime, proposed_by: Person | None = None
) -> tuple[Invitation, str] | None:
    """A link by which a member of this organisation sets his sign-in up anew, and its token; None when nobody here has that membership.

    `by` and `proposed_by` as of `invite`. Raises ElsewhereToo, OwnMembership, TwoOperatorsNeeded.
    """
    held = Membership.objects.filter(pk=membership_id, organisation=organisation, until=None).select_related("person").first()
    if held is None:
        return None
    if by is not None and held.person_id == by.pk:
        raise OwnMembership
    if not works_only_at(organisation, held.person):
        raise ElsewhereToo
    invitee = Invitee(held.person.login, held.person.display_name, held.role_of, held.licence_number, held.certificate_number)
    return invite(organisation, invitee, by=by, now=now, proposed_by=proposed_by, resets=True)


def accept_back(token: str, *, password: str, now: datetime) -> None:
    """New password; second factors and sessions are gone, so the next sign-in sets a factor up. The link is then used up.

    Raises InvitationInvalid, ElsewhereToo (it is judged again: much may have changed since the link was made), PasswordRefused.
    """
    invitation = _open(token, now)
    person = person_named(invitation.login)
    if person is None or not invitation.resets:
        raise InvitationInvalid
    _set_password(person, password)
    with transaction.atomic():
        # Before the link is used up, which would make a membership of whoever has left; under the lock, which another link's use waits for.
        Person.objects.select_for_update().get(pk=person.pk)
        if not works_only_at(invitation.organisation, person):
            raise ElsewhereToo
        _join(invitation, person, now)
        # The new password's hash ends every session that there is.
        person.save(update_fields=["password"])
        Authenticator.objects.filter(user_id=person.pk).delete()
        LinkedIdentity.objects.filter(person=person).delete()
        note_about(person, Event.FACTORS_RESET, at=now, actor=f"person:{person.pk}")


def works_only_at(organisation: Organisation, person: Person) -> bool:
    """Whether the person holds a role here now, and none elsewhere."""
    return {each.organisation_id for each in live_memberships(person)} == {organisation.pk}


def _set_password(person: Person, password: str) -> None:
    """Not saved. Raises PasswordRefused."""
    try:
        validate_password(password, person)
    except ValidationError as refused:
        raise PasswordRefused(reasons=" ".join(refused.messages)) from None
    person.set_password(password)


def withdraw_invitation(organisation: Organisation, invitation_id: int, *, now: datetime) -> bool:
    """Whether an open invitation of this organisation had that id; its link no longer works."""
    with transaction.atomic():
        return _withdraw(Invitation.objects.filter(pk=invitation_id, organisation=organisation), organisation, now) == 1


def end_membership(organisation: Organisation, membership_id: int, *, by: Person, now: datetime) -> bool:
    """Whether a live membership of this organisation had that id; it ends now, and so do open links here for that person or made by him.

    Raises OwnMembership.
    """
    held = Membership.objects.filter(pk=membership_id, organisation=organisation, until=None).select_related("person").first()
    if held is None:
        return False
    if held.person_id == by.pk:
        raise OwnMembership
    with transaction.atomic():
        links = Q(login=held.person.login) | Q(made_by=held.person)
        _withdraw(Invitation.objects.filter(links, organisation=organisation), organisation, now)
        ended = Membership.objects.filter(pk=held.pk, until=None).update(until=now) == 1
        if ended:
            if not Membership.objects.filter(organisation=organisation, person=held.person, until=None).exists():
                LinkedIdentity.objects.filter(organisation=organisation, person=held.person).delete()
                WorkstationFactor.objects.filter(organisation=organisation, authenticator__user_id=held.person_id).delete()
            note(Event.MEMBERSHIP_ENDED, organisation, at=now, subject=f"person:{held.person_id}", detail=held.role)
    return ended


def _withdraw(links: QuerySet[Invitation], organisation: Organisation, now: datetime) -> int:
    """In the caller's transaction: the open ones among these links of the organisation stop to work. How many there were."""
    count = 0
    for pk in sorted(links.filter(accepted_at=None, withdrawn_at=None).values_list("pk", flat=True)):
        if Invitation.objects.filter(pk=pk, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now) == 1:
            note(Event.INVITATION_WITHDRAWN, organisation, at=now, subject=f"invitation:{pk}")
            count += 1
    return count


def set_active(login: str, *, active: bool, now: datetime) -> bool:
    """Whether somebody of this login was deactivated, or let in again, by this call. Raises LoginMalformed.

    Whoever is deactivated loses his sessions for good and the open links that he made, wherever: an account in the wrong hands leaves none.
    """
    person = Person.objects.filter(login=canonical_login(login), deactivated_at__isnull=not active).first()
    if person is None:
        return False
    with transaction.atomic():
        changed = Person.objects.filter(pk=person.pk, deactivated_at__isnull=not active).update(deactivated_at=None if active else now) == 1
        if changed and not active:
            _take_links_and_sessions(person, now)
        if changed:
            note_about(person, Event.PERSON_LET_IN if active else Event.PERSON_DEACTIVATED, at=now)
    return changed


def _take_links_and_sessions(person: Person, now: datetime) -> None:
    """In the caller's transaction, which then notes what happened to the person where he works."""
    links = Invitation.objects.filter(made_by=person, accepted_at=None, withdrawn_at=None)
    where = Organisation.objects.filter(pk__in=links.values("organisation"))
    hold_logs({*where, *places_of(person)})
    for organisation in where.order_by("pk"):
        _withdraw(links.filter(organisation=organisation), organisation, now)
    for session in UserSession.objects.filter(user_id=person.pk):
        session.end()


def bootstrap_operator(name: str, invitee: Invitee, *, renew: bool, now: datetime) -> str:
    """Make the operator organisation and the invitation of the first operator; the token of its link.

    With `renew`, while nobody has ever become an operator: a new link, and the old ones stop to work. Raises OperatorAlreadyThere, and
    what `invite` raises.
    """
    operator = Organisation.objects.filter(kind=Kind.OPERATOR).first()
    if renew and operator is not None and not Membership.objects.filter(organisation=operator).exists():
        with transaction.atomic():
            _withdraw(Invitation.objects.filter(organisation=operator), operator, now)
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
