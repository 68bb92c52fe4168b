"""The custody trail as people read it: who did what to a record, and when, with the digest that chains each row to the one before."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from evidence.custody import CustodyAction
from evidence.models import CustodyEvent, Evidence
from evidence.portal.state_words import Text

LONGEST = 50
EVENTS: Mapping[str, Text] = {
    CustodyAction.INGESTED: _("受理存证"), CustodyAction.DOWNLOADED: _("取得原件"), CustodyAction.VIEWED: _("查看了存证"),
    CustodyAction.FETCHED: _("取得证据包"),
}
ACTORS: Mapping[str, Text] = {"api_key": _("接口密钥"), "person": _("人员")}


@dataclass(frozen=True, slots=True)
class Step:
    """`actor` says what kind of actor it was; trails name people and keys by ids, and an id says nothing to a reader."""

    at: datetime
    what: Text
    record: str
    sequence: int
    organisation: str
    actor: Text
    purpose: str
    digest: str


def timeline_of(records: Sequence[Evidence]) -> list[Step]:
    """The newest events of these records, the newest first."""
    numbers = {record.pk: record.record for record in records}
    rows = list(CustodyEvent.objects.filter(evidence__in=numbers).order_by("-at", "-id")[:LONGEST])
    names = dict(Organisation.objects.filter(ref__in={row.organisation_ref for row in rows}).values_list("ref", "name"))
    return [
        Step(row.at, EVENTS.get(row.event, row.event), numbers[row.evidence_id], row.sequence, names.get(row.organisation_ref, ""),
             ACTORS.get(row.actor.partition(":")[0], row.actor), row.purpose or "", row.digest)
        for row in rows
    ]
