"""Organisations and machines' keys go to a successor: with every right that they had, and no secret."""
import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from accounts import handover
from accounts.handover import accounts_in, accounts_out
from accounts.models import ApiKey, Organisation, SigningKey
from accounts.scopes import Scope
from accounts.selectors import ORGANISATION_COLUMNS, credential_for
from accounts.services import client_id_of, create_organisation, issue_api_key, issue_client, revoke_api_key
from accounts.signing_keys import register_signing_key
from tests.accounts.signers import new_private, pem_of
from tests.conftest import connected_to
from tests.databases import Template

# People stay behind, and a successor counts uses from its own first.
LEFT = {"created_by", "revoked_by", "last_used_at"}


@pytest.mark.parametrize(("model", "carried"), [
    (Organisation, ORGANISATION_COLUMNS), (ApiKey, handover.KEY_COLUMNS), (SigningKey, handover.SIGNING_KEY_COLUMNS),
])
def test_every_column_goes_along_or_has_a_reason_to_stay(model: type[Organisation | ApiKey | SigningKey], carried: tuple[str, ...]) -> None:
    columns = {field.attname: field.name for field in model._meta.concrete_fields}
    assert {name for column, name in columns.items() if column not in carried} <= LEFT
    assert set(carried) <= set(columns)


def test_keys_open_the_successor_with_the_rights_that_they_had(service: str, database_template: Template, tmp_path: Path) -> None:
    now = timezone.now()
    own = create_organisation("示例消费金融有限公司", now=now)
    key, shown = issue_api_key(own, label="一", now=now, valid_for=timedelta(days=1), scopes=[Scope.EVIDENCE_READ])
    revoked, gone = issue_api_key(own, label="二", now=now, valid_for=timedelta(days=1))
    client, secret = issue_client(own, label="三", now=now, valid_for=timedelta(days=1))
    revoke_api_key(revoked, now=now)
    registered = register_signing_key(own, pem_of(new_private("ed25519")), label="四", by=None, now=now)
    told = json.loads(json.dumps(accounts_out()))

    elsewhere = tmp_path / "successor"
    elsewhere.mkdir()
    with database_template.copy(elsewhere) as url, connected_to(url, elsewhere):
        accounts_in(told)
        assert ApiKey.objects.get(pk=key.pk).granted == {Scope.EVIDENCE_READ}
        assert credential_for(shown, now=now) is not None
        assert credential_for(gone, now=now) is None
        assert SigningKey.objects.get().public_key == registered.public_key
        form = urlencode({"grant_type": "client_credentials", "client_id": client_id_of(client), "client_secret": secret})
        assert Client().post("/oauth/token", form, content_type="application/x-www-form-urlencoded").status_code == 200
