"""Signed requests at the API: signed by the public package, refused by reason, never twice, and bound to the organisation of the key."""
import hashlib
import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.errors import PublicKeyTaken
from accounts.models import ApiKey, Organisation, SignatureNonce
from accounts.scopes import Scope
from accounts.services import client_id_of, create_organisation, issue_api_key, issue_client
from accounts.signing_keys import forget_expired, register_signing_key, revoke_signing_key
from evidence.models import Evidence
from tests.accounts.signers import Message, Private, content_digest, new_private, pem_of, signed
from tests.databases import ROOT
from tests.depositing import batch, deposit_body, document

DAY = timedelta(days=1)
LIST = "/api/v1/evidence"


class Machine:
    """An organisation's system with a key that must sign, and a private key whose public half is registered."""

    def __init__(self, name: str, kind: str = "ed25519", *, must_sign: bool = True) -> None:
        now = timezone.now()
        self.organisation: Organisation = create_organisation(name, now=now)
        self.text = issue_api_key(self.organisation, label="x", now=now, valid_for=DAY, must_sign=must_sign)[1]
        self.private: Private = new_private(kind)
        self.key = register_signing_key(self.organisation, pem_of(self.private), label="x", by=None, now=now)

    def message(self, method: str, path: str, body: bytes = b"", private: Private | None = None, **told: Any) -> Message:
        message = Message(method, settings.PUBLIC_URL + path, {"Authorization": f"Bearer {self.text}"}, body)
        return signed(private or self.private, message, **told)


def send(message: Message, *, kind: str = "application/json", body: bytes | None = None, path: str | None = None) -> Any:
    target = path or message.url.removeprefix(settings.PUBLIC_URL)
    sent = message.body if body is None else body
    client = Client(raise_request_exception=False)
    return client.generic(message.method, target, sent, kind if sent else "", headers=message.headers)


def reason_of(answer: Any) -> str:
    told = answer.json()
    assert (answer.status_code, told["code"], answer["WWW-Authenticate"]) == (401, "signature-invalid", "Bearer")
    assert told["reason"] in told["detail"]
    return str(told["reason"])


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa-p256-sha256"])
def test_what_is_signed_passes_once_by_key_and_by_token(kind: str, service: str) -> None:
    machine = Machine("甲", kind)
    message = machine.message("GET", LIST)
    assert send(message).status_code == 200
    assert reason_of(send(message)) == "replayed"
    made = send(machine.message("POST", f"{LIST}/batch", json.dumps(batch(1)).encode()))
    assert made.status_code == 201
    client, secret = issue_client(
        machine.organisation, label="x", now=timezone.now(), valid_for=DAY, scopes=[Scope.EVIDENCE_READ], must_sign=True)
    form = {"grant_type": "client_credentials", "client_id": client_id_of(client), "client_secret": secret}
    token: Any = Client().post("/oauth/token", urlencode(form), "application/x-www-form-urlencoded")
    machine.text = token.json()["access_token"]
    assert send(machine.message("GET", LIST)).status_code == 200
    assert reason_of(Client().get(LIST, headers={"Authorization": f"Bearer {machine.text}"})) == "missing"


def test_each_fault_has_its_reason_and_nothing_is_written(service: str) -> None:
    machine, other = Machine("甲"), Machine("乙")
    body = json.dumps(batch(1)).encode()
    path, now = f"{LIST}/batch", datetime.now(UTC)

    def post(**told: Any) -> Message:
        return machine.message("POST", path, body, **told)

    def without(message: Message, name: str) -> Message:
        del message.headers[name]
        return message

    sha1 = post()
    sha1.headers["Content-Digest"] = "sha=:AAAA:"
    faults: dict[str, tuple[Callable[[], Any], str]] = {
        "unsigned": (lambda: send(Message("POST", "", {"Authorization": f"Bearer {machine.text}"}, body), path=path), "missing"),
        "no signature": (lambda: send(without(post(), "Signature")), "missing"),
        "no input": (lambda: send(without(post(), "Signature-Input")), "missing"),
        "garbage": (lambda: send(Message("GET", "", {**post().headers, "Signature": "x"}), path=LIST), "malformed"),
        "another method": (lambda: send(Message("GET", "", machine.message("HEAD", LIST).headers), path=LIST), "wrong"),
        "another query": (lambda: send(machine.message("GET", LIST), path=f"{LIST}?cursor=x"), "wrong"),
        "another path": (lambda: send(machine.message("GET", LIST), path="/api/v1/webhooks"), "wrong"),
        "body not covered": (lambda: send(machine.message("POST", path), body=body), "body-not-covered"),
        "digest field gone": (lambda: send(without(post(), "Content-Digest")), "digest"),
        "digest of no use": (lambda: send(sha1), "digest"),
        "old": (lambda: send(post(at=now - timedelta(seconds=302))), "time"),
        "early": (lambda: send(post(at=now + timedelta(seconds=310))), "time"),
        "another's key": (lambda: send(post(private=other.private)), "key-unknown"),
        "nobody's key": (lambda: send(post(private=new_private("ed25519"))), "key-unknown"),
        "another algorithm": (
            lambda: send(post(private=new_private("ecdsa-p256-sha256"), key_id=machine.key.thumbprint)), "algorithm"),
        "another's signature": (lambda: send(post(private=new_private("ed25519"), key_id=machine.key.thumbprint)), "wrong"),
        "unknown component": (
            lambda: send(post(covered_component_ids=["@method", "@target-uri", "@authority", "content-digest"])), "components"),
        "tag": (lambda: send(post(tag="x")), "parameters"),
    }
    assert {name: reason_of(ask()) for name, (ask, _) in faults.items()} == {name: reason for name, (_, reason) in faults.items()}
    changed = send(post(), body=body.replace(b"LN", b"XX"))
    assert (changed.status_code, changed.json()["code"]) == (400, "content-digest-mismatch")
    assert Evidence.objects.count() == 0
    assert ApiKey.objects.get(organisation=other.organisation).last_used_at is None


def test_a_signature_of_another_organisations_credential_is_nothing(service: str) -> None:
    """Whoever holds another's secret cannot sign for him with his own key, nor send on what the other signed for himself."""
    first, second = Machine("甲"), Machine("乙")
    stolen = second.message("GET", LIST)
    stolen.headers["Authorization"] = f"Bearer {first.text}"
    assert reason_of(send(stolen)) == "key-unknown"


def test_a_signature_is_judged_also_where_none_is_asked_for(service: str) -> None:
    machine = Machine("甲", must_sign=False)
    headers = {"Authorization": f"Bearer {machine.text}"}
    plain: Any = Client().get(LIST, headers=headers)
    assert plain.status_code == 200
    assert reason_of(send(machine.message("GET", LIST, private=new_private("ed25519")))) == "key-unknown"


def test_an_upload_is_signed_by_the_digest_of_its_whole_body(service: str) -> None:
    """The digest is compared when the last byte has come, and before the deposit: what differs is refused, and its originals are gone."""
    machine = Machine("甲")
    body, kind = deposit_body(document(), b"a recording" * 100_000)
    vault = settings.VAR_DIR / "vault"
    changed = send(machine.message("POST", LIST, body), kind=kind, body=body.replace(b"a recording", b"a recordinG", 1))
    unlike = send(machine.message("POST", LIST, body), kind=kind, body=body[:-40] + b"X" + body[-39:])
    assert {answer.status_code for answer in (changed, unlike)} == {400}
    assert (Evidence.objects.count(), [file for file in vault.rglob("*") if file.is_file()]) == (0, [])
    assert send(machine.message("POST", LIST, body), kind=kind).status_code == 201


def test_of_two_requests_at_once_with_one_nonce_one_passes(service: str) -> None:
    machine = Machine("甲")
    message, statuses, start = machine.message("GET", LIST), [], threading.Barrier(4)

    def ask() -> None:
        start.wait()
        statuses.append(send(message).status_code)
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 401, 401, 401]


def test_a_revoked_key_signs_nothing_and_never_comes_back(service: str) -> None:
    machine = Machine("甲")
    revoke_signing_key(machine.key, now=timezone.now(), by=None)
    assert reason_of(send(machine.message("GET", LIST))) == "key-unknown"
    with pytest.raises(PublicKeyTaken):
        register_signing_key(machine.organisation, pem_of(machine.private), label="x", by=None, now=timezone.now())
    elsewhere = create_organisation("丙", now=timezone.now())
    assert register_signing_key(elsewhere, pem_of(machine.private), label="x", by=None, now=timezone.now()).pk


def test_a_nonce_is_forgotten_when_its_signature_is_too_old_and_not_before(service: str) -> None:
    machine = Machine("甲")
    assert send(machine.message("GET", LIST)).status_code == 200
    used = SignatureNonce.objects.get()
    forget_expired(now=used.expires_at - timedelta(milliseconds=1))
    assert SignatureNonce.objects.count() == 1
    forget_expired(now=used.expires_at + timedelta(milliseconds=1))
    assert SignatureNonce.objects.count() == 0


def test_the_worked_example_of_the_page_signs_a_request_that_passes(service: str) -> None:
    page = (ROOT / "docs/api/machines.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.+?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/api/machines.md", "exec"), names)
    machine = Machine("甲")
    body = json.dumps(batch(1)).encode()
    url = f"{settings.PUBLIC_URL}{LIST}/batch"
    headers = names["signed_headers"](machine.private, machine.key.thumbprint, "POST", url, body)
    assert headers["Content-Digest"] == content_digest(body)
    made = send(Message("POST", url, {**headers, "Authorization": f"Bearer {machine.text}"}, body))
    assert (made.status_code, Evidence.objects.count()) == (201, 1)
    listed = names["signed_headers"](machine.private, machine.key.thumbprint, "GET", settings.PUBLIC_URL + LIST)
    assert send(Message("GET", settings.PUBLIC_URL + LIST, {**listed, "Authorization": f"Bearer {machine.text}"})).status_code == 200


def test_the_answer_to_a_wrong_signature_says_nothing_of_the_key(service: str) -> None:
    machine = Machine("甲")
    answer = send(machine.message("GET", LIST, private=new_private("ed25519")))
    assert machine.key.thumbprint not in answer.content.decode()
    assert hashlib.sha256(machine.text.encode()).hexdigest() not in answer.content.decode()
