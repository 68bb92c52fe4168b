"""Whether a contract, an assignment, a grant, a matter or an order waits, runs or has ended at a moment, as a condition for lists.

The word of one row's state stands in `cases.portal.access_words`; a test holds the two against each other.
"""
from datetime import datetime
from enum import StrEnum

from django.db.models import Q

from cases.models import Distribution
from cases.roots import live_grant


class Phase(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"
    ENDED = "ended"


def entrustments_in(phase: Phase, now: datetime, prefix: str = "") -> Q:
    """Contracts, as a condition on the contract itself or behind `prefix`."""
    if phase is Phase.ENDED:
        return Q(**{f"{prefix}ended_at__isnull": False}) | Q(**{f"{prefix}ends_at__lte": now})
    begun = "starts_at__lte" if phase is Phase.RUNNING else "starts_at__gt"
    return Q(**{f"{prefix}ended_at": None, f"{prefix}ends_at__gt": now, f"{prefix}{begun}": now})


def assignments_in(phase: Phase, now: datetime) -> Q:
    """Assignments; nothing is asked of the case, which is closed to an agency from which it was taken back."""
    of_contract = entrustments_in(phase, now, "entrustment__")
    return Q(withdrawn_at__isnull=False) | of_contract if phase is Phase.ENDED else Q(withdrawn_at=None) & of_contract


def undistributed(now: datetime) -> Q:
    """Assignments that run, and that no agent works on."""
    taken = Distribution.objects.filter(until=None).values("assignment_id")
    return assignments_in(Phase.RUNNING, now) & ~Q(pk__in=taken)


def grants_in(phase: Phase, now: datetime, prefix: str = "") -> Q:
    """Grants, as a condition on the grant itself or behind `prefix`; one that a second person has not approved waits."""
    over = Q(**{f"{prefix}revoked_at__isnull": False}) | Q(**{f"{prefix}ends_at__lte": now})
    if phase is Phase.ENDED:
        return over
    return live_grant(now, prefix) if phase is Phase.RUNNING else ~over & ~live_grant(now, prefix)


def matters_in(phase: Phase, now: datetime) -> Q:
    """Matters: one that was submitted waits while its grant works; one that was closed has ended, also while its file is kept."""
    grant_works = grants_in(Phase.RUNNING, now, "grant__")
    if phase is Phase.WAITING:
        return Q(accepted_at=None) & grant_works
    if phase is Phase.RUNNING:
        return Q(accepted_at__isnull=False, closed_at=None)
    return Q(closed_at__isnull=False) | (Q(accepted_at=None) & ~grant_works)


def orders_in(phase: Phase, now: datetime) -> Q:
    """Orders: one that no second person opened waits, and so does one whose period has not begun."""
    over = Q(ended_at__isnull=False) | Q(ends_at__lte=now)
    if phase is Phase.ENDED:
        return over
    opens = Q(opened_at__isnull=False, starts_at__lte=now)
    return ~over & (opens if phase is Phase.RUNNING else ~opens)
