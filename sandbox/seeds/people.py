"""The fictitious organisations and the people in them, one for every role and a second where the service asks for two."""
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.totp.internal.auth import TOTP
from django.db import transaction

from accounts.audit.events import Event
from accounts.audit.recording import note_about
from accounts.errors import ElsewhereToo
from accounts.fictitious import CODES, DOMAIN
from accounts.joining import Invitee, accept_as_new_person, accept_back, invite, invite_back
from accounts.models import IdentityProvider, Membership, Organisation, Person, SignInRules
from accounts.permissions import BY_WORKSTATION, ROLES, Kind, Role
from accounts.portal.workplace import viewer_at
from accounts.selectors import live_memberships, person_named
from accounts.services import create_organisation, describe_organisation
from accounts.sign_in_rules import set_provider, set_rules
from accounts.viewer import Viewer
from sandbox.idp.server import CLIENT_ID, CLIENT_SECRET
from sandbox.seeds.keyring import Keyring

# 154: telephone numbers that no carrier was given, as in the sample case.
PHONE = "154-0000-{number:04}"
WORKSTATIONS = "127.0.0.0/8 ::1/128"


@dataclass(frozen=True, slots=True)
class Place:
    """A fictitious organisation; `code` is the key of `accounts.fictitious.CODES`."""

    code: str
    name: str
    kind: Kind


LENDER = Place("lender", "示例贷后管理有限公司（虚构）", Kind.LENDER)
PLACES = (
    # First, because what is written about the others stands in its audit log, too.
    Place("operator", "示例存证运营有限公司（虚构）", Kind.OPERATOR),
    LENDER,
    Place("agency", "示例青禾催收服务有限公司（虚构）", Kind.COLLECTION_AGENCY),
    Place("agency_2", "示例白杨催收服务有限公司（虚构）", Kind.COLLECTION_AGENCY),
    Place("notary_office", "示例市示例公证处（虚构）", Kind.NOTARY_OFFICE),
    Place("law_firm", "示例衡川律师事务所（虚构）", Kind.LAW_FIRM),
    Place("arbitration_body", "示例仲裁委员会（虚构）", Kind.ARBITRATION_BODY),
    Place("court", "示例市示例区人民法院（虚构）", Kind.COURT),
    Place("auditor", "示例会计师事务所（虚构）", Kind.AUDITOR),
)
AGENCIES = ("agency", "agency_2")


@dataclass(frozen=True, slots=True)
class Seat:
    """One fictitious person: `number` tells those of one role apart, and the first has none in his login."""

    role: Role
    code: str
    number: int = 1

    @property
    def login(self) -> str:
        more = "" if self.number == 1 else f"-{self.number}"
        return f"{self.role.replace('_', '-')}{more}@{DOMAIN}"

    @property
    def display_name(self) -> str:
        return f"示例{ROLES[self.role].label.zh}{'甲乙丙'[self.number - 1]}"


def _first_place(role: Role) -> str:
    return next(place.code for place in PLACES if place.kind == ROLES[role].kind)


SEATS = (
    *(Seat(role, _first_place(role)) for role in Role),
    # Two pairs of eyes: a large grant, an order, an application each need a second person.
    Seat(Role.LEGAL_OFFICER, "lender", 2), Seat(Role.JUDGE, "court", 2), Seat(Role.OPERATOR, "operator", 2),
    Seat(Role.COLLECTION_AGENT, "agency", 2), Seat(Role.COLLECTION_AGENT, "agency_2", 3), Seat(Role.AGENCY_SUPERVISOR, "agency_2", 2),
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody, by place and by login."""

    places: Mapping[str, Organisation]
    people: Mapping[str, Person]

    def viewer(self, role: Role, number: int = 1) -> Viewer:
        """The person in this role, at his organisation."""
        seat = next(each for each in SEATS if (each.role, each.number) == (role, number))
        held = list(live_memberships(self.people[seat.login]))
        return viewer_at(next(each for each in held if each.organisation_id == self.places[seat.code].pk), held)


def provide_cast(keyring: Keyring, *, lender: Organisation | None, issuer: str, now: datetime) -> Cast:
    """Make who is missing. `lender`: an organisation that becomes the fictitious lender unless there is one. `issuer`: the test provider's.

    Raises accounts.errors.ProviderUnusable when the provider does not answer.
    """
    places = {place.code: provide_organisation(place, lender, now) for place in PLACES}
    people = {seat.login: _person(seat, places[seat.code], keyring, now) for seat in SEATS}
    for code in AGENCIES:
        _let_agents_in(places[code], issuer, now)
    if not keyring.settled:
        _give_to_all(places, people, keyring, now)
    return Cast(places, people)


def provide_organisation(place: Place, lender: Organisation | None, now: datetime) -> Organisation:
    """The organisation with the place's reserved credit code; made when it is missing, or of `lender` when it is the lender's place."""
    found = Organisation.objects.filter(credit_code=CODES[place.code]).first()
    if found is None and place.kind == Kind.OPERATOR:
        # There is one operator; a bootstrap of the developer's own was faster, and stays as it is.
        found = Organisation.objects.filter(kind=Kind.OPERATOR).first()
    if found is not None:
        return found
    with transaction.atomic():
        made = (lender if place.code == "lender" else None) or create_organisation(place.name, now=now, kind=place.kind)
        number = list(CODES).index(place.code) + 1
        describe_organisation(
            made, credit_code=CODES[place.code], contact_email=f"{place.code.replace('_', '-')}@{DOMAIN}",
            contact_phone=PHONE.format(number=number), now=now)
    return Organisation.objects.get(pk=made.pk)


def _person(seat: Seat, where: Organisation, keyring: Keyring, now: datetime) -> Person:
    found = person_named(seat.login)
    if found is not None:
        return found
    invitee = Invitee(seat.login, seat.display_name, seat.role, licence_number="19901200000000000", certificate_number="示例000001")
    with transaction.atomic():
        person = accept_as_new_person(invite(where, invitee, by=None, now=now)[1], password=keyring.password, now=now)
        _give_app(person, seat.role, keyring, now)
    return person


def _give_app(person: Person, role: Role, keyring: Keyring, now: datetime) -> None:
    """The authenticator app, for those who carry one; an agent's workstation stands in for it."""
    if role not in BY_WORKSTATION:
        TOTP.activate(person, keyring.secret)
        note_about(person, Event.FACTOR_SET_UP, at=now, detail="totp")


def _give_to_all(places: Mapping[str, Organisation], people: Mapping[str, Person], keyring: Keyring, now: datetime) -> None:
    """Whoever has another password than the keyring's gets a link as from a command, and follows it."""
    for seat in SEATS:
        person = people[seat.login]
        if person.check_password(keyring.password):
            continue
        held = Membership.objects.filter(person=person, organisation=places[seat.code], until=None).first()
        with suppress(ElsewhereToo), transaction.atomic():  # a developer gave him another role somewhere, and may keep him
            made = None if held is None else invite_back(places[seat.code], held.pk, by=None, now=now)
            if made is not None:
                accept_back(made[1], password=keyring.password, now=now)
                _give_app(person, seat.role, keyring, now)


def _let_agents_in(agency: Organisation, issuer: str, now: datetime) -> None:
    """By the test identity provider, from this machine."""
    if not SignInRules.objects.filter(organisation=agency).exists():
        set_rules(agency, networks=WORKSTATIONS, idle_minutes=str(SignInRules.IDLE_MINUTES), now=now)
    if not IdentityProvider.objects.filter(organisation=agency, issuer=issuer).exists():
        set_provider(agency, issuer=issuer, client_id=CLIENT_ID, secret=CLIENT_SECRET, now=now)
