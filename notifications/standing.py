"""How far an organisation is let in, changed and told to whoever administers it, in one transaction.

What this does not do: judge whether it may be changed (`accounts.trial`, `accounts.services`).
"""
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation
from accounts.services import change_status
from accounts.trial import activate
from notifications.kinds import ORGANISATION_ACTIVATED, ORGANISATION_REINSTATED, ORGANISATION_SUSPENDED
from notifications.noticing import leave_notices


def activate_and_tell(organisation: Organisation, *, now: datetime) -> None:
    """From trial to active. Raises ActivationIncomplete."""
    with transaction.atomic():
        activate(organisation, now=now)
        leave_notices([organisation.pk], kind=ORGANISATION_ACTIVATED, subject=organisation.ref, now=now)


def change_status_and_tell(organisation: Organisation, *, to: str, now: datetime) -> None:
    """Suspend, or let in again. Raises StatusUnreachable.

    Members of a suspended organisation find no inbox; messages go out all the same, and the notice is there when they come back.
    """
    kind = ORGANISATION_SUSPENDED if to == Organisation.Status.SUSPENDED else ORGANISATION_REINSTATED
    with transaction.atomic():
        change_status(organisation, to=to, now=now)
        leave_notices([organisation.pk], kind=kind, subject=organisation.ref, now=now)
