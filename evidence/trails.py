"""Rows that follow the first one of a custody trail."""
from datetime import datetime

from accounts.viewer import Viewer
from evidence.custody import CustodyAction, next_row
from evidence.models import CustodyEvent, Evidence
from evidence.selectors import custody_of


def append_event(record: Evidence, action: CustodyAction, viewer: Viewer, *, now: datetime) -> None:
    """Add one row at the end of the record's trail, inside the caller's transaction.

    Raises IntegrityError when another row took the place first.
    """
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    Evidence.objects.select_for_update().get(pk=record.pk)  # whoever comes next waits for this row
    last = custody_of(record)[-1]
    row = next_row(last, at=at, event=action, actor=viewer.actor, organisation=viewer.organisation.ref)
    CustodyEvent(
        evidence=record, sequence=row.sequence, at=row.at, event=row.event, actor=row.actor, organisation_ref=row.organisation,
        purpose=row.purpose, previous=row.previous, digest=row.digest).save()
