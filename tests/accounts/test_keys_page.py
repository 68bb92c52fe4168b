"""The page of credentials: who makes and ends them, what is shown once, and that it works at the API."""
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.test import Client

from accounts.models import ApiKey, SigningKey
from accounts.permissions import Kind, Role
from accounts.scopes import SCOPES_OF, Scope
from tests.accounts.people import Browser, make_organisation, make_person, membership_of, signed_in
from tests.accounts.signers import described, new_private, pem_of

RIGHT = {"label": "对接系统", "way": "key", "days": "30", "scopes": ["evidence:read"]}


@pytest.fixture
def page(service: str) -> tuple[Client, str]:
    """An administrator's browser, and the address of his organisation's keys."""
    admin = make_person("admin@example.org", Role.LENDER_ADMIN)
    return signed_in(admin), f"/organisations/{membership_of(admin).organisation.ref}"


def secrets_on(answer: Any) -> list[str]:
    return re.findall(r'<code class="long">([^<]+)</code>', answer.content.decode())


def test_a_key_is_shown_once_works_and_ends(page: tuple[Client, str]) -> None:
    client, organisation = page
    made: Any = client.post(f"{organisation}/keys/new", RIGHT)
    assert (made.status_code, "no-store" in made["Cache-Control"]) == (200, True)
    assert 'value="对接系统"' not in made.content.decode(), "sent again by mistake, the form would make a second key"
    [text] = secrets_on(made)
    key = ApiKey.objects.get()
    assert (key.scopes, key.must_sign, key.created_by_id, (key.expires_at - key.created_at).days) == ("evidence:read", False, 1, 30)
    machine = Client(headers={"Authorization": f"Bearer {text}"})
    assert (machine.get("/api/v1/evidence").status_code, machine.get("/api/v1/webhooks").status_code) == (200, 403)
    listed: Any = client.get(f"{organisation}/keys")
    assert (text in listed.content.decode(), f"cz_{key.prefix}" in listed.content.decode()) == (False, True)
    client.post(f"{organisation}/keys/{key.pk}/revoke")
    assert machine.get("/api/v1/evidence").status_code == 401
    key.refresh_from_db()
    assert (key.revoked_at is not None, key.revoked_by_id) == (True, key.created_by_id)


def test_a_client_is_made_here_and_gets_its_token(page: tuple[Client, str]) -> None:
    client, organisation = page
    name, secret, address = secrets_on(client.post(f"{organisation}/keys/new", {**RIGHT, "way": "client", "must_sign": "1"}))
    assert (address, ApiKey.objects.get().must_sign) == (f"{settings.PUBLIC_URL}/oauth/token", True)
    form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
    told: Any = Client().post("/oauth/token", urlencode(form), "application/x-www-form-urlencoded")
    assert told.json()["scope"] == "evidence:read"


@pytest.mark.parametrize(("changes", "code"), [
    ({"label": ""}, "label-malformed"), ({"label": "x" * 101}, "label-malformed"), ({"scopes": []}, "scopes-unavailable"),
    ({"scopes": ["root", "evidence:read "]}, "scopes-unavailable"),
    *(({"days": days}, "expiry-out-of-range") for days in ("0", "401", "-1", "", "１", "9" * 5000)),
])
def test_what_is_typed_wrong_is_said_and_nothing_is_made(changes: dict[str, Any], code: str, page: tuple[Client, str]) -> None:
    client, organisation = page
    answer: Any = client.post(f"{organisation}/keys/new", {**RIGHT, **changes})
    assert (answer.status_code, code in answer.content.decode()) == (422, True)
    assert ('value="evidence:read" checked' in answer.content.decode()) == ("scopes" not in changes), "what was right stays typed"
    assert ApiKey.objects.count() == 0


def test_public_keys_are_registered_and_private_ones_refused_without_a_trace(page: tuple[Client, str]) -> None:
    client, organisation = page
    private = new_private("ecdsa-p256-sha256")
    form = {"label": "签名机", "public_key": pem_of(private)}
    assert client.post(f"{organisation}/signing-keys", form)["Location"] == f"{organisation}/keys"
    shown: Any = client.get(f"{organisation}/keys")
    assert described(private).thumbprint in shown.content.decode()
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    wrong = ((form["public_key"], 409, "public-key-taken"), (secret, 422, "private-key-given"), ("x", 422, "public-key-malformed"))
    for text, status, code in wrong:
        answer: Any = client.post(f"{organisation}/signing-keys", {**form, "public_key": text})
        assert (answer.status_code, code in answer.content.decode()) == (status, True)
        assert secret.splitlines()[1] not in answer.content.decode()
    unnamed: Any = client.post(f"{organisation}/signing-keys", {"public_key": pem_of(new_private("ed25519"))})
    assert (unnamed.status_code, SigningKey.objects.count()) == (422, 1)


def test_keys_ask_for_the_second_factor_again(service: str) -> None:
    """A session that is an hour old, and whoever sits at it, makes and ends nothing."""
    browser = Browser(make_person("admin@example.org", Role.LENDER_ADMIN).login).arrive()
    ref = membership_of(make_person("second@example.org", Role.LENDER_ADMIN)).organisation.ref
    assert browser.get(f"/organisations/{ref}/keys").status_code == 404
    session = browser.client.session
    session["account_authentication_methods"] = [{**each, "at": each["at"] - 3600} for each in session["account_authentication_methods"]]
    session["cunzheng_enrolled_at"] -= 3600
    session.save()
    for path in ("keys", "keys/new", "signing-keys"):
        answer = browser.get(f"/organisations/{ref}/{path}") if path == "keys" else browser.post(f"/organisations/{ref}/{path}", {})
        assert answer["Location"].startswith("/account/confirm"), path
    assert (ApiKey.objects.count(), SigningKey.objects.count()) == (0, 0)


def test_a_kind_without_scopes_is_told_so_and_a_form_made_by_hand_gives_none(service: str) -> None:
    operator = make_person("ops@example.org", Role.OPERATOR)
    client, ref = signed_in(operator), membership_of(operator).organisation.ref
    answer: Any = client.post(f"/organisations/{ref}/keys/new", {**RIGHT, "scopes": list(Scope)})
    assert (answer.status_code, "scopes-unavailable" in answer.content.decode(), ApiKey.objects.count()) == (422, True, 0)
    court = make_person("judge-admin@example.org", Role.COURT_ADMIN, make_organisation(Kind.COURT))
    page: Any = signed_in(court).get(f"/organisations/{membership_of(court).organisation.ref}/keys")
    offered = set(re.findall(r'name="scopes" value="([a-z:-]+)"', page.content.decode()))
    assert offered == SCOPES_OF[Kind.COURT]
