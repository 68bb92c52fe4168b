"""Finding cases and records among those that are open to a viewer, by what he types and what he chooses.

What is typed is matched whole: a record number, our or the client's reference of a case, the SHA-256 of a file, or the name, identity
number or phone of a party; digests and parties through the blind indices of whoever owns the cases. Typed words are personal or
confidential and never stand in an address, so the pages send them in a body.

What this does not do: widen. Every answer is a part of `cases_for` and `records_for`.
"""
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Organisation
from accounts.permissions import Kind
from accounts.viewer import Viewer
from cases.models import Case
from cases.selectors import cases_for, cases_of_person
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
        rows = rows.filter(_case_progress(viewer, wanted.progress, now))
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


def progress_is(progress: Progress, now: datetime) -> Q:
    """Records that got just so far, as a condition on `Evidence`. Waiting ones are found from the log's end, where they are few."""
    state = log_state()
    stamped = LogEntry.objects.filter(index__lt=state.stamped_size, ticket=OuterRef("ticket"))
    logged = LogEntry.objects.filter(index__gte=state.stamped_size, index__lt=state.applied_size)
    unapplied = LogEntry.objects.filter(index__gte=state.applied_size, ticket__isnull=False)
    waiting = Q(ticket__in=LogQueue.objects.values("pk").union(unapplied.values("ticket"), all=True))
    return {
        Progress.QUEUED: waiting,
        Progress.OVERDUE: waiting & Q(receipt__include_by__lt=now),
        Progress.LOGGED: Q(ticket__in=logged.filter(ticket__isnull=False).values("ticket")),
        Progress.STAMPED: Q(Exists(stamped)),
    }[progress]


def _case_progress(viewer: Viewer, progress: Progress, now: datetime) -> Q:
    def having(step: Progress) -> Q:
        return Q(pk__in=records_for(viewer, now=now).order_by().filter(progress_is(step, now)).values("case"))

    if progress is Progress.STAMPED:
        # Of others' cases only what is open counts: that a case has records at all is told by those.
        some = Q(sequence__gt=0) if viewer.kind == Kind.LENDER else Q(pk__in=records_for(viewer, now=now).order_by().values("case"))
        return some & ~having(Progress.QUEUED) & ~having(Progress.LOGGED)
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
    for party in ({"name": text}, {"identity_number": text}, {"phone": text}):
        found |= set(cases_of_person(viewer, now=now, **party).values_list("pk", flat=True))
    return sorted(found)


def owners_for(viewer: Viewer, *, now: datetime) -> list[Organisation]:
    """The organisations of whose cases this viewer may read at least one."""
    return list(Organisation.objects.filter(Exists(cases_for(viewer, now=now).filter(organisation=OuterRef("pk")))))
