"""Reads of `accounts`."""
import hashlib
import hmac
import re
from datetime import datetime

from django.db import connection

from accounts.models import ApiKey, Organisation
from common.bulk import moment

KEY_TEXT = re.compile(r"cz_([0-9a-f]{8})_([A-Za-z0-9_-]{43})", re.ASCII)
KEY_COLUMNS = ("id", "organisation_id", "prefix", "secret_sha256", "label", "created_at", "expires_at", "revoked_at", "last_used_at")
# Every request asks this one question, and to compile it by the ORM took longer than to answer it (measured).
KEY_QUERY = (
    f"SELECT {', '.join(f'k.{column}' for column in KEY_COLUMNS)}, o.ref, o.name, o.created_at "  # noqa: S608 - constants
    "FROM accounts_apikey k JOIN accounts_organisation o ON o.id = k.organisation_id WHERE k.prefix = %s"
)


def api_key_for(text: str, *, now: datetime) -> ApiKey | None:
    """The usable key that `text` is, with its organisation; None for anything else. Every wrong secret takes the same time."""
    match = KEY_TEXT.fullmatch(text)
    if match is None:
        return None
    key = _key_by_prefix(match[1])
    offered = hashlib.sha256(match[2].encode()).digest()
    if key is None or not hmac.compare_digest(bytes(key.secret_sha256), offered) or not key.usable_at(now):
        return None
    return key


def _key_by_prefix(prefix: str) -> ApiKey | None:
    with connection.cursor() as cursor:
        cursor.execute(KEY_QUERY, [prefix])
        row = cursor.fetchone()
    if row is None:
        return None
    *values, ref, name, opened_at = row
    columns = dict(zip(KEY_COLUMNS, values, strict=True))
    times = {column: moment(columns[column]) for column in KEY_COLUMNS if column.endswith("_at") and columns[column] is not None}
    key = ApiKey.from_db(connection.alias, list(KEY_COLUMNS), list({**columns, **times}.values()))
    key.organisation = Organisation(id=columns["organisation_id"], ref=ref, name=name, created_at=moment(opened_at))
    return key
