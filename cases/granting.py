"""授权: a lender opens cases to an institution, on one of three bases with its document, and ends that whenever it likes.

A grant of more than a hundred cases works only after a second legal officer approved it.
LAW: 个人信息保护法（2021年）第二十一条、第二十三条.
"""
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Subquery

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.permissions import Act, Kind
from accounts.viewer import Viewer
from cases.conditions import cases_named, check_period, check_second_person, consent, organisation_among, own_paper, plain
from cases.errors import CaseNotFound, DocumentMissing, StateUnsuitable
from cases.models import GRANT_ALONE, Case, Grant, GrantedCase, SubmittedCase
from cases.models.access import RECEIVERS
from notifications.kinds import CASES_GRANTED, GRANT_REVOKED, GRANT_WAITING
from notifications.noticing import leave_notices

LONGEST_PURPOSE = 200


@dataclass(frozen=True, slots=True)
class Opening:
    """A grant as it is asked for, by refs. `document`: a record number, or of basis `provided` a consent's as the cases' files name it."""

    receiver: str
    basis: Grant.Basis
    document: str
    purpose: str
    starts_at: datetime
    ends_at: datetime
    cases: Sequence[str]


def grant_access(viewer: Viewer, opening: Opening, *, now: datetime) -> Grant:
    """Open these cases of the viewer's organisation. More than 100 stay closed until `approve_grant`.

    Raises Forbidden, OrganisationUnsuitable, TextUnsuitable, PeriodUnsuitable, CasesMissing, CaseNotFound,
    DocumentMissing, ConsentMissing.
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
        grant = Grant.objects.create(
            ref=secrets.token_hex(16), lender=viewer.organisation, receiver=receiver, receiver_kind=receiver.kind, basis=opening.basis,
            document=document, purpose=purpose, starts_at=opening.starts_at, ends_at=opening.ends_at, case_count=len(cases),
            created_at=now, granted_by=viewer.actor)
        GrantedCase.objects.bulk_create(GrantedCase(grant=grant, case=case) for case in cases)
        told = (viewer.organisation.pk, GRANT_WAITING) if grant.needs_approval else (receiver.pk, CASES_GRANTED)
        leave_notices([told[0]], kind=told[1], subject=grant.ref, count=grant.case_count, now=now)
        _note(Event.GRANTED, viewer, grant, now)
    return grant


def _document(viewer: Viewer, opening: Opening, cases: Sequence[Case], now: datetime) -> str:
    try:
        return own_paper(viewer.organisation, opening.document)
    except DocumentMissing:
        # LAW: 个人信息保护法（2021年）第二十三条: the person's separate consent stands for itself; the other two bases are papers.
        if opening.basis != Grant.Basis.PROVIDED:
            raise
        return consent(opening.document, cases, now=now)


def approve_grant(viewer: Viewer, grant: Grant, *, now: datetime) -> None:
    """A second legal officer lets a large grant work.

    Raises Forbidden, SecondPersonNeeded, StateUnsuitable (a small one, revoked, over, or approved already).
    """
    viewer.must(Act.APPROVE_LARGE_GRANT)
    check_second_person(viewer, grant.granted_by)
    waiting = Grant.objects.filter(
        pk=grant.pk, lender=viewer.organisation, case_count__gt=GRANT_ALONE, approved_at=None, revoked_at=None, ends_at__gt=now)
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
            head = Case.objects.filter(pk=OuterRef("case_id")).values("sequence")[:1]
            SubmittedCase.objects.filter(matter__grant=grant, up_to=None).update(up_to=Subquery(head), as_of=now)
            if not grant.needs_approval:
                # Nobody is told of the end of what he never saw.
                leave_notices([grant.receiver_id], kind=GRANT_REVOKED, subject=grant.ref, count=grant.case_count, now=now)
            _note(Event.GRANT_REVOKED, viewer, grant, now)


def _note(event: Event, viewer: Viewer, grant: Grant, now: datetime) -> None:
    detail = f"organisation:{grant.receiver.ref}+cases:{grant.case_count}"
    note(event, viewer.organisation, at=now, subject=f"grant:{grant.ref}", detail=detail, actor=viewer.actor)
