"""Who gets an answer on which page: every route of people × methods × kinds of visitor × own, another's and no organisation.

The table is `tests.api.test_routes.PEOPLE`, which fails when a route has no row there.
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
from accounts.permissions import ROLES, Act, Kind, Role, roles_of
from accounts.signing_keys import register_signing_key
from notifications.models import WebhookEndpoint, WebhookSecret
from tests.accounts.people import Browser, make_organisation, make_person, membership_of, signed_in
from tests.accounts.signers import new_private, pem_of
from tests.api.test_routes import PEOPLE

NOWHERE = "0" * 32
POST_ONLY = (
    "/status", "/activate", "/review", "/confirm", "/approve",
    "/invitations", "/withdraw", "/end", "/renew", "/keys/new", "/signing-keys", "/revoke", "/provider", "/remove",
    "/webhooks/new", "/secret", "/test", "/delete")
IN_ORGANISATION = [path for path in PEOPLE if path.startswith("/organisations/{ref}")]


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


def send(client: Client, path: str, place: Place) -> int:
    """The status of asking by the route's own method; what it would change is named so that nothing is changed."""
    address = place.address(path)
    return client.post(address).status_code if path.endswith(POST_ONLY) else client.get(address).status_code


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
            assert send(client, path, Place(nowhere, 10**9, 10**9, 10**9)) == 404, path
        if role == Role.OPERATOR:
            continue
        assert send(client, path, abroad) == 404, path
        # An organisation without a provider has none to remove; a secret is not changed by who saw none.
        expected = ({404} if path.endswith("/remove") else {409} if path.endswith("/secret") else {200, 302, 422}) if manages else {403}
        assert send(client, path, at_home) in ({404} if PEOPLE[path] == "operator" else expected), path


def test_the_operator_reaches_others_only_where_their_managers_are_concerned(database: str) -> None:
    _, court = make_place(Kind.COURT, "乙")
    client = signed_in(make_person("ops", Role.OPERATOR))
    # The court's only member and link are a judge's: not the operator's to see.
    found = {path: send(client, path, court) for path in IN_ORGANISATION}
    assert found == {
        "/organisations/{ref}/details": 200, "/organisations/{ref}/status": 404, "/organisations/{ref}/members": 200,
        "/organisations/{ref}/activate": 409, "/organisations/{ref}/review": 409,
        "/organisations/{ref}/invitations": 422, "/organisations/{ref}/administrator": 200,
        "/organisations/{ref}/administrator/{replacement_id}/confirm": 404,
        "/organisations/{ref}/administrator/{replacement_id}/withdraw": 404,
        "/organisations/{ref}/invitations/{invitation_id}/withdraw": 404, "/organisations/{ref}/members/{membership_id}/end": 404,
        **dict.fromkeys((path for path in IN_ORGANISATION if re.search("keys|webhooks|workstations", path)), 404),
        "/organisations/{ref}/members/{membership_id}/renew": 404, "/organisations/{ref}/sign-in": 404,
        "/organisations/{ref}/sign-in/provider": 404, "/organisations/{ref}/sign-in/provider/remove": 404,
    }


@pytest.mark.parametrize("act", [Act.READ_CASE, Act.FETCH])
def test_pages_of_cases_are_for_roles_that_may_and_know_no_case_of_another(act: Act, service: str) -> None:
    """Nothing of the visitor's own is there: a page without an address of a case answers, one with it is not found; others get 403."""
    who = {Act.READ_CASE: "reader", Act.FETCH: "fetcher"}[act]
    for role in Role:
        client = signed_in(make_person(f"visitor-{role}", role))
        for path in (path for path in PEOPLE if PEOPLE[path] == who):
            asked = client.post if path.endswith(("/export", "/package", "/notes")) else client.get
            found = 404 if "{ref}" in path else 422 if path == "/evidence/package" else 200
            answer = asked(path.replace("{ref}", NOWHERE))
            assert answer.status_code == (found if act in ROLES[role].acts else 403), (role, path)
            answer.close()


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
    for path, who in PEOPLE.items():
        if who == "anyone" or path == "/sign-out":
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


def test_one_table_says_it_all() -> None:
    assert set(PEOPLE.values()) == {
        "anyone", "person", "manager", "own manager", "operator", "case keeper", "case reader", "depositor", "act", "reader",
        "fetcher"}
