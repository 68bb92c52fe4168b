"""How an application moves, and who learns of it in the same transaction: the operators who have it in their queue, and the applicant.

An operator is told by notice. An applicant is nobody here yet: a letter to his contact says that there is a result, and his own page which.
"""
from datetime import datetime

from django.db import transaction

from accounts.applying import withdraw_application
from accounts.checking import Decision, decide
from accounts.models import Application, Person
from evidence.own_deposits import the_operator
from notifications.kinds import APPLICATION_CHECKED, APPLICATION_WITHDRAWN
from notifications.letters import tell_applicant
from notifications.noticing import leave_notices


def decide_and_tell(application: Application, decision: Decision, *, by: Person, now: datetime) -> str | None:
    """The token of the administrator's invitation after the second pass, None otherwise. Raises what `accounts.checking.decide` raises."""
    with transaction.atomic():
        token = decide(application, decision, by=by, now=now)
        leave_notices([the_operator().pk], kind=APPLICATION_CHECKED, subject=application.reference, now=now)
        # A refusal ends it and so does the second pass: that a letter comes does not say which.
        if token is not None or not decision.passes:
            tell_applicant(application, now=now)
    return token


def withdraw_and_tell(application: Application, *, now: datetime) -> None:
    """The applicant thinks better of it. Raises ApplicationClosed."""
    with transaction.atomic():
        withdraw_application(application)
        leave_notices([the_operator().pk], kind=APPLICATION_WITHDRAWN, subject=application.reference, now=now)
