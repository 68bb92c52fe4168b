"""Reading leaves a trace: a custody row for each record and an access row for each case, written before a byte goes out.

The rows of one reading are written together, a thousand records in a few statements (`evidence.trail`). What this does not do: answer; the
caller reads, writes here, and sends then.
Source: threats T26; issue "People and institutions" 2.
"""
from collections.abc import Mapping, Sequence
from datetime import datetime

from accounts.models import Organisation
from accounts.viewer import Viewer
from cases.models import AccessEvent
from cases.roots import Access, Root
from cases.selectors import roots_of
from cases.watching import note_accesses
from evidence.custody import CustodyAction, Happening
from evidence.errors import RecordNotFound
from evidence.granted_trails import insert_told, openings_to_tell
from evidence.models import Evidence
from evidence.trail import LOOKED_UP_AT_ONCE, append_rows, append_with_retries, circumstances_of, to_the_millisecond


def note_reading(
    viewer: Viewer, records: Sequence[Evidence], action: CustodyAction, *, request_id: str, now: datetime, signed_in: str | None = None,
    roots: Mapping[int, Access] | None = None,
) -> None:
    """Write that the viewer reads these records, which came with their cases (`records_for`), each by the first root that covers it.

    `signed_in`: how, where the request cannot tell; `roots`: what `covering` just said of them.

    Raises RecordNotFound when no root covers one of them any more, TrailBusy when too many read the same record at once.
    """
    at = to_the_millisecond(now)
    roots = covering(viewer, records, now=now) if roots is None else roots
    readings = _readings(viewer, records, roots, action, request_id=request_id, signed_in=signed_in)

    def write() -> None:
        openings = openings_to_tell(records, roots)
        append_rows({id_: [*([openings[id_][2]] if id_ in openings else []), reading] for id_, reading in readings.items()}, at=at)
        insert_told(openings)
        by_case = {record.case_id: roots[record.pk] for record in reversed(records)}
        note_accesses(viewer, by_case, AccessEvent.RECORDS, request_id=request_id, now=at)

    append_with_retries(write)


def note_viewing(viewer: Viewer, record: Evidence, *, request_id: str, now: datetime) -> None:
    """Write that somebody looked at a record's facts over the API, unless it was a machine of the record's own organisation.

    That one asks for the state of what it deposited until it is stamped, and gets nothing that it did not send.
    """
    if viewer.key is None or covering(viewer, [record], now=now)[record.pk].root != Root.OWN:
        note_reading(viewer, [record], CustodyAction.VIEWED, request_id=request_id, now=now)


def covering(viewer: Viewer, records: Sequence[Evidence], *, now: datetime) -> dict[int, Access]:
    """The first root that covers each record, by the record's id. Raises RecordNotFound when there is none."""
    cases = list({record.case_id: record.case for record in records}.values())
    roots: dict[int, list[Access]] = {}
    for first in range(0, len(cases), LOOKED_UP_AT_ONCE):
        roots |= roots_of(viewer, cases[first:first + LOOKED_UP_AT_ONCE], now=now)
    return {record.pk: _covering(record, roots[record.case_id]) for record in records}


def _covering(record: Evidence, roots: Sequence[Access]) -> Access:
    for access in roots:
        if access.covers(sequence=record.case_sequence, kind=record.kind, deposited_by=record.deposited_by_id):
            return access
    raise RecordNotFound


def _readings(
    viewer: Viewer, records: Sequence[Evidence], roots: Mapping[int, Access], action: CustodyAction, *, request_id: str,
    signed_in: str | None,
) -> dict[int, Happening]:
    """What each trail is to say, by the record's id. Whoever works on a case that was assigned to him reads for its lender."""
    assigned = {record.organisation_id for record in records if roots[record.pk].root == Root.ASSIGNED}
    lenders = dict(Organisation.objects.filter(pk__in=assigned).values_list("pk", "ref")) if assigned else {}
    how = {ref: circumstances_of(viewer, request_id=request_id, on_behalf_of=ref, signed_in=signed_in) for ref in (None, *lenders.values())}
    readings = {}
    for record in records:
        access = roots[record.pk]
        lender = lenders.get(record.organisation_id) if access.root == Root.ASSIGNED else None
        readings[record.pk] = Happening(
            action, viewer.actor, viewer.organisation.ref, how[lender], purpose=access.purpose, root=access.root)
    return readings
