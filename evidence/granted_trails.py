"""Grants in the trails of records: when somebody first reads a record by a grant, its trail says by which, and later that it was revoked.

A grant opens up to ten thousand cases at once, and most of their records are never looked at: a row in each trail at once would be a
hundred thousand rows that say nothing of what happened. Who granted what, read or not, is in the lender's audit log (docs/adr/0022).
What this does not do: decide whether a grant works; `cases.roots` does. One that runs out ends as its first row says.
"""
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.viewer import Viewer
from cases.models import Grant, GrantedCase
from cases.roots import Access, Root, granted_now
from common.bulk import Insert, insert_all
from evidence.custody import SYSTEM, Circumstances, CustodyAction, Happening
from evidence.models import Evidence, GrantedTrail
from evidence.trail import append_rows, append_with_retries, to_the_millisecond
from tlog.times import format_time

MOST = 1000
"""Trails in one transaction of `note_ended_grants`."""
Grants = dict[int, tuple[int, Happening]]


def grants_to_tell(viewer: Viewer, records: Sequence[Evidence], roots: Mapping[int, Access], *, now: datetime) -> Grants:
    """Of records that are read by a grant of which their trail does not know: the grant's id and the row to write, by the record's id."""
    read = [record for record in records if roots[record.pk].root == Root.GRANTED]
    if not read:
        return {}
    rows = granted_now(viewer, now).filter(case__in={record.case_id for record in read}).select_related("grant__lender", "grant__receiver")
    by_case: dict[int, GrantedCase] = {}
    for row in rows.order_by("-grant__ends_at", "grant_id"):
        by_case.setdefault(row.case_id, row)
    told = set(GrantedTrail.objects.filter(evidence__in=read).values_list("evidence_id", "grant_id"))
    return {
        record.pk: (grant.pk, _granted(grant)) for record in read
        if record.case_id in by_case and (record.pk, (grant := by_case[record.case_id].grant).pk) not in told}


def insert_told(grants: Grants) -> None:
    """In the transaction of the rows: the trails of these records know of their grants from now on."""
    insert_all([Insert(GrantedTrail, ("evidence_id", "grant_id"), [(id_, grant_id) for id_, (grant_id, _) in sorted(grants.items())])])


def note_ended_grants(*, now: datetime) -> int:
    """Into every trail that knows of a grant which was revoked: that it was; how many there were. At most `MOST` in one call."""
    with transaction.atomic():
        due = list(GrantedTrail.objects.filter(ended_at=None, grant__revoked_at__isnull=False).select_related(
            "grant__lender", "grant__receiver").order_by("evidence_id", "id")[:MOST])
        if not due:
            return 0
        happenings: dict[int, list[Happening]] = {}
        for row in due:
            happenings.setdefault(row.evidence_id, []).append(_revoked(row.grant))
        append_with_retries(lambda: append_rows(happenings, at=to_the_millisecond(now)))
        GrantedTrail.objects.filter(pk__in=[row.pk for row in due], ended_at=None).update(ended_at=now)
    return len(due)


def note_ends() -> None:
    """All that are due."""
    while note_ended_grants(now=timezone.now()) == MOST:
        pass


def _granted(grant: Grant) -> Happening:
    told = f"{_name(grant)}, {_time(grant.created_at)} by {grant.granted_by}, until {_time(grant.ends_at)}"
    return _row(CustodyAction.GRANTED, grant, f"{told}: {grant.purpose}")


def _revoked(grant: Grant) -> Happening:
    assert grant.revoked_at is not None
    return _row(CustodyAction.REVOKED, grant, f"{_name(grant)}, {_time(grant.revoked_at)} by {grant.revoked_by}")


def _row(action: CustodyAction, grant: Grant, purpose: str) -> Happening:
    # The service writes it, when somebody reads or a while after; the lender is who granted.
    return Happening(action, SYSTEM, SYSTEM, Circumstances("none", on_behalf_of=grant.lender.ref), purpose)


def _name(grant: Grant) -> str:
    return f"grant {grant.ref} to {grant.receiver.ref}"


def _time(moment: datetime) -> str:
    return format_time(to_the_millisecond(moment))
