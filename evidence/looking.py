"""The trace of who looked at a rendering or played a recording, and of who was told of others' records by the page of their case or by a
list for machines: a row of the trail before a byte goes out.

A page of many pictures, and a player that asks for one stretch after the other, are one look: whoever has such a row of the last minutes
gets no other. A case's page and a list that a machine asks for again and again are one of a day (docs/adr/0023).
What this does not do: the row of the record's own page, which is written on each visit (`evidence.reading`).
Source: threats T26.
"""
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from accounts.viewer import Viewer
from evidence.custody import CustodyAction
from evidence.models import CustodyEvent, Evidence
from evidence.reading import covering, note_reading

SEEN: Final = CustodyAction.VIEWED
PLAYED: Final = CustodyAction.PLAYED
ONE_LOOK = timedelta(minutes=10)
ONE_DAY = timedelta(days=1)


def note_looking(viewer: Viewer, record: Evidence, action: CustodyAction, *, request_id: str, now: datetime) -> None:
    """Raises RecordNotFound when no root covers the record any more, TrailBusy."""
    lately = CustodyEvent.objects.filter(
        evidence=record, event=str(action), actor=viewer.actor, organisation_ref=viewer.organisation.ref, at__gt=now - ONE_LOOK)
    if not lately.exists():
        note_reading(viewer, [record], action, request_id=request_id, now=now)


def note_others(viewer: Viewer, records: Sequence[Evidence], *, request_id: str, now: datetime) -> None:
    """Write that the viewer is told of those of these records that others own: of each once a day, and anew when the root is another.

    Raises RecordNotFound when no root covers one of them any more, TrailBusy.
    """
    foreign = [record for record in records if record.organisation_id != viewer.organisation.pk]
    if not foreign:
        return
    roots = covering(viewer, foreign, now=now)
    lately = CustodyEvent.objects.filter(
        evidence__in=[record.pk for record in foreign], event=str(SEEN), actor=viewer.actor, organisation_ref=viewer.organisation.ref,
        at__gt=now - ONE_DAY)
    known = set(lately.values_list("evidence_id", "root"))
    left = [record for record in foreign if (record.pk, roots[record.pk].root.value) not in known]
    if left:
        note_reading(viewer, left, SEEN, request_id=request_id, now=now, roots=roots)
