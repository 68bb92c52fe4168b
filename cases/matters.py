"""提交与受理: a lender submits cases under a grant, the institution accepts, and what was submitted stays open until its file is closed.

From the acceptance on the lender cannot take it back. The procedures will take this over; here it is one act to accept and one to close.
"""
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.permissions import Act
from accounts.viewer import Viewer
from cases.conditions import cases_named, plain
from cases.errors import FilePeriodUnsuitable, GrantNotWorking, StateUnsuitable
from cases.models import Grant, GrantedCase, Matter, SubmittedCase
from cases.models.matter import LONGEST_FILE_DAYS
from cases.roots import ACCEPTING, live_grant
from notifications.kinds import MATTER_ACCEPTED, MATTER_CLOSED, MATTER_SUBMITTED
from notifications.noticing import leave_notices

LONGEST_PURPOSE, LONGEST_NUMBER = 200, 64


def submit_cases(
    viewer: Viewer, grant: Grant, refs: Sequence[str], *, purpose: str, whole_case: bool, now: datetime
) -> Matter:
    """Submit cases to the institution that the grant names. `whole_case`: with what is deposited later, else the records of this moment.

    Raises Forbidden, TextUnsuitable, CasesMissing, CaseNotFound, GrantNotWorking (not in force, other cases, nobody who accepts).
    """
    viewer.must(Act.PREPARE)
    words = plain(purpose, LONGEST_PURPOSE, pointer="/purpose")
    cases = cases_named(viewer.organisation, refs)
    with transaction.atomic():
        working = Grant.objects.select_for_update().filter(
            live_grant(now), pk=grant.pk, lender=viewer.organisation, receiver_kind__in=[kind.value for kind in ACCEPTING]).first()
        if working is None or GrantedCase.objects.filter(grant=working, case__in=cases).count() != len(cases):
            raise GrantNotWorking(pointer="/grant")
        matter = Matter.objects.create(
            ref=secrets.token_hex(16), grant=working, institution=working.receiver, purpose=words, submitted_at=now,
            submitted_by=viewer.actor)
        SubmittedCase.objects.bulk_create(
            SubmittedCase(matter=matter, case=case, up_to=None if whole_case else case.sequence, as_of=None if whole_case else now)
            for case in cases)
        leave_notices([matter.institution_id], kind=MATTER_SUBMITTED, subject=matter.ref, count=len(cases), now=now)
        told = f"organisation:{matter.institution.ref}+cases:{len(cases)}{'+whole_case' * whole_case}"
        _note(Event.MATTER_SUBMITTED, viewer, matter, told, now)
    return matter


def accept_matter(viewer: Viewer, matter: Matter, *, number: str, file_days: int, now: datetime) -> None:
    """受理: take the matter on under the institution's own number; its file is kept `file_days` (0 to 36,500) after the close.

    Raises Forbidden, TextUnsuitable, FilePeriodUnsuitable, GrantNotWorking (revoked or over before), StateUnsuitable (accepted already).
    """
    viewer.must(Act.ACCEPT)
    words = plain(number, LONGEST_NUMBER, pointer="/number")
    if not 0 <= file_days <= LONGEST_FILE_DAYS:
        raise FilePeriodUnsuitable(limit=LONGEST_FILE_DAYS, pointer="/file_days")
    with transaction.atomic():
        # The grant's row first: a revocation and an acceptance take turns, and whichever is second sees the other.
        if not Grant.objects.select_for_update().filter(live_grant(now), pk=matter.grant_id).exists():
            raise GrantNotWorking
        waiting = Matter.objects.filter(pk=matter.pk, institution=viewer.organisation, accepted_at=None)
        if waiting.update(accepted_at=now, accepted_by=viewer.actor, number=words, file_days=file_days) != 1:
            raise StateUnsuitable
        leave_notices([matter.grant.lender_id], kind=MATTER_ACCEPTED, subject=matter.ref, now=now)
        _note(Event.MATTER_ACCEPTED, viewer, matter, "", now)


def close_matter(viewer: Viewer, matter: Matter, *, now: datetime) -> None:
    """Close an accepted matter; it stays open to the institution until its file period ends. Raises Forbidden, StateUnsuitable."""
    viewer.must(Act.ACCEPT)
    if matter.file_days is None:
        raise StateUnsuitable
    open_now = Matter.objects.filter(pk=matter.pk, institution=viewer.organisation, accepted_at__isnull=False, closed_at=None)
    with transaction.atomic():
        if open_now.update(closed_at=now, closed_by=viewer.actor, open_until=now + timedelta(days=matter.file_days)) != 1:
            raise StateUnsuitable
        leave_notices([matter.grant.lender_id], kind=MATTER_CLOSED, subject=matter.ref, now=now)
        _note(Event.MATTER_CLOSED, viewer, matter, "", now)


def _note(event: Event, viewer: Viewer, matter: Matter, detail: str, now: datetime) -> None:
    note(event, viewer.organisation, at=now, subject=f"matter:{matter.ref}", detail=detail, actor=viewer.actor)
