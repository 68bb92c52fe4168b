"""Who gets an answer on which page: every route and method of people × every role, and × own, another's and no organisation.

The table is `tests.api.page_table`; a route or a method without a row there fails. What of whose cases and records stands on pages and
what is changed by forms is `tests/test_isolation.py`'s.
"""
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.joining import Invitee, invite
from accounts.models import ApiKey, Organisation, Person, WorkstationFactor
from accounts.permissions import ROLES, Act, Kind, Role, invited_by_operator, roles_of
from accounts.signing_keys import register_signing_key
from cases.roots import ACCEPTING
from notifications.models import WebhookEndpoint, WebhookSecret
from tests.accounts.people import Browser, make_organisation, make_person, membership_of, signed_in
from tests.accounts.signers import new_private, pem_of
from tests.api.page_table import PEOPLE, PUBLIC, Page
from tests.api.test_routes import API, FILLED, METHODS, UNKNOWN, routes

NOWHERE = "0" * 32
FORM = (b"x=1", "application/x-www-form-urlencoded")
# What ends a membership comes last, for it is the one that the others are about.
IN_ORGANISATION = sorted((path for path in PEOPLE if path.startswith("/organisations/{ref}")), key=lambda path: path.endswith("/end"))


@dataclass
class Place:
    """An organisation with something of every kind that an address may name."""

    ref: str
    membership_id: int
    invitation_id: int
    key_id: int
    webhook: str = NOWHERE

    def address(self, path: str) -> str:
        names = {"{ref}": self.ref, "{membership_id}": self.membership_id, "{invitation_id}": self.invitation_id, "{key_id}": self.key_id,
                 "{replacement_id}": 10**9, "{webhook}": self.webhook}
        for name, value in names.items():
            path = path.replace(name, str(value))
        return path


def make_place(kind: Kind, name: str) -> tuple[Organisation, Place]:
    organisation = make_organisation(kind, name)
    role = roles_of(kind)[0]
    member = make_person(f"member-{organisation.pk}", role, organisation)
    invitee = Invitee(f"next-{organisation.pk}", "名", role, "1", "1")
    invitation, _ = invite(organisation, invitee, by=None, now=timezone.now())
    signing = register_signing_key(organisation, pem_of(new_private("ed25519")), label="x", by=None, now=timezone.now())
    values = {"prefix": f"p{organisation.pk}", "secret_sha256": b"d" * 32, "label": "x", "created_at": timezone.now()}
    ApiKey.objects.create(  # under the id of the signing key, so that both routes have something to be kept from
        pk=signing.pk, organisation=organisation, expires_at=timezone.now() + timedelta(days=1), **values)
    factor = Authenticator.objects.create(user=member, type=Authenticator.Type.WEBAUTHN, data={"name": "一号工位"})
    WorkstationFactor.objects.create(pk=signing.pk, organisation=organisation, authenticator=factor, registered_at=timezone.now())
    webhook = WebhookEndpoint.objects.create(
        ref=f"{organisation.pk:032x}", organisation=organisation, url="https://x.example/", created_at=timezone.now())
    WebhookSecret.objects.create(endpoint=webhook, sealed=b"x", created_at=timezone.now())
    return organisation, Place(organisation.ref, membership_of(member).pk, invitation.pk, signing.pk, webhook.ref)


def send(client: Client, path: str, place: Place) -> set[int]:
    """The statuses of asking by each of the route's methods; what it would change is named so that nothing is changed."""
    return {client.generic(method, place.address(path), *FORM).status_code for method in PEOPLE[path].methods}


@pytest.mark.parametrize("role", Role)
def test_pages_of_an_organisation_are_its_own_managers_and_nobody_elses(role: Role, database: str) -> None:
    """Own organisation: an answer or 403; every other, and one that is not there: 404. The operator sees managers everywhere."""
    kind = ROLES[role].kind
    own, at_home = make_place(kind, "甲")
    _, abroad = make_place(Kind.COURT if kind != Kind.COURT else Kind.LENDER, "乙")
    client = signed_in(make_person("visitor", role, own))
    manages = Act.MANAGE_MEMBERS in ROLES[role].acts
    for path in IN_ORGANISATION:
        for nowhere in (NOWHERE, "%00", NOWHERE[:-1] + "\0", "'"):
            assert send(client, path, Place(nowhere, 10**9, 10**9, 10**9)) == {404}, path
        if role == Role.OPERATOR:
            continue
        assert send(client, path, abroad) == {404}, path
        # An organisation without a provider has none to remove; a secret is not changed by who saw none.
        expected = ({404} if path.endswith("/remove") else {409} if path.endswith("/secret") else {200, 302, 422}) if manages else {403}
        assert send(client, path, at_home) <= ({404} if PEOPLE[path].who == "operator" else expected), path


def test_the_operator_reaches_others_only_where_their_managers_are_concerned(database: str) -> None:
    _, court = make_place(Kind.COURT, "乙")
    client = signed_in(make_person("ops", Role.OPERATOR))
    # The court's only member and link are a judge's: not the operator's to see.
    found = {path: send(client, path, court) for path in IN_ORGANISATION}
    not_found = {
        "/organisations/{ref}/status", "/organisations/{ref}/administrator/{replacement_id}/confirm",
        "/organisations/{ref}/administrator/{replacement_id}/withdraw", "/organisations/{ref}/invitations/{invitation_id}/withdraw",
        "/organisations/{ref}/members/{membership_id}/end", *(path for path in IN_ORGANISATION if PEOPLE[path].who == "own")}
    assert found == {
        "/organisations/{ref}/details": {200, 302}, "/organisations/{ref}/members": {200}, "/organisations/{ref}/administrator": {200, 422},
        "/organisations/{ref}/activate": {409}, "/organisations/{ref}/review": {409}, "/organisations/{ref}/invitations": {422},
        **{path: {404} for path in not_found},
    }


# Of whoever is signed in already, or has what is set up there, these want nothing, and send him away before they look at the method.
SENT_AWAY = {"/sign-in", "/sign-in/second-factor", "/sign-in/passkey", "/account/second-factor/app", "/account/confirm/passkey"}
# They end the session, or take away what it was proven by.
ENDING = ("/account/", "/sign-out")
# There for one kind of organisation alone, whatever acts other kinds have.
# What lies on a law firm's docket is what it was granted.
WITH_DOCKET = {*ACCEPTING, Kind.LAW_FIRM}
ONLY_FOR = {"/docket": WITH_DOCKET, "/docket/{ref}/cases": WITH_DOCKET, "/orders": {Kind.COURT}, "/orders/{ref}/cases": {Kind.COURT}}


def nothing_there(path: str) -> str:
    """An address of this route that names nothing."""
    address = path.replace("{number}", UNKNOWN)
    for name, value in {**FILLED, **dict.fromkeys(("{session_id}", "{membership_id}", "{key_id}"), str(10**9))}.items():
        address = address.replace(name, value)
    return address


def test_every_route_and_method_has_a_row_and_every_row_a_route(service: str) -> None:
    table = {**PEOPLE, **PUBLIC}
    outside = {path for path, _ in routes() if not path.startswith(API)}
    assert outside == set(table)
    person = make_person("visitor", Role.AUDITOR)
    client = signed_in(person)
    found: dict[str, set[str]] = {path: set() for path in outside}
    for path in sorted(outside):
        for method in METHODS:
            answer = client.generic(method, nothing_there(path), *FORM)
            answer.close()
            if path.startswith(ENDING):
                signed_in(person, client)
            away = path in SENT_AWAY and answer.status_code == 302 and method not in table[path].methods
            found[path] |= set() if answer.status_code == 405 or away else {method}
    assert found == {path: set(page.methods) for path, page in table.items()}


@pytest.mark.parametrize("role", Role)
def test_every_page_by_every_method_is_for_those_whom_its_row_names(role: Role, service: str) -> None:
    """About nothing that there is: an answer, a refused form, or not found; but to whom the row does not name 403, or 404 always."""
    person = make_person("visitor", role)
    client = signed_in(person)
    for path, page in PEOPLE.items():
        for method in page.methods:
            answer = client.generic(method, nothing_there(path), *FORM)
            answer.close()
            assert answer.status_code in answers_to(path, page, role), (path, method, answer.status_code)
            if path.startswith(ENDING):
                signed_in(person, client)


def answers_to(path: str, page: Page, role: Role) -> set[int]:
    anything, kind = {200, 302, 303, 404, 409, 413, 422}, ROLES[role].kind
    if page.who == "operator":
        return anything if kind == Kind.OPERATOR else {404}
    if page.who in ("own", "managers"):
        return {404}
    if page.who == "administrator":
        return anything if role in invited_by_operator(kind) else {403}
    if isinstance(page.who, str):
        return anything
    if page.who.isdisjoint(ROLES[role].acts):
        return {403}
    return anything if kind in ONLY_FOR.get(path, Kind) else {404}


def nobody(_person: Person) -> Client:
    return Client(raise_request_exception=False)


def with_password_only(person: Person) -> Client:
    browser = Browser(person.login)
    browser.give_password()
    return browser.client


def ended(person: Person) -> Client:
    client = signed_in(person)
    person.deactivated_at = timezone.now()
    person.save()
    return client


@pytest.mark.parametrize("visitor", [nobody, with_password_only, ended])
def test_whoever_is_not_signed_in_with_both_factors_sees_nothing_of_anybody(visitor: Callable[[Person], Client], database: str) -> None:
    own, place = make_place(Kind.LENDER, "保密机构")
    client = visitor(make_person("visitor", Role.LENDER_ADMIN, own))
    to_set_up = {"/account/second-factor", "/account/second-factor/app", "/account/second-factor/passkeys/add"}
    for path, page in PEOPLE.items():
        if page.who == "anyone" or path == "/sign-out":
            continue
        address = place.address(re.sub(r"\{(pk|session_id|paper_id|position|part)\}", "1", path))
        for method in (client.get, client.post):
            answer = method(address)
            assert "保密机构" not in answer.content.decode()
            if visitor is with_password_only and path in to_set_up:
                continue
            assert answer.status_code in (302, 403, 405), (path, answer.status_code)
            if answer.status_code == 302:
                assert answer["Location"].partition("?")[0] in ("/sign-in", "/account/second-factor"), (path, answer["Location"])
