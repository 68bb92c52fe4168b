"""Organisations and their API keys on the way from one installation to its successor, so that clients go on with the keys they have.

Ids are kept: a statement names a credential by its id, and one id is to mean one key in both logs. A key's secret is not stored, so none
travels; revoked and expired keys go along and stay what they are.

What this does not do: keep the two installations alike afterwards. A key issued or revoked on one later is unknown to the other. Nor do
people travel: passwords and second factors belong to the installation that they were shown to, so a successor invites its people anew.
"""
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.management.color import no_style
from django.db import connection

from accounts.models import ApiKey, Organisation
from accounts.selectors import ORGANISATION_COLUMNS

Accounts = Mapping[str, Sequence[Mapping[str, Any]]]


def accounts_out() -> Accounts:
    """Every organisation and key as values that JSON knows: times in ISO 8601, digests in hex."""
    organisations = Organisation.objects.order_by("id").values(*ORGANISATION_COLUMNS)
    keys = ApiKey.objects.order_by("id").values(
        "id", "organisation_id", "prefix", "secret_sha256", "label", "created_at", "expires_at", "revoked_at")
    return {"organisations": [_plain(row) for row in organisations], "api_keys": [_plain(row) for row in keys]}


def accounts_in(accounts: Accounts) -> None:
    """Insert what `accounts_out` gave, in the caller's transaction. Raises IntegrityError when one of the ids is taken."""
    Organisation.objects.bulk_create(Organisation(**_times(row)) for row in accounts["organisations"])
    ApiKey.objects.bulk_create(
        ApiKey(**{**_times(row), "secret_sha256": bytes.fromhex(row["secret_sha256"])}) for row in accounts["api_keys"])
    with connection.cursor() as cursor:
        # PostgreSQL's sequences do not see explicit ids; SQLite goes by the largest.
        for statement in connection.ops.sequence_reset_sql(no_style(), [Organisation, ApiKey]):
            cursor.execute(statement)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _word(value) for name, value in row.items()}


def _word(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def _times(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: datetime.fromisoformat(value) if name.endswith("_at") and value else value for name, value in row.items()}
