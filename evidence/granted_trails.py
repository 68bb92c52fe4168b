"""Grants, assignments, accepted matters and orders in the trails of records: when somebody first reads a record by one, its trail says by
which and who opened it, and later that somebody ended it.

One act opens up to ten thousand cases, and most of their records are never looked at: a row in each trail at once would be a hundred
thousand rows that say nothing of what happened. Who opened what, read or not, is in the audit log of whoever did (docs/adr/0022). An
entrustment is told with the assignment under it, and its end ends them all.
What this does not do: decide whether a paper works; `cases.roots` does. One that runs out ends as its first row says.
"""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from cases.models import Assignment, Grant, Matter, Order
from cases.roots import Access, Root
from common.bulk import Insert, insert_all
from common.failpoints import reached
from evidence.custody import SYSTEM, Circumstances, CustodyAction, Happening
from evidence.models import PAPERS, Evidence, GrantedTrail
from evidence.trail import append_rows, append_with_retries, to_the_millisecond
from tlog.times import format_time

MOST = 1000
"""Trails in one transaction of `note_ended`."""
OF_ROOT: Mapping[Root, str] = {Root.GRANTED: "grant", Root.ASSIGNED: "assignment", Root.ACCEPTED: "matter", Root.ORDERED: "order"}
ENDED: Mapping[str, Q] = {
    "grant": Q(grant__revoked_at__isnull=False),
    "assignment": Q(assignment__withdrawn_at__isnull=False) | Q(assignment__entrustment__ended_at__isnull=False),
    "matter": Q(matter__closed_at__isnull=False), "order": Q(order__ended_at__isnull=False)}
Paper = Grant | Assignment | Matter | Order
Openings = dict[int, tuple[str, int, Happening]]


@dataclass(frozen=True, slots=True)
class Told:
    """What the rows of one paper say. `opener`: the organisation that opened, or ended; `until` None: as long as nobody ends it."""

    name: str
    opener: str
    opened_at: datetime | None
    opened_by: str
    until: datetime | None
    purpose: str
    ended_at: datetime | None
    ended_by: str


def openings_to_tell(records: Sequence[Evidence], roots: Mapping[int, Access]) -> Openings:
    """Of records that are read by a paper of which their trail does not know: its column, its id and the row, by the record's id."""
    found: Openings = {}
    for root, column in OF_ROOT.items():
        wanted = {record.pk: paper_id for record in records
                  if (access := roots[record.pk]).root == root and (paper_id := access.paper_id) is not None}
        if not wanted:
            continue
        known = set(GrantedTrail.objects.filter(**{"evidence__in": wanted, f"{column}__in": set(wanted.values())}).values_list(
            "evidence_id", f"{column}_id"))
        left = {id_: paper_id for id_, paper_id in wanted.items() if (id_, paper_id) not in known}
        rows = {paper.pk: _granted(_told(paper)) for paper in _papers(column, set(left.values()))}
        found |= {id_: (column, paper_id, rows[paper_id]) for id_, paper_id in left.items()}
    return found


def insert_told(openings: Openings) -> None:
    """In the transaction of the rows: the trails of these records know of their papers from now on."""
    for each in PAPERS:
        rows = [(id_, paper_id) for id_, (column, paper_id, _) in sorted(openings.items()) if column == each]
        if rows:
            insert_all([Insert(GrantedTrail, ("evidence_id", f"{each}_id"), rows)])


def note_ended(*, now: datetime) -> int:
    """Into trails that know of a paper which somebody ended: that he did; how many there were. At most `MOST` in one call."""
    return next((count for column in PAPERS if (count := _note_ended(column, now))), 0)


def note_ends() -> None:
    """All that are due. What a kill leaves is due still."""
    while note_ended(now=timezone.now()):
        pass


def _note_ended(column: str, now: datetime) -> int:
    with transaction.atomic():
        rows = GrantedTrail.objects.filter(ENDED[column], **{"ended_at": None, f"{column}__isnull": False})
        due = list(rows.order_by("evidence_id", "id").values_list("pk", "evidence_id", f"{column}_id")[:MOST])
        if not due:
            return 0
        told = {paper.pk: _revoked(_told(paper)) for paper in _papers(column, {paper_id for _, _, paper_id in due})}
        happenings: dict[int, list[Happening]] = {}
        for _, evidence_id, paper_id in due:
            happenings.setdefault(evidence_id, []).append(told[paper_id])
        append_with_retries(lambda: append_rows(happenings, at=to_the_millisecond(now)))
        GrantedTrail.objects.filter(pk__in=[pk for pk, *_ in due], ended_at=None).update(ended_at=now)
        reached("evidence.ends-before-commit")
    return len(due)


def _papers(column: str, ids: set[int]) -> Iterable[Paper]:
    papers: Mapping[str, QuerySet[Grant] | QuerySet[Assignment] | QuerySet[Matter] | QuerySet[Order]] = {
        "grant": Grant.objects.select_related("lender", "receiver"),
        "assignment": Assignment.objects.select_related("entrustment__lender", "entrustment__agency"),
        "matter": Matter.objects.select_related("institution"), "order": Order.objects.select_related("court")}
    return papers[column].filter(pk__in=ids)


def _told(paper: Paper) -> Told:
    if isinstance(paper, Grant):
        return Told(f"grant {paper.ref} to {paper.receiver.ref}", paper.lender.ref, paper.created_at, paper.granted_by, paper.ends_at,
                    paper.purpose, paper.revoked_at, paper.revoked_by)
    if isinstance(paper, Assignment):
        contract = paper.entrustment
        ended = (paper.withdrawn_at, paper.withdrawn_by) if paper.withdrawn_at is not None else (contract.ended_at, contract.ended_by)
        name = f"assignment {paper.ref} under entrustment {contract.ref} to {contract.agency.ref}"
        return Told(name, contract.lender.ref, paper.assigned_at, paper.assigned_by, contract.ends_at, contract.scope, *ended)
    if isinstance(paper, Matter):
        return Told(f"matter {paper.ref} at {paper.institution.ref}", paper.institution.ref, paper.accepted_at, paper.accepted_by,
                    paper.open_until, paper.purpose, paper.closed_at, paper.closed_by)
    return Told(f"order {paper.ref} of {paper.court.ref}", paper.court.ref, paper.opened_at, paper.opened_by, paper.ends_at,
                f"{paper.number} {paper.scope}", paper.ended_at, paper.ended_by)


def _granted(told: Told) -> Happening:
    assert told.opened_at is not None
    until = "" if told.until is None else f", until {_time(told.until)}"
    return _row(CustodyAction.GRANTED, told, f"{told.name}, {_time(told.opened_at)} by {told.opened_by}{until}: {told.purpose}")


def _revoked(told: Told) -> Happening:
    assert told.ended_at is not None
    # A matter that is closed stays in the institution's files for a time, and open to it as long.
    until = f", until {_time(told.until)}" if told.until is not None and told.name.startswith("matter") else ""
    return _row(CustodyAction.REVOKED, told, f"{told.name}, {_time(told.ended_at)} by {told.ended_by}{until}")


def _row(action: CustodyAction, told: Told, purpose: str) -> Happening:
    # The service writes it, when somebody reads or a while after; on behalf of whoever opened.
    return Happening(action, SYSTEM, SYSTEM, Circumstances("none", on_behalf_of=told.opener), purpose)


def _time(moment: datetime) -> str:
    return format_time(to_the_millisecond(moment))
