"""The custody trail as people read it: who did what to a record, and when, with the digest that chains each row to the one before."""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from accounts.models import Organisation
from evidence.custody_words import actor_word, event_word
from evidence.models import CustodyEvent, CustodyHead, Evidence
from evidence.portal.state_words import Text

LONGEST = 50


@dataclass(frozen=True, slots=True)
class Step:
    """`actor` says what kind of actor it was; trails name people and keys by ids, and an id says nothing to a reader.

    `logged`: a statement in the log has this row of the trail or a later one, so it can be changed no more.
    """

    at: datetime
    what: Text
    record: str
    sequence: int
    organisation: str
    actor: Text
    purpose: str
    digest: str
    logged: bool = False


def timeline_of(records: Sequence[Evidence]) -> list[Step]:
    """The newest events of these records, the newest first."""
    numbers = {record.pk: record.record for record in records}
    rows = list(CustodyEvent.objects.filter(evidence__in=numbers).order_by("-at", "-id")[:LONGEST])
    names = dict(Organisation.objects.filter(ref__in={row.organisation_ref for row in rows}).values_list("ref", "name"))
    heads = CustodyHead.objects.filter(event__evidence__in=numbers).order_by().values_list("event__evidence")
    logged = dict(heads.annotate(until=Max("event__sequence")))
    return [
        Step(row.at, event_word(row.event), numbers[row.evidence_id], row.sequence, names.get(row.organisation_ref, ""),
             actor_word(row.actor), row.purpose or "", row.digest,
             row.sequence <= logged.get(row.evidence_id, 0))
        for row in rows
    ]
