"""The trace of who looked at a rendering or played a recording: a row of the trail before a byte goes out.

A page of many pictures, and a player that asks for one stretch after the other, are one look: whoever has such a row of the last minutes
gets no other. What this does not do: the row of the record's own page, which is written on each visit (`evidence.reading`).
Source: threats T26.
"""
from datetime import datetime, timedelta
from typing import Final

from accounts.viewer import Viewer
from evidence.custody import CustodyAction
from evidence.models import CustodyEvent, Evidence
from evidence.reading import note_reading

SEEN: Final = CustodyAction.VIEWED
PLAYED: Final = CustodyAction.PLAYED
ONE_LOOK = timedelta(minutes=10)


def note_looking(viewer: Viewer, record: Evidence, action: CustodyAction, *, request_id: str, now: datetime) -> None:
    """Raises RecordNotFound when no root covers the record any more, DepositBusy."""
    lately = CustodyEvent.objects.filter(
        evidence=record, event=str(action), actor=viewer.actor, organisation_ref=viewer.organisation.ref, at__gt=now - ONE_LOOK)
    if not lately.exists():
        note_reading(viewer, [record], action, request_id=request_id, now=now)
