"""The operator revokes a credential of an organisation, which whoever manages its keys is told in the same transaction.

For a key that leaked or is misused: it takes less from the organisation than its suspension. What this does not do: make or read a key; a
secret is known to nobody but its holder.
"""
from datetime import datetime

from django.db import transaction

from accounts.models import ApiKey, Person, SigningKey
from accounts.services import revoke_api_key
from accounts.signing_keys import revoke_signing_key
from notifications.kinds import KEY_REVOKED
from notifications.noticing import leave_notices


def revoke_and_tell(key: ApiKey | SigningKey, *, by: Person, now: datetime) -> bool:
    """Whether it was good until now; nobody is told of one that was not."""
    with transaction.atomic():
        if isinstance(key, ApiKey):
            revoked = revoke_api_key(key, now=now, by=by, by_operator=True)
        else:
            revoked = revoke_signing_key(key, now=now, by=by, by_operator=True)
        if revoked:
            leave_notices([key.organisation_id], kind=KEY_REVOKED, subject=key.organisation.ref, now=now)
    return revoked
