"""授权: a lender opens cases to an institution, on one of three bases with its document, and ends that whenever it likes.

On one person's word a receiver gets at most a hundred cases of a lender's. Counted are the cases of this grant and of the lender's other
grants to the same receiver that no second person approved, while they can still work and for a day after they were made, revoked or not:
so neither ten grants of a hundred pass alone, nor a hundred that are revoked for the next hundred. Beyond that a grant works only after a
second legal officer approved it. What a second person approved counts no more. The decision is written with the grant (`needs_second`).
LAW: 个人信息保护法（2021年）第二十一条、第二十三条.
"""
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.models import Organisation
from accounts.permissions import Act, Kind
from accounts.viewer import Viewer
from cases.conditions import cases_named, check_period, check_second_person, consent, organisation_among, own_contract, plain
from cases.errors import CaseNotFound, StateUnsuitable
from cases.models import GRANT_ALONE, Case, Grant, GrantedCase, SubmittedCase
from cases.models.access import RECEIVERS
from notifications.kinds import CASES_GRANTED, GRANT_REVOKED, GRANT_WAITING
from notifications.noticing import leave_notices

LONGEST_PURPOSE = 200
ALONE_AGAIN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Opening:
    """A grant as it is asked for, by refs. `document`: a record number, of basis `provided` the consent's as the cases' files name it."""

    receiver: str
    basis: Grant.Basis
    document: str
    purpose: str
    starts_at: datetime
    ends_at: datetime
    cases: Sequence[str]


def grant_access(viewer: Viewer, opening: Opening, *, now: datetime) -> Grant:
    """Open these cases of the viewer's organisation. With more than 100 on one person's word they stay closed until `approve_grant`.

    Raises Forbidden, OrganisationUnsuitable, TextUnsuitable, PeriodUnsuitable, CasesMissing, CaseNotFound,
    DocumentMissing, DocumentUnsuitable, ConsentMissing.
    """
    viewer.must(Act.GRANT)
    if viewer.kind != Kind.LENDER:
        raise CaseNotFound
    receiver = organisation_among(RECEIVERS, opening.receiver, pointer="/receiver")
    purpose = plain(opening.purpose, LONGEST_PURPOSE, pointer="/purpose")
    check_period(opening.starts_at, opening.ends_at, now=now)
    cases = cases_named(viewer.organisation, opening.cases)
    document = _document(viewer, opening, cases, now)
    with transaction.atomic():
        # The lender's row is the lock: of two grants at once the second one counts the first. Deposits, which name the row, go on.
        Organisation.objects.select_for_update(no_key=True).get(pk=viewer.organisation.pk)
        grant = Grant.objects.create(
            ref=secrets.token_hex(16), lender=viewer.organisation, receiver=receiver, receiver_kind=receiver.kind, basis=opening.basis,
            document=document, purpose=purpose, starts_at=opening.starts_at, ends_at=opening.ends_at, case_count=len(cases),
            needs_second=_opened_alone(viewer.organisation, receiver, cases, now) > GRANT_ALONE, created_at=now, granted_by=viewer.actor)
        GrantedCase.objects.bulk_create(GrantedCase(grant=grant, case=case) for case in cases)
        told = (viewer.organisation.pk, GRANT_WAITING) if grant.needs_approval else (receiver.pk, CASES_GRANTED)
        leave_notices([told[0]], kind=told[1], subject=grant.ref, count=grant.case_count, now=now)
        _note(Event.GRANTED, viewer, grant, now)
    return grant


def _opened_alone(lender: Organisation, receiver: Organisation, cases: Sequence[Case], now: datetime) -> int:
    """How many of the lender's cases the receiver would have on one person's word, with these."""
    counted = Q(grant__revoked_at=None, grant__ends_at__gt=now) | Q(grant__created_at__gt=now - ALONE_AGAIN_AFTER)
    others = GrantedCase.objects.filter(
        counted, grant__lender=lender, grant__receiver=receiver, grant__needs_second=False).exclude(case__in=cases)
    return len(cases) + others.values("case").distinct().count()


def _document(viewer: Viewer, opening: Opening, cases: Sequence[Case], now: datetime) -> str:
    # LAW: 个人信息保护法（2021年）第二十三条: the separate consent of the person of each case; the other two bases are papers.
    if opening.basis == Grant.Basis.PROVIDED:
        return consent(opening.document, cases, now=now)
    return own_contract(viewer.organisation, opening.document)


def approve_grant(viewer: Viewer, grant: Grant, *, now: datetime) -> None:
    """A second legal officer lets a grant work that needs one.

    Raises Forbidden, SecondPersonNeeded, StateUnsuitable (needs none, revoked, over, or approved already).
    """
    viewer.must(Act.APPROVE_LARGE_GRANT)
    check_second_person(viewer, grant.granted_by)
    waiting = Grant.objects.filter(
        pk=grant.pk, lender=viewer.organisation, needs_second=True, approved_at=None, revoked_at=None, ends_at__gt=now)
    with transaction.atomic():
        if waiting.exclude(granted_by=viewer.actor).update(approved_at=now, approved_by=viewer.actor) != 1:
            raise StateUnsuitable
        leave_notices([grant.receiver_id], kind=CASES_GRANTED, subject=grant.ref, count=grant.case_count, now=now)
        _note(Event.GRANT_APPROVED, viewer, grant, now)


def revoke_grant(viewer: Viewer, grant: Grant, *, now: datetime) -> None:
    """End a grant at once; a second call changes nothing. What an institution accepted stays open to it, and grows no further.

    Raises Forbidden.
    """
    viewer.must(Act.GRANT)
    with transaction.atomic():
        if Grant.objects.filter(pk=grant.pk, lender=viewer.organisation, revoked_at=None).update(revoked_at=now, revoked_by=viewer.actor):
            stop_growth(grant, now=now)
            # The row as it is now, which the update locked: a second person may have approved it since the caller read it.
            ended = Grant.objects.get(pk=grant.pk)
            if not ended.needs_approval and ended.lapse_told_at is None:
                # Nobody is told of the end of what he never saw, nor twice of an end.
                leave_notices([grant.receiver_id], kind=GRANT_REVOKED, subject=grant.ref, count=grant.case_count, now=now)
            _note(Event.GRANT_REVOKED, viewer, grant, now)


def stop_growth(grant: Grant, *, now: datetime) -> None:
    """What was submitted under the grant as a whole case, as it grows, stands still at what the case holds now: nothing new is submitted
    under a grant that is over. In the caller's transaction."""
    head = Case.objects.filter(pk=OuterRef("case_id")).values("sequence")[:1]
    SubmittedCase.objects.filter(matter__grant=grant, up_to=None).update(up_to=Subquery(head), as_of=now)


def _note(event: Event, viewer: Viewer, grant: Grant, now: datetime) -> None:
    detail = f"organisation:{grant.receiver.ref}+cases:{grant.case_count}"
    note(event, viewer.organisation, at=now, subject=f"grant:{grant.ref}", detail=detail, actor=viewer.actor)
