"""更换管理员 with the notices that belong to it: the organisation's own people read of the proposal before anybody confirms it."""
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, Person, Replacement
from accounts.permissions import Kind
from accounts.replacing import Proposal, confirm, propose
from evidence.own_deposits import the_operator
from notifications.kinds import ADMINISTRATOR_CHANGED, ADMINISTRATOR_PROPOSED, ADMINISTRATOR_WAITING, OPERATOR_CHANGED
from notifications.noticing import leave_notices


def propose_and_tell(organisation: Organisation, proposal: Proposal, *, by: Person, now: datetime) -> Replacement:
    """Raises what `accounts.replacing.propose` raises."""
    with transaction.atomic():
        made = propose(organisation, proposal, by=by, now=now)
        if organisation.kind != Kind.OPERATOR:
            leave_notices([organisation.pk], kind=ADMINISTRATOR_PROPOSED, subject=organisation.ref, now=now)
        leave_notices([the_operator().pk], kind=ADMINISTRATOR_WAITING, subject=organisation.ref, now=now)
    return made


def confirm_and_tell(replacement: Replacement, *, by: Person, now: datetime) -> str:
    """The token of the new administrator's link. Raises what `accounts.replacing.confirm` raises."""
    with transaction.atomic():
        # First, so that whoever ends by it is among those who are told.
        organisation = replacement.organisation
        kind = OPERATOR_CHANGED if organisation.kind == Kind.OPERATOR else ADMINISTRATOR_CHANGED
        leave_notices([organisation.pk], kind=kind, subject=organisation.ref, now=now)
        return confirm(replacement, by=by, now=now)
