"""`/keys`: the operator's right to keys, asked and crossed: it sees who holds which until when, revokes one, and makes or reads none."""
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ApiKey, AuditEntry, Organisation
from accounts.permissions import ROLES, Act, Kind, Role
from accounts.services import issue_api_key
from accounts.signing_keys import register_signing_key
from ledger.receipts import receipt_vkey
from notifications.models import Notice
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.accounts.signers import new_private, pem_of
from tests.evidence.letting_in import operators
from tests.portal.pages import Page


@pytest.fixture
def lender(service: str) -> Organisation:
    return make_organisation(Kind.LENDER, "持钥机构")


def page_of(client: Client, path: str = "/keys", language: str = "zh-hans") -> Page:
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    return page


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_an_operator_sees_whose_keys_there_are_and_revokes_one_which_its_organisation_is_told(lender: Organisation, language: str) -> None:
    now, operator = timezone.now(), operators()[0]
    key, secret = issue_api_key(lender, label="对接系统", now=now, valid_for=timedelta(days=9))
    public = register_signing_key(lender, pem_of(new_private("ed25519")), label="签名机", by=None, now=now)
    machine, client = Client(headers={"Authorization": f"Bearer {secret}"}), signed_in(operator)
    assert machine.get("/api/v1/evidence").status_code == 200
    listed = page_of(client, language=language)
    assert "持钥机构" in listed.text
    assert f"cz_{key.prefix}" in listed.text, "it ends within thirty days"
    assert receipt_vkey() not in listed.source, "of the service's keys the fingerprints; the keys themselves are on the page of the log"
    page = page_of(client, f"/keys?of={lender.ref}", language)
    assert "对接系统" in page.text
    assert public.thumbprint in page.text
    assert secret not in page.source
    actions = re.findall(r'action="(/keys/(?:signing/)?\d+/revoke)"', page.source)
    assert len(actions) == 2
    for action in actions:
        assert client.post(action)["Location"] == f"/keys?of={lender.ref}"
        client.post(action)
    assert machine.get("/api/v1/evidence").status_code == 401
    public.refresh_from_db()
    assert public.revoked_at is not None
    kinds = list(Notice.objects.filter(organisation=lender).values_list("kind", flat=True))
    assert kinds == ["key-revoked"] * 2, "once for each, however often the button is pressed"
    for log in (lender, Organisation.objects.get(kind=Kind.OPERATOR)):
        rows = AuditEntry.objects.filter(organisation=log, event__endswith="key:revoked").values_list("event", "actor", "subject")
        by, about = f"person:{operator.pk}", f"organisation:{lender.ref}"
        assert sorted(rows) == [(f"{kind}:revoked", by, about) for kind in ("api_key", "signing_key")]
    admin = signed_in(make_person("admin", Role.LENDER_ADMIN, lender))
    told = admin.get("/inbox", headers={"Accept-Language": language}).content.decode()
    assert {"zh-hans": "运营方撤销了本机构的一个接口凭证", "en": "The operator revoked an API credential"}[language] in told
    assert f'href="/organisations/{lender.ref}/keys"' in told


def test_the_right_is_the_operators_alone_and_rests_on_its_act(lender: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other role is told that there is no such page, also those that manage the keys of their own organisation."""
    key, _ = issue_api_key(lender, label="x", now=timezone.now(), valid_for=timedelta(days=9))
    operator = signed_in(operators()[0])
    for role in Role:
        if ROLES[role].kind == Kind.OPERATOR:
            continue
        client = signed_in(make_person(f"visitor-{role}", role, lender if ROLES[role].kind == Kind.LENDER else None))
        assert client.get("/keys").status_code == 404, role
        assert client.post(f"/keys/{key.pk}/revoke").status_code == 404, role
        assert client.post(f"/keys/signing/{key.pk}/revoke").status_code == 404, role
    key.refresh_from_db()
    assert key.revoked_at is None
    assert operator.get("/keys?of=" + "0" * 32).status_code == 404
    assert operator.post(f"/keys/{10**9}/revoke").status_code == 404
    permission = ROLES[Role.OPERATOR]
    without = type(permission)(permission.label, permission.kind, permission.acts - {Act.MANAGE_KEYS})
    monkeypatch.setattr("accounts.portal.workplace.ROLES", {**ROLES, Role.OPERATOR: without})
    assert operator.get("/keys").status_code == 404
    assert operator.post(f"/keys/{key.pk}/revoke").status_code == 404
    assert not ApiKey.objects.exclude(revoked_at=None).exists()


def test_it_makes_no_key_and_reads_no_others_pages(lender: Organisation) -> None:
    operator = signed_in(operators()[0])
    assert operator.post(f"/organisations/{lender.ref}/keys/new", {"label": "x", "way": "key", "days": "3"}).status_code == 404
    assert operator.get(f"/organisations/{lender.ref}/keys").status_code == 404
    assert not ApiKey.objects.exists()


def test_before_the_set_up_there_are_no_keys_of_the_service(database: str, settings: Settings) -> None:
    assert "服务尚未初始化。" in page_of(signed_in(operators()[0])).text
