"""届满: contracts and grants that end by their date and by nobody's act; both sides are told, once. And 分案 that outlived its agent.

Nothing here ends access: every read asks for what is live at its moment, so it ends on the second, whether or not this runs. What an
institution accepted while the grant lived stays open to it, and grows no further from the moment on at which this ran.
A room may not call those above it, so what an agent had when his membership ended is taken back here, too, within the minute.
LAW: 个人信息保护法（2021年）第二十一条: what an entrusted processor holds is returned or deleted when the entrustment ends.
"""
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import Membership
from accounts.permissions import Role
from cases.granting import stop_growth
from cases.models import Distribution, Entrustment, Grant
from notifications.kinds import ENTRUSTMENT_LAPSED, GIVEN_GRANT_LAPSED, GRANT_LAPSED
from notifications.noticing import leave_notices


def tell_lapses(*, now: datetime) -> int:
    """Tell both sides of each contract and grant whose period ended and of which nobody told them; how many there were.

    One that was ended or revoked before its time was told of then. A grant that no second person approved opened nothing: nobody is
    told of the end of what he never saw.
    """
    contracts = Entrustment.objects.filter(ended_at=None, lapse_told_at=None, ends_at__lte=now)
    worked = Q(needs_second=False) | Q(approved_at__isnull=False)
    grants = Grant.objects.filter(worked, revoked_at=None, lapse_told_at=None, ends_at__lte=now)
    return sum(_tell_of_contract(row, now) for row in contracts.order_by("ends_at", "id")) + sum(
        _tell_of_grant(row, now) for row in grants.order_by("ends_at", "id"))


def take_back_from_who_left(*, now: datetime) -> int:
    """End each distribution whose agent's membership in the agency ended since; how many there were.

    They wait for the supervisor (未分案), and whoever is invited again begins with none.
    """
    left = Membership.objects.filter(
        person=OuterRef("agent"), organisation=OuterRef("assignment__entrustment__agency"), role=Role.COLLECTION_AGENT,
        until__gte=OuterRef("since"))
    return Distribution.objects.filter(Exists(left), until=None, since__lte=now).update(until=now)


def _tell_of_contract(row: Entrustment, now: datetime) -> bool:
    with transaction.atomic():
        # The compare-and-swap is what makes it once, also when two workers ask and when somebody ends the contract meanwhile.
        if Entrustment.objects.filter(pk=row.pk, ended_at=None, lapse_told_at=None).update(lapse_told_at=now) != 1:
            return False
        leave_notices([row.agency_id, row.lender_id], kind=ENTRUSTMENT_LAPSED, subject=row.ref, now=now)
        return True


def _tell_of_grant(row: Grant, now: datetime) -> bool:
    with transaction.atomic():
        if Grant.objects.filter(pk=row.pk, revoked_at=None, lapse_told_at=None).update(lapse_told_at=now) != 1:
            return False
        stop_growth(row, now=now)
        for organisation_id, kind in ((row.receiver_id, GRANT_LAPSED), (row.lender_id, GIVEN_GRANT_LAPSED)):
            leave_notices([organisation_id], kind=kind, subject=row.ref, count=row.case_count, now=now)
        return True
