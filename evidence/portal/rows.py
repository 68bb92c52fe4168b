"""Rows of the console's tables: what a list shows of each case and each record, with a handful of queries for a whole page."""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Count, Max, QuerySet, Sum

from accounts.viewer import Viewer
from cases.models import Case
from cases.portal.words import STAGES
from evidence.batch_rows import DepositBatch
from evidence.corrections import corrections_among
from evidence.errors import ClaimsErased
from evidence.facts import states_of
from evidence.kinds import kind_word
from evidence.kinds.words import Word, missing_from
from evidence.models import Evidence
from evidence.portal.state_words import STATES, Text
from evidence.selectors import claims_of, records_for
from tlog.claims import parse_claim
from tlog.errors import VerificationError
from vault.errors import KeyUnavailable

PAGE = 50
Row = TypeVar("Row", Case, Evidence, DepositBatch)
TONES = {"RECEIVED": "wait", "COMMITTED": "wait", "WITNESSED": "wait", "TIMESTAMPED": "good", "QUARANTINED": "bad"}


@dataclass(frozen=True, slots=True)
class Chip:
    tone: str
    word: Text


@dataclass(frozen=True, slots=True)
class CaseRow:
    """`records` of the case that the viewer may read; the newest of them, None while there is none."""

    case: Case
    records: int
    newest_at: datetime | None
    chip: Chip | None

    @property
    def stage(self) -> Text:
        return STAGES[Case.Stage(self.case.stage)]


@dataclass(frozen=True, slots=True)
class Mark:
    """误存: the record that says so, and the one that stands for the mistaken one; None when none does."""

    correction: str
    replaced_by: str | None


@dataclass(frozen=True, slots=True)
class RecordRow:
    """`title` is None when the content was erased or cannot be read; `files` and `size_bytes` are those of the deposit all the same.

    `mark` is None for a record that stands. `missing`: what the record does not tell of where it comes from.
    """

    record: Evidence
    title: str | None
    kind: Text
    files: int
    size_bytes: int
    chip: Chip
    mark: Mark | None = None
    missing: Sequence[Word] = ()


def chip_of(state: str) -> Chip:
    """The chip of a derived state."""
    return Chip(TONES[state], STATES[state])


def case_rows(viewer: Viewer, cases: Sequence[Case], *, now: datetime) -> list[CaseRow]:
    """The rows of these cases, which must be open to the viewer."""
    open_to = records_for(viewer, now=now).order_by().filter(case__in=[case.pk for case in cases])
    counted = {case: (count, newest) for case, count, newest in open_to.values_list("case").annotate(Count("pk"), Max("pk"))}
    newest = {row.pk: row for row in Evidence.objects.filter(pk__in=[pk for _, pk in counted.values()]).only("ticket", "received_at")}
    states = states_of([row.ticket for row in newest.values()])
    rows = []
    for case in cases:
        count, pk = counted.get(case.pk, (0, None))
        last = newest.get(pk)
        row = CaseRow(case, count, None, None) if last is None else CaseRow(case, count, last.received_at, chip_of(states[last.ticket]))
        rows.append(row)
    return rows


def record_rows(records: Sequence[Evidence]) -> list[RecordRow]:
    """The rows of these records."""
    states = states_of([record.ticket for record in records])
    sizes = {pk: (files, size) for pk, files, size in Evidence.objects.filter(pk__in=[record.pk for record in records])
             .values_list("pk").annotate(Count("files"), Sum("files__size_bytes"))}
    marks = {pk: Mark(correction, replaced_by) for pk, correction, replaced_by in corrections_among(records)}
    return [
        RecordRow(record, title, kind_word(record.kind), *sizes[record.pk], chip_of(states[record.ticket]), marks.get(record.pk), missing)
        for record in records for title, missing in [_told(record)]]


def _told(record: Evidence) -> tuple[str | None, Sequence[Word]]:
    """The title that the depositor gave, and what is missing of where the record comes from; None and nothing when the content was erased.

    One damaged row, which `fsck` names, or the key of one lender that is away must not close a list that tells of others, too.
    """
    try:
        claims = {claim.name: claim.data for claim in claims_of(record) if claim.name in ("subject", "provenance")}
        subject, provenance = (parse_claim(name, claims[name]) for name in ("subject", "provenance"))
    except (ClaimsErased, KeyUnavailable, VerificationError):
        return None, ()
    assert isinstance(subject, dict)
    assert isinstance(provenance, dict)
    return str(subject["title"]), missing_from(record.kind, provenance)


def page_of(rows: QuerySet[Row], after: int | None) -> tuple[list[Row], bool]:
    """One page behind the row with this id, and whether there is another."""
    found = list((rows if after is None else rows.filter(pk__lt=after))[: PAGE + 1])
    return found[:PAGE], len(found) > PAGE
