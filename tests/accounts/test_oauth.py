"""OAuth client credentials: RFC 6749's answers, tokens that the database cannot give away, and ends that bite at once."""
import base64
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.apps import apps
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from accounts.api.authentication import viewer_of_key
from accounts.api.failures import FAILURES_PER_MINUTE
from accounts.models import ApiKey, Organisation
from accounts.permissions import Act
from accounts.scopes import Scope
from accounts.selectors import credential_for
from accounts.services import change_status, client_id_of, create_organisation, issue_api_key, issue_client, revoke_api_key
from accounts.signing_keys import forget_expired
from tests.depositing import deposit_body, document

DAY = timedelta(days=1)
FORM = "application/x-www-form-urlencoded"
GRANT = {"grant_type": "client_credentials"}
READ_AND_WRITE = [Scope.EVIDENCE_READ, Scope.EVIDENCE_WRITE]


def make_client(scopes: list[Scope] = READ_AND_WRITE) -> tuple[ApiKey, dict[str, str]]:
    now = timezone.now()
    key, secret = issue_client(create_organisation("甲", now=now), label="对接系统", now=now, valid_for=DAY, scopes=scopes)
    return key, {"client_id": client_id_of(key), "client_secret": secret}


def ask(body: dict[str, str] | str, *, basic: str | None = None, path: str = "/oauth/token", kind: str = FORM) -> Any:
    headers = {} if basic is None else {"Authorization": basic}
    data = body if isinstance(body, str) else urlencode(body)
    return Client(raise_request_exception=False).post(path, data, content_type=kind, headers=headers)


def basic_of(shown: dict[str, str]) -> str:
    return "Basic " + base64.b64encode(f"{quote(shown['client_id'])}:{quote(shown['client_secret'])}".encode()).decode()


def reading(token: str) -> Any:
    return Client(raise_request_exception=False).get("/api/v1/evidence", headers={"Authorization": f"Bearer {token}"})


def test_a_client_gets_a_token_by_header_or_body_and_deposits_under_its_own_name(service: str) -> None:
    key, shown = make_client()
    told: dict[str, Any] = {}
    for answer in (ask(GRANT, basic=basic_of(shown)), ask({**GRANT, **shown})):
        told = answer.json()
        assert (answer.status_code, answer["Cache-Control"], answer["Pragma"]) == (200, "no-store", "no-cache")
        assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 600, "evidence:write evidence:read")
        assert set(told) == {"access_token", "token_type", "expires_in", "scope"}
    data, kind = deposit_body(document(), b"by a client")
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    made: Any = Client().post("/api/v1/evidence", data, content_type=kind, headers=headers)
    assert made.status_code == 201
    assert reading(told["access_token"]).json()["records"][0]["record"] == made.json()["records"][0]["record"]
    found = credential_for(told["access_token"], now=timezone.now())
    assert found is not None
    assert viewer_of_key(found).actor == f"api_key:{key.pk}"
    assert ApiKey.objects.get().last_used_at is not None


def test_a_token_may_ask_for_less_than_its_client_has_and_never_for_more(service: str) -> None:
    _, shown = make_client()
    less = ask({**GRANT, **shown, "scope": "evidence:write"}).json()
    assert less["scope"] == "evidence:write"
    assert (reading(less["access_token"]).status_code, reading(less["access_token"]).json()["scope"]) == (403, "evidence:read")
    for scope in ("evidence:write packages:fetch", "root", "evidence:write  evidence:READ"):
        refused = ask({**GRANT, **shown, "scope": scope})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert AccessToken.objects.count() == 1


def test_nothing_in_the_database_is_a_usable_token_or_secret(service: str) -> None:
    key, shown = make_client()
    token = ask({**GRANT, **shown}).json()["access_token"]
    assert re.fullmatch(r"czt_[A-Za-z0-9_-]{43}", token), "256 random bits"
    for model in apps.get_models():
        for row in model._default_manager.values():
            text = json.dumps(row, default=lambda value: value.hex() if isinstance(value, bytes | memoryview) else str(value))
            assert token not in text
            assert token.removeprefix("czt_") not in text
            assert shown["client_secret"] not in text
    row = AccessToken.objects.get()
    for stored in (row.token, row.token_checksum, f"czt_{row.token_checksum}", f"cz_{key.prefix}_{bytes(key.secret_sha256).hex()}"):
        assert credential_for(stored, now=timezone.now()) is None
    assert RefreshToken.objects.count() == 0


def test_a_secret_is_good_for_its_own_way_only(service: str) -> None:
    now = timezone.now()
    key, shown = make_client()
    assert reading(f"{shown['client_id']}_{shown['client_secret']}").status_code == 401
    plain, text = issue_api_key(key.organisation, label="x", now=now, valid_for=DAY)
    assert ask({**GRANT, "client_id": f"cz_{plain.prefix}", "client_secret": text.split("_", 2)[2]}).status_code == 401


@pytest.mark.parametrize(("body", "status", "error"), [
    ({}, 400, "invalid_request"), ({"grant_type": "password", "username": "a", "password": "b"}, 400, "unsupported_grant_type"),
    ({"grant_type": "authorization_code", "code": "x"}, 400, "unsupported_grant_type"),
    ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "unsupported_grant_type"),
    ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"}, 400, "unsupported_grant_type"),
    (GRANT, 401, "invalid_client"), ({**GRANT, "client_id": "cz_00000000", "client_secret": "x"}, 401, "invalid_client"),
    ({**GRANT, "client_id": "\0", "client_secret": "é\0"}, 401, "invalid_client"),
    ({**GRANT, "client_id": "cz_00000000"}, 401, "invalid_client"),
    ("grant_type=client_credentials&grant_type=client_credentials", 400, "invalid_request"),
    ("grant_type=%zz%ff&client_id=%00", 400, "unsupported_grant_type"),
])
def test_refusals_speak_rfc_6749(body: dict[str, str] | str, status: int, error: str, service: str) -> None:
    answer = ask(body)
    assert (answer.status_code, answer.json()["error"], answer["Content-Type"]) == (status, error, "application/json")
    assert answer["Cache-Control"] == "no-store"
    assert ("WWW-Authenticate" in answer) == (status == 401)


def test_how_a_request_may_not_look(service: str) -> None:
    _, shown = make_client()
    right = {**GRANT, **shown}
    assert ask(right, path="/oauth/token?scope=evidence:read").json() == {"error": "invalid_request"}
    assert ask(json.dumps(right), kind="application/json").json() == {"error": "invalid_request"}
    assert ask(right, basic=basic_of(shown)).status_code == 401, "two ways at once"
    strange = "Basic " + base64.b64encode(b"\xff\xfe").decode()
    for basic in ("Basic", "Basic !!!!", strange, "Bearer x", basic_of({**shown, "client_secret": "x"})):
        assert ask(GRANT, basic=basic).status_code == 401, basic
    got: Any = Client().get("/oauth/token")
    assert (got.status_code, got["Allow"], got.json()["code"]) == (405, "POST", "method-not-allowed")
    for absent in ("/oauth/authorize", "/oauth/introspect", "/oauth/revoke_token", "/oauth/applications", "/oauth/device", "/oauth/token/"):
        assert Client().get(absent).status_code == 404, absent
    assert AccessToken.objects.count() == 0


def test_ends_bite_at_once(service: str) -> None:
    key, shown = make_client()
    token = ask({**GRANT, **shown}).json()["access_token"]
    change_status(key.organisation, to=Organisation.Status.SUSPENDED, now=timezone.now())
    assert (reading(token).status_code, reading(token).json()["code"]) == (403, "organisation-not-active")
    refused = ask({**GRANT, **shown})
    assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")
    change_status(Organisation.objects.get(), to=Organisation.Status.ACTIVE, now=timezone.now())
    assert reading(token).status_code == 200
    now = timezone.now()
    assert credential_for(token, now=now + timedelta(seconds=599)) is not None
    assert credential_for(token, now=now + timedelta(seconds=601)) is None
    revoke_api_key(key, now=now)
    assert reading(token).status_code == 401
    assert ask({**GRANT, **shown}).status_code == 401
    forget_expired(now=now + timedelta(seconds=300))
    assert AccessToken.objects.count() == 1
    forget_expired(now=now + timedelta(seconds=700))
    assert AccessToken.objects.count() == 0


def test_an_expired_client_gets_nothing(service: str) -> None:
    key, shown = make_client()
    ApiKey.objects.update(created_at=key.created_at - 2 * DAY, expires_at=timezone.now())
    assert ask({**GRANT, **shown}).status_code == 401


def test_failures_are_counted_by_address_and_keep_nobody_else_out(service: str) -> None:
    key, shown = make_client()
    right = issue_api_key(key.organisation, label="x", now=timezone.now(), valid_for=DAY)[1]
    last = ask({**GRANT, **shown, "client_secret": "x"})
    for _ in range(2):  # two minutes may be met
        for _ in range(FAILURES_PER_MINUTE // 2 + 1):
            reading("cz_00000000_" + "x" * 43)
            last = ask({**GRANT, **shown, "client_secret": "x"})
    assert (last.status_code, last.json()["error"]) == (429, "invalid_client")
    assert 1 <= int(last["Retry-After"]) <= 60
    refused = reading("cz_00000000_" + "x" * 43)
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
    elsewhere: Any = Client(REMOTE_ADDR="192.0.2.9").get("/api/v1/evidence", headers={"Authorization": "Bearer x"})
    assert elsewhere.status_code == 401
    assert (reading(right).status_code, ask({**GRANT, **shown}).status_code) == (200, 200)
    cache.clear()


def test_another_organisations_token_is_its_own(service: str) -> None:
    _, first = make_client()
    token = ask({**GRANT, **first}).json()["access_token"]
    key, text = issue_api_key(create_organisation("乙", now=timezone.now()), label="x", now=timezone.now(), valid_for=DAY)
    data, kind = deposit_body(document(), b"another's")
    made: Any = Client().post("/api/v1/evidence", data, content_type=kind, headers={"Authorization": f"Bearer {text}"})
    answer: Any = Client().get(f"/api/v1/evidence/{made.json()['records'][0]['record']}", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, Act.DEPOSIT in viewer_of_key(key).acts) == (404, True)
