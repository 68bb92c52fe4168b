"""Ending a quarantine (解除隔离): one person of the record's owner proposes it with a reason, another agrees, a job reads the originals.

Whoever ends one lets everybody have the originals again, courts and notaries too, and a scanner that found malware has nobody who could ask
it again: so it takes two, as a grant over a hundred cases does (`cases.granting`). What both say stands in the trail at once; the originals
are given out only when every one of them was read again and is what was deposited. An original that cannot be read just now is tried again.
What this does not do: let the operator in, who handles health and no content; `manage.py quarantine` is for whoever runs the machine.
"""
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Membership
from accounts.permissions import ROLES, Act
from accounts.viewer import PERSON, Viewer
from cases.conditions import check_person, check_second_person
from common.jobs import RetryLater, renew_lease, wake_jobs
from evidence.custody import CustodyAction, Happening
from evidence.errors import NoQuarantine, QuarantineUnfounded, RecordNotFound, ReleaseUnsuitable, ReleaseWaiting
from evidence.file_faults import CHANGED
from evidence.fixity import kept_files, scrub
from evidence.models import Evidence
from evidence.quarantine import LONGEST_REASON, end_quarantine
from evidence.quarantine_rows import Quarantine, Release
from evidence.trail import append_rows, append_with_retries, done_by_system, done_by_viewer, to_the_millisecond
from notifications.kinds import RELEASE_FAILED, RELEASE_WAITING
from notifications.noticing import leave_notices

RELEASE_RECORD = "evidence.release-record"
UNREADABLE = "original-unreadable"


def may_release(viewer: Viewer, record: Evidence) -> bool:
    """Whether this viewer may act on the record's quarantine: the evidence is his organisation's, and his role may."""
    return viewer.may(Act.RELEASE) and record.organisation_id == viewer.organisation.pk


def is_alone(viewer: Viewer) -> bool:
    """Whether nobody else at the viewer's organisation could agree to what he proposes: on a page nobody can end a quarantine then."""
    may = [role for role, permission in ROLES.items() if Act.RELEASE in permission.acts]
    held = Membership.objects.filter(organisation=viewer.organisation, role__in=may, until=None, person__deactivated_at=None)
    return not held.exclude(person=viewer.person).exists()


def quarantine_of(record: Evidence) -> Quarantine | None:
    """The one that nobody ended."""
    return Quarantine.objects.filter(evidence=record, ended_at=None).first()


def quarantines_of(viewer: Viewer) -> Sequence[Quarantine]:
    """The open quarantines of the viewer's own organisation, the oldest first, with their records."""
    rows = Quarantine.objects.filter(ended_at=None, evidence__organisation=viewer.organisation)
    return list(rows.select_related("evidence").order_by("began_at", "id"))


def waiting_for(quarantines: Sequence[Quarantine]) -> dict[int, Release]:
    """By the quarantine's id, what was proposed and is neither withdrawn nor refused, with its people; one query for a list."""
    rows = Release.objects.filter(quarantine__in=quarantines, withdrawn_at=None, failed_at=None)
    return {row.quarantine_id: row for row in rows.select_related("proposed_by", "approved_by")}


def releases_to_agree_to(viewer: Viewer) -> int:
    """How many proposals of others wait for the viewer as the second person; 0 for whoever may not agree."""
    if not viewer.may(Act.RELEASE):
        return 0
    waiting = waiting_for(quarantines_of(viewer)).values()
    return sum(each.approved_by_id is None and each.proposed_by != viewer.person for each in waiting)


def propose_release(viewer: Viewer, record: Evidence, *, reason: str, now: datetime) -> Release:
    """Ask for the end of the record's quarantine.

    Raises Forbidden, RecordNotFound for another's record, NoQuarantine, QuarantineUnfounded without a reason, ReleaseWaiting.
    """
    _check(viewer, record)
    check_person(viewer)
    why, at, found = " ".join(reason.split()), to_the_millisecond(now), quarantine_of(record)
    if not why or len(why) > LONGEST_REASON or not why.isprintable():
        raise QuarantineUnfounded(pointer="/reason", limit=LONGEST_REASON)
    if found is None:
        raise NoQuarantine
    assert viewer.person is not None, "a machine was refused above"
    try:
        with transaction.atomic():
            made = Release.objects.create(quarantine=found, reason=why, proposed_by=viewer.person, proposed_at=at)
            _note(record, done_by_viewer(viewer, CustodyAction.RELEASE_PROPOSED, purpose=why), at)
            leave_notices([record.organisation_id], kind=RELEASE_WAITING, subject=record.record, now=at)
    except IntegrityError:
        if waiting_for([found]):
            raise ReleaseWaiting from None
        raise
    return made


def approve_release(viewer: Viewer, record: Evidence, release: Release, *, now: datetime) -> None:
    """A second person agrees; the job reads the originals then.

    Raises Forbidden, RecordNotFound, SecondPersonNeeded, ReleaseUnsuitable when it was decided already.
    """
    _check(viewer, record)
    check_second_person(viewer, f"{PERSON}{release.proposed_by_id}")
    at = to_the_millisecond(now)
    with transaction.atomic():
        # Of two who decide at once one moves the row.
        if _undecided(record, release).exclude(proposed_by=viewer.person).update(approved_by=viewer.person, approved_at=at) != 1:
            raise ReleaseUnsuitable
        _note(record, done_by_viewer(viewer, CustodyAction.RELEASE_APPROVED, purpose=release.reason), at)
        wake_jobs(RELEASE_RECORD, [release.pk], now=at)


def withdraw_release(viewer: Viewer, record: Evidence, release: Release, *, now: datetime) -> None:
    """Whoever proposed it takes it back, or another one declines it. Raises Forbidden, RecordNotFound, ReleaseUnsuitable."""
    _check(viewer, record)
    check_person(viewer)
    at = to_the_millisecond(now)
    with transaction.atomic():
        if _undecided(record, release).update(withdrawn_by=viewer.person, withdrawn_at=at) != 1:
            raise ReleaseUnsuitable
        _note(record, done_by_viewer(viewer, CustodyAction.RELEASE_WITHDRAWN, purpose=release.reason), at)


def release_when_right(release_id: int) -> None:
    """The job: give the originals out again when each of them is what was deposited. Raises RetryLater while one cannot be read."""
    found = Release.objects.filter(pk=release_id, approved_by__isnull=False, failed_at=None, quarantine__ended_at=None)
    release = found.select_related("quarantine__evidence", "approved_by").first()
    if release is None or release.approved_by is None:
        return
    record, faults = release.quarantine.evidence, []
    for row in kept_files(record):
        renew_lease(RELEASE_RECORD, release_id, now=timezone.now())
        faults += [fault for _, fault in scrub([row], workers=1) if fault is not None]
    if any(not fault.startswith(CHANGED) for fault in faults):
        raise RetryLater(UNREADABLE)
    if faults:
        _fail(release, record)
        return
    happening = done_by_system(CustodyAction.RELEASED, purpose=release.reason)
    end_quarantine(record, release.approved_by, happening, why=release.reason, now=timezone.now())


def _fail(release: Release, record: Evidence) -> None:
    at = to_the_millisecond(timezone.now())
    with transaction.atomic():
        if Release.objects.filter(pk=release.pk, failed_at=None).update(failed_at=at) == 1:
            _note(record, done_by_system(CustodyAction.RELEASE_FAILED), at)
            leave_notices([record.organisation_id], kind=RELEASE_FAILED, subject=record.record, now=at)


def _check(viewer: Viewer, record: Evidence) -> None:
    viewer.must(Act.RELEASE)
    # Others may read the record by a grant; whose evidence it is decides.
    if not may_release(viewer, record):
        raise RecordNotFound


def _undecided(record: Evidence, release: Release) -> QuerySet[Release]:
    return Release.objects.filter(
        pk=release.pk, quarantine__evidence=record, quarantine__ended_at=None, approved_at=None, withdrawn_at=None, failed_at=None)


def _note(record: Evidence, happening: Happening, at: datetime) -> None:
    append_with_retries(lambda: append_rows({record.pk: [happening]}, at=at))
