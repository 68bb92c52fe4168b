"""Finding cases and records among those that are open to a viewer, by what he types and what he chooses.

What is typed is matched whole: a record number, our or the client's reference of a case, the SHA-256 of a file, or the name, identity
number or phone of a party; digests and parties through the blind indices of whoever owns the cases. Typed words are personal or
confidential and never stand in an address, so the pages send them in a body.

What this does not do: widen. Every answer is a part of `cases_for` and `records_for`.
"""
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet

from accounts.models import Organisation
from accounts.permissions import Kind
from accounts.viewer import Viewer
from cases.models import Case
from cases.selectors import cases_for, cases_of_person, owners_for
from evidence.models import Evidence, Supersession
from evidence.selectors import records_for
from ledger.models import LogEntry, LogQueue
from ledger.selectors import log_state
from tlog.errors import VerificationError
from tlog.record_number import normalise_record_number
from tlog.times import CHINA
from vault.search import blind_digest

# As people paste it: with the groups that our pages show, or as `sha256sum` writes it.
DIGEST = re.compile(r"(?:[0-9a-f]{8}\s?){7}[0-9a-f]{8}", re.ASCII)
CASE_REF = re.compile(r"[0-9a-f]{32}", re.ASCII)


class Progress(StrEnum):
    """How far records got, as lists can be narrowed by it; of a case's records, the one that is least far counts."""

    QUEUED = "queued"
    OVERDUE = "overdue"
    LOGGED = "logged"
    STAMPED = "stamped"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; an empty field narrows nothing. Days are China's, both ends included.

    `case` is our reference of a case, `stage` narrows cases only; `since` and `until` are about a case's opening, a record's receipt.
    `mistaken` narrows records only: to those that were marked as deposited by mistake, or to those that were not.
    """

    text: str = ""
    kind: str = ""
    progress: Progress | None = None
    since: date | None = None
    until: date | None = None
    case: str = ""
    stage: str = ""
    mistaken: bool | None = None


def cases_found(viewer: Viewer, wanted: Wanted, *, now: datetime) -> QuerySet[Case]:
    """The cases open to this viewer that are wanted, the newest first."""
    rows = cases_for(viewer, now=now).filter(_within("created_at", wanted))
    if wanted.stage:
        rows = rows.filter(stage=wanted.stage)
    if wanted.text:
        rows = rows.filter(_case_named(viewer, wanted.text.strip(), now))
    if wanted.kind:
        rows = rows.filter(pk__in=records_for(viewer, now=now).order_by().filter(kind=wanted.kind).values("case"))
    if wanted.progress is not None:
        # Of a kind that was asked for the case has a record: to look for any once more would be to go through all that is open again.
        rows = rows.filter(_case_progress(viewer, wanted.progress, now, some=not wanted.kind))
    return rows


def records_found(viewer: Viewer, wanted: Wanted, *, now: datetime) -> QuerySet[Evidence]:
    """The records open to this viewer that are wanted, the newest first."""
    rows = records_for(viewer, now=now).filter(_within("received_at", wanted))
    if wanted.case:
        rows = rows.filter(case__ref=wanted.case)
    if wanted.text:
        rows = rows.filter(_record_named(viewer, wanted.text.strip(), now))
    if wanted.mistaken is not None:
        marked = Exists(Supersession.objects.filter(superseded=OuterRef("pk")))
        rows = rows.filter(marked if wanted.mistaken else ~marked)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.progress is not None:
        rows = rows.filter(progress_is(wanted.progress, now))
    return rows


def cases_of_party(viewer: Viewer, text: str, cases: Collection[Case], *, now: datetime) -> list[int]:
    """Ids of those of these cases, open to the viewer, that this text finds by the name, identity number or phone of a party."""
    text = text.strip()
    if not text or not cases or _number(text) is not None or DIGEST.fullmatch(text.lower()):
        return []
    owners = list(Organisation.objects.filter(pk__in={case.organisation_id for case in cases}))
    return sorted(_with_party(viewer, text, owners, now, among=[case.pk for case in cases]))


def progress_is(progress: Progress, now: datetime) -> Q:
    """Records that got just so far, as a condition on `Evidence`. Waiting ones are found from the log's end, where they are few."""
    state = log_state()
    if progress is Progress.STAMPED:
        return Q(Exists(LogEntry.objects.filter(index__lt=state.stamped_size, ticket=OuterRef("ticket"))))
    if progress is Progress.LOGGED:
        logged = LogEntry.objects.filter(index__gte=state.stamped_size, index__lt=state.applied_size, ticket__isnull=False)
        return _among(logged.values("ticket"), logged)
    unapplied = LogEntry.objects.filter(index__gte=state.applied_size, ticket__isnull=False)
    waiting = _among(LogQueue.objects.values("pk").union(unapplied.values("ticket"), all=True), unapplied, LogQueue.objects.all())
    return waiting & Q(receipt__include_by__lt=now) if progress is Progress.OVERDUE else waiting


def _among(tickets: QuerySet[Any, Any], entries: QuerySet[LogEntry], queue: QuerySet[LogQueue] | None = None) -> Q:
    """Records of these tickets, which are those of `entries` and of `queue`; nothing when there are none.

    The lowest and the highest are asked first and said beside: without them PostgreSQL, which counts the conditions of row-level security
    anew for each ticket that it would look up, reads every record instead (measured: 320 ms among 300,000).
    """
    # The queue first: what leaves it meanwhile is among the entries then.
    ends = [] if queue is None else [*queue.aggregate(low=Min("pk"), high=Max("pk")).values()]
    ends += entries.aggregate(low=Min("ticket"), high=Max("ticket")).values()
    known = [end for end in ends if end is not None]
    return Q(ticket__range=(min(known), max(known)), ticket__in=tickets) if known else Q(pk__in=[])


def _case_progress(viewer: Viewer, progress: Progress, now: datetime, *, some: bool) -> Q:
    """`some`: whether it is to be asked that the case has a record at all."""

    def having(step: Progress) -> Q:
        return Q(pk__in=records_for(viewer, now=now).order_by().filter(progress_is(step, now)).values("case"))

    if progress is Progress.STAMPED:
        # Of others' cases only what is open counts: that a case has records at all is told by those.
        any_at_all = Q(sequence__gt=0) if viewer.kind == Kind.LENDER else Q(pk__in=records_for(viewer, now=now).order_by().values("case"))
        return (any_at_all if some else Q()) & ~having(Progress.QUEUED) & ~having(Progress.LOGGED)
    return having(progress)


def _within(field: str, wanted: Wanted) -> Q:
    found = Q()
    if wanted.since is not None:
        found &= Q(**{f"{field}__gte": _midnight(wanted.since)})
    if wanted.until is not None and wanted.until < date.max:
        found &= Q(**{f"{field}__lt": _midnight(wanted.until + timedelta(days=1))})
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)


def _case_named(viewer: Viewer, text: str, now: datetime) -> Q:
    records = records_for(viewer, now=now).order_by()
    if (number := _number(text)) is not None:
        return Q(pk__in=list(records.filter(record=number).values_list("case_id", flat=True)))
    if DIGEST.fullmatch(text.lower()):
        return Q(pk__in=records.filter(_has_file(viewer, text, now)).values("case"))
    return Q(pk__in=_cases_called(viewer, text, now))


def _record_named(viewer: Viewer, text: str, now: datetime) -> Q:
    if (number := _number(text)) is not None:
        return Q(record=number)
    if DIGEST.fullmatch(text.lower()):
        return _has_file(viewer, text, now)
    return Q(case__in=_cases_called(viewer, text, now))


def _number(text: str) -> str | None:
    try:
        return normalise_record_number(text)
    except VerificationError:
        return None


def _has_file(viewer: Viewer, text: str, now: datetime) -> Q:
    sha256 = bytes.fromhex("".join(text.split()))
    return Q(files__sha256_hmac__in=[blind_digest(owner.ref, sha256) for owner in owners_for(viewer, now=now)])


def _cases_called(viewer: Viewer, text: str, now: datetime) -> list[int]:
    """Ids of the cases of this name, or with a party of it; looked up first, for each has an index and one condition would use none."""
    cases, owners = cases_for(viewer, now=now), owners_for(viewer, now=now)
    found = set(cases.filter(organisation__in=owners, client_reference=text).values_list("pk", flat=True))
    if CASE_REF.fullmatch(text.lower()):
        found |= set(cases.filter(ref=text.lower()).values_list("pk", flat=True))
    return sorted(found | _with_party(viewer, text, owners, now))


def _with_party(
    viewer: Viewer, text: str, owners: list[Organisation], now: datetime, *, among: Collection[int] | None = None
) -> set[int]:
    found: set[int] = set()
    for party in ({"name": text}, {"identity_number": text}, {"phone": text}):
        cases = cases_of_person(viewer, now=now, owners=owners, **party)
        found |= set((cases if among is None else cases.filter(pk__in=among)).values_list("pk", flat=True))
    return found
