"""Which passkeys count as an organisation's workstation, and whether a session was let in by one.

Whoever works by workstation alone comes in with a passkey that he registered inside his organisation's networks and that whoever manages
its members there approved, having seen whose device it is. A passkey of his own, an app or a recovery code prove who he is; with them he
may register such a passkey, and nothing else. What this does not do: tell a device from another, which no browser says of itself in a way
that could be believed; that is what the approval is for.
Source: issue "People and institutions" 1.
"""
from datetime import datetime

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.models import Organisation, Person, WorkstationFactor
from accounts.selectors import members_of
from accounts.workstations import Workstation, workstation_of


def register_factor(person: Person, *, now: datetime) -> None:
    """The passkey that the person has just set up waits for approval at each organisation where he works by workstation; of others, none.

    In the caller's transaction. That he stands inside the networks of each, the gate has seen to at this very request.
    """
    seat = workstation_of(person)
    if seat is None or not seat.only:
        return
    made = Authenticator.objects.filter(user_id=person.pk, type=Authenticator.Type.WEBAUTHN).latest("pk")
    WorkstationFactor.objects.bulk_create(
        WorkstationFactor(organisation_id=place, authenticator=made, registered_at=now) for place in sorted(seat.places))


def is_seated(request: HttpRequest, person: Person, seat: Workstation | None, *, now: datetime) -> bool:
    """Whether the factor that this session showed last is his workstation's; always for who works otherwise, or by a provider's word.

    The last one: whoever unlocks the screen with something of his own is no longer at the workstation.
    """
    if seat is None or not seat.only or person.only_at is not None:
        return True
    records = get_authentication_records(request, person)
    shown = [record.get("id") for record in records if record.get("method") == "mfa"]
    if not shown or shown[-1] is None:
        return False
    counted = WorkstationFactor.objects.filter(_counts(now), authenticator_id=shown[-1], authenticator__user_id=person.pk)
    return seat.places <= set(counted.values_list("organisation_id", flat=True))


def states_of(person: Person, *, now: datetime) -> dict[int, bool]:
    """By the id of the person's factors that were registered as a workstation's: whether each counts now at all of its organisations."""
    states: dict[int, bool] = {}
    for row in WorkstationFactor.objects.filter(authenticator__user_id=person.pk):
        counts = row.approved_at is not None or (row.until is not None and now < row.until)
        states[row.authenticator_id] = counts and states.get(row.authenticator_id, True)
    return states


def factors_at(organisation: Organisation) -> QuerySet[WorkstationFactor]:
    """The passkeys of the organisation's present members that were registered as its workstations', those that wait for approval first."""
    here = members_of(organisation).order_by().values("person_id")
    rows = WorkstationFactor.objects.filter(
        organisation=organisation, authenticator__user_id__in=here, authenticator__type=Authenticator.Type.WEBAUTHN)
    return rows.select_related("authenticator__user", "approved_by").order_by(F("approved_at").desc(nulls_first=True), "-id")


def approve_factor(organisation: Organisation, factor_id: int, *, by: Person, now: datetime) -> bool:
    """Whether a passkey of this organisation's member waited under that id; from now on it lets him in. Nobody approves his own."""
    with transaction.atomic():
        waiting = factors_at(organisation).filter(pk=factor_id, approved_at=None).exclude(authenticator__user_id=by.pk).first()
        if waiting is None or not WorkstationFactor.objects.filter(pk=waiting.pk, approved_at=None).update(approved_at=now, approved_by=by):
            return False
        note(Event.WORKSTATION_APPROVED, organisation, at=now, subject=f"person:{waiting.authenticator.user_id}")
    return True


def revoke_factor(organisation: Organisation, factor_id: int, *, now: datetime) -> bool:
    """Whether the organisation had such a passkey under that id; it lets nobody in from the next request on."""
    with transaction.atomic():
        held = factors_at(organisation).filter(pk=factor_id).first()
        if held is None or not WorkstationFactor.objects.filter(pk=held.pk).delete()[0]:
            return False
        note(Event.WORKSTATION_REVOKED, organisation, at=now, subject=f"person:{held.authenticator.user_id}")
    return True


def _counts(now: datetime) -> Q:
    return Q(approved_at__isnull=False) | Q(until__gt=now)
