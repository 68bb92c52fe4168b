"""Quarantine (隔离): a record's originals are not given out, because they changed or hold malware. Nothing is deleted or altered.

What begins one is the scrub (`evidence.fixity`) or a malware scan; two people of its owner end it (`evidence.releasing`), or whoever runs
the service by command, for a reason, or a repair from the second copy (`evidence.repairs`). All of it stands in the trail. That an original
is not what was deposited is an incident in the log besides, by the quarantine's own number, for a record's number opens its page. What this
does not do: mend an original; where no second copy is kept, whoever runs the service restores it from a backup, and only then is it right.
Source: design.md §3 (side states), issue 5 §3 and §4; threats T13, T15.
"""
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Person
from accounts.selectors import live_memberships
from accounts.viewer import PERSON
from evidence.custody import Circumstances, CustodyAction, Happening
from evidence.errors import NoQuarantine, OriginalQuarantined, QuarantineUnfounded, StillDamaged
from evidence.models import Evidence
from evidence.quarantine_rows import Quarantine
from evidence.trail import append_rows, append_with_retries, done_by_system, to_the_millisecond
from ledger.incidents import ORIGINAL_CHANGED, end_incident, open_incident
from notifications.kinds import RECORD_QUARANTINED, RECORD_RELEASED
from notifications.noticing import leave_notices

LONGEST_REASON = 500
REPAIRED = "restored from the second copy"
BY_REPAIR = "the original was restored from its second copy"


def quarantine_record(
    record: Evidence, *, reason: str, cause: str = Quarantine.Cause.MALWARE, now: datetime | None = None
) -> Quarantine | None:
    """Give out no original of this record any more, and tell its owner; None when it is in quarantine already.

    `reason`: what was found, in a few words of ours: it stands in the trail, and so in packages. An original that changed is an incident,
    and operators are alerted to it. Raises TrailBusy when too many write into the trail at once; nothing was written then.
    """
    at = to_the_millisecond(now or timezone.now())
    try:
        with transaction.atomic():
            made = Quarantine.objects.create(evidence=record, cause=cause, reason=reason[:LONGEST_REASON], began_at=at)
            happening = done_by_system(CustodyAction.QUARANTINED, purpose=f"{cause}: {made.reason}")
            append_with_retries(lambda: append_rows({record.pk: [happening]}, at=at))
            leave_notices([record.organisation_id], kind=RECORD_QUARANTINED, subject=record.record, now=at)
            if cause == Quarantine.Cause.FIXITY:
                open_incident(ORIGINAL_CHANGED, subject_of(made), {"quarantine": made.pk}, now=at)
    except IntegrityError:
        standing = Quarantine.objects.filter(evidence=record, ended_at=None).first()
        if standing is None:
            raise
        if cause == Quarantine.Cause.FIXITY:
            _note_change(standing, reason, at)
        return None
    return made


def _note_change(standing: Quarantine, reason: str, at: datetime) -> None:
    """An original changed that malware holds back already: the log and the trail say so once, and it stays where it is."""
    if standing.cause == Quarantine.Cause.FIXITY:
        return
    with transaction.atomic():
        if open_incident(ORIGINAL_CHANGED, subject_of(standing), {"quarantine": standing.pk}, now=at) is not None:
            happening = done_by_system(CustodyAction.QUARANTINED, purpose=f"{Quarantine.Cause.FIXITY}: {reason[:LONGEST_REASON]}")
            append_with_retries(lambda: append_rows({standing.evidence_id: [happening]}, at=at))


def release_record(record: Evidence, person: Person, *, why: str, still_damaged: bool, now: datetime) -> Quarantine:
    """Give the record's originals out again, because this person says why.

    `still_damaged`: whether an original was just now read and is not what was deposited. Raises NoQuarantine, StillDamaged,
    QuarantineUnfounded without a reason or when the person works nowhere.
    """
    held = live_memberships(person)
    if not why.strip() or len(why) > LONGEST_REASON or not held:
        raise QuarantineUnfounded(limit=LONGEST_REASON)
    if still_damaged:
        raise StillDamaged
    happening = Happening(
        CustodyAction.RELEASED, f"{PERSON}{person.pk}", held[0].organisation.ref, Circumstances("command"), purpose=why.strip())
    return end_quarantine(record, person, happening, why=why.strip(), now=now)


def end_quarantine(record: Evidence, person: Person, happening: Happening, *, why: str, now: datetime) -> Quarantine:
    """Write that it is over, by whose decision and why, with this row in the trail; whether it may be was decided. Raises NoQuarantine."""
    at = to_the_millisecond(now)
    with transaction.atomic():
        found = Quarantine.objects.filter(evidence=record, ended_at=None).first()
        ended = {"ended_at": at, "ended_by": person, "why_ended": why}
        # Of two who lift it at once one moves the row.
        if found is None or Quarantine.objects.filter(pk=found.pk, ended_at=None, began_at__lte=at).update(**ended) != 1:
            raise NoQuarantine
        append_with_retries(lambda: append_rows({record.pk: [happening]}, at=at))
        leave_notices([record.organisation_id], kind=RECORD_RELEASED, subject=record.record, now=at)
        end_incident(ORIGINAL_CHANGED, subject_of(found), how="the original is again what was deposited", now=at)
    found.refresh_from_db()
    return found


def end_after_repair(record: Evidence, *, now: datetime) -> None:
    """Give the record's originals out again, because each of them was just now read and is what was deposited, one from its second copy.

    In the repair's transaction. Malware stays where it is: a person ends that.
    """
    found = Quarantine.objects.filter(evidence=record, ended_at=None).first()
    if found is None:
        return
    if found.cause != Quarantine.Cause.FIXITY:
        end_incident(ORIGINAL_CHANGED, subject_of(found), how=BY_REPAIR, now=to_the_millisecond(now))
        return
    at = max(to_the_millisecond(now), found.began_at)
    if Quarantine.objects.filter(pk=found.pk, ended_at=None).update(ended_at=at, why_ended=REPAIRED) != 1:
        return
    append_with_retries(lambda: append_rows({record.pk: [done_by_system(CustodyAction.RELEASED, purpose=REPAIRED)]}, at=at))
    leave_notices([record.organisation_id], kind=RECORD_RELEASED, subject=record.record, now=at)
    end_incident(ORIGINAL_CHANGED, subject_of(found), how=BY_REPAIR, now=at)


def in_quarantine(ids: Collection[int]) -> frozenset[int]:
    """The ids of those records that are in quarantine: one query for a list."""
    return frozenset(Quarantine.objects.filter(evidence__in=ids, ended_at=None).values_list("evidence_id", flat=True))


def quarantined_among(records: QuerySet[Evidence]) -> QuerySet[Evidence]:
    """Those of them that are in quarantine."""
    return records.filter(pk__in=Quarantine.objects.filter(ended_at=None).values("evidence_id"))


def refuse_when_quarantined(record: Evidence) -> None:
    """Raises OriginalQuarantined."""
    if in_quarantine([record.pk]):
        raise OriginalQuarantined


def open_quarantines() -> Sequence[Quarantine]:
    """Those that nobody ended, the oldest first, with their records."""
    return list(Quarantine.objects.filter(ended_at=None).select_related("evidence").order_by("began_at", "id"))


def subject_of(quarantine: Quarantine) -> str:
    """As the public incident names it."""
    return f"quarantine/{quarantine.pk}"
