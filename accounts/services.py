"""Writes of `accounts`: organisations and API keys."""
import hashlib
import secrets
from datetime import datetime, timedelta

from accounts.models import ApiKey, Organisation


def create_organisation(name: str, *, now: datetime) -> Organisation:
    """A new organisation with an opaque id of its own; names need not be unique, two lenders may share one."""
    return Organisation.objects.create(ref=secrets.token_hex(16), name=name, created_at=now)


def issue_api_key(organisation: Organisation, *, label: str, now: datetime, valid_for: timedelta) -> tuple[ApiKey, str]:
    """A new key `cz_<prefix>_<secret>`; the text is returned once and never stored. 256 random bits, so a plain SHA-256 hides it."""
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        organisation=organisation, prefix=prefix, secret_sha256=hashlib.sha256(secret.encode()).digest(),
        label=label, created_at=now, expires_at=now + valid_for,
    )
    return key, f"cz_{prefix}_{secret}"


def revoke_api_key(key: ApiKey, *, now: datetime) -> None:
    """Revocation bites with the next request; a second call changes nothing."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)


def note_use(key: ApiKey, *, now: datetime) -> None:
    """Remember the minute of the last use; at most one write a minute and key."""
    if key.last_used_at is None or now - key.last_used_at >= timedelta(minutes=1):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
