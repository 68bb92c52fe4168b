"""Organisations and their machines' keys on the way from one installation to its successor, so that clients go on with the keys they have.

Ids are kept: a statement names a credential by its id, and one id is to mean one key in both logs. A key's secret is not stored, so none
travels; revoked and expired keys go along and stay what they are, and so do the public keys by which requests are signed.

What this does not do: keep the two installations alike afterwards. A key issued or revoked on one later is unknown to the other. Nor do
people travel: passwords and second factors belong to the installation that they were shown to, so a successor invites its people anew, and
its keys do not say who issued or revoked them. Tokens of OAuth clients live for minutes and are asked for again.
"""
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.management.color import no_style
from django.db import connection

from accounts.models import ApiKey, Organisation, SigningKey
from accounts.selectors import ORGANISATION_COLUMNS
from accounts.services import client_row

Accounts = Mapping[str, Sequence[Mapping[str, Any]]]

# `application_id` says only whether a key is an OAuth client; the successor's row of the toolkit is a new one.
KEY_COLUMNS = (
    "id", "organisation_id", "prefix", "secret_sha256", "label", "created_at", "expires_at", "revoked_at", "scopes", "must_sign",
    "application_id",
)
SIGNING_KEY_COLUMNS = ("id", "organisation_id", "thumbprint", "algorithm", "spki", "label", "created_at", "revoked_at")
BYTES = ("secret_sha256", "spki")


def accounts_out() -> Accounts:
    """Every organisation and key as values that JSON knows: times in ISO 8601, bytes in hex."""
    return {
        "organisations": [_plain(row) for row in Organisation.objects.order_by("id").values(*ORGANISATION_COLUMNS)],
        "api_keys": [_plain(row) for row in ApiKey.objects.order_by("id").values(*KEY_COLUMNS)],
        "signing_keys": [_plain(row) for row in SigningKey.objects.order_by("id").values(*SIGNING_KEY_COLUMNS)],
    }


def accounts_in(accounts: Accounts) -> None:
    """Insert what `accounts_out` gave, in the caller's transaction. Raises IntegrityError when one of the ids is taken."""
    Organisation.objects.bulk_create(Organisation(**_read(row)) for row in accounts["organisations"])
    keys = [ApiKey(**_read(row)) for row in accounts["api_keys"]]
    for key in keys:
        if key.application_id is not None:
            key.application = client_row(key)
    ApiKey.objects.bulk_create(keys)
    SigningKey.objects.bulk_create(SigningKey(**_read(row)) for row in accounts["signing_keys"])
    with connection.cursor() as cursor:
        # PostgreSQL's sequences do not see explicit ids; SQLite goes by the largest.
        for statement in connection.ops.sequence_reset_sql(no_style(), [Organisation, ApiKey, SigningKey]):
            cursor.execute(statement)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _word(value) for name, value in row.items()}


def _word(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def _read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if name in BYTES:
        return bytes.fromhex(value)
    return datetime.fromisoformat(value) if name.endswith("_at") and value else value
