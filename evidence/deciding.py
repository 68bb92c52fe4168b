"""An operator's decision on an application, and the notice by which the other operators learn of it, in one transaction."""
from datetime import datetime

from django.db import transaction

from accounts.checking import Decision, decide
from accounts.models import Application, Person
from evidence.own_deposits import the_operator
from notifications.kinds import APPLICATION_CHECKED
from notifications.noticing import leave_notices


def decide_and_tell(application: Application, decision: Decision, *, by: Person, now: datetime) -> str | None:
    """The token of the administrator's invitation after the second pass, None otherwise. Raises what `accounts.checking.decide` raises."""
    with transaction.atomic():
        token = decide(application, decision, by=by, now=now)
        leave_notices([the_operator().pk], kind=APPLICATION_CHECKED, subject=application.reference, now=now)
    return token
