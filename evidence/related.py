"""Relations between records (关联): which records a deposit may name, and which of a record's relations somebody may see.

A record names others of its own case: of the lender's own, and of an agency's those that are open to it. What is not open is refused in the
same words as what is not there. A relation is shown on both its records, and to whoever may see both. So are records with equal files,
which nobody has to say: the digests do.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.viewer import Viewer
from cases.models import Assignment
from cases.roots import live_assignment
from evidence.capture import DepositItem, Depositor, Related
from evidence.kinds import RELATION
from evidence.kinds.schemas import METADATA, kind_faults
from evidence.models import Evidence, EvidenceFile, Relation
from evidence.selectors import records_for
from tlog.canonical import IllegalValue

Faults = list[tuple[str, str]]
FORWARD: Mapping[str, str | Promise] = {
    "derived_from": gettext_lazy("来源于"), "corroborates": gettext_lazy("印证"),
    "replaces": gettext_lazy("替代"), "reply_to": gettext_lazy("回复"),
}
EQUAL_SHOWN = 20
BY_ITS_OWN = Q(relation=Relation.Kind.REPLACES) & (Q(source__deposited_by=None) | Q(source__deposited_by=F("target__deposited_by")))
"""Relations by which one record stands for another: an agency's replaces what it deposited itself, and nothing else of the lender's."""
BACKWARD: Mapping[str, str | Promise] = {
    "derived_from": gettext_lazy("派生出"), "corroborates": gettext_lazy("得到印证于"),
    "replaces": gettext_lazy("被替代于"), "reply_to": gettext_lazy("得到回复于"),
}


@dataclass(frozen=True, slots=True)
class RelationRow:
    """One relation as one of its records tells it: `forward` when this record is its source.

    `said_by`: the record whose claims say so, None where that one is not open to the viewer.
    """

    relation: str
    forward: bool
    record: Evidence
    said_by: str | None

    @property
    def word(self) -> str | Promise:
        return (FORWARD if self.forward else BACKWARD)[self.relation]


def relations_of(viewer: Viewer, record: Evidence, *, now: datetime) -> list[RelationRow]:
    """The relations of a record that is open to the viewer, to records that are open to him too, in the order in which they were said."""
    rows = Relation.objects.filter(Q(source=record) | Q(target=record)).order_by("id")
    found = [(row, forward, row.target_id if forward else row.source_id) for row in rows for forward in [row.source_id == record.pk]]
    seen = records_for(viewer, now=now).in_bulk({id_ for row, _forward, other in found for id_ in (other, row.said_by_id)})
    told = [RelationRow(row.relation, forward, seen[other], seen[row.said_by_id].record if row.said_by_id in seen else None)
            for row, forward, other in found if other in seen]
    return list({(each.relation, each.forward, each.record.pk): each for each in reversed(told)}.values())[::-1]


def equal_to(viewer: Viewer, record: Evidence, *, now: datetime) -> list[Evidence]:
    """Other records of the same owner that hold a file of the same bytes and are open to the viewer, the oldest first, at most EQUAL_SHOWN.

    By the owner's blind digests, so nobody learns of what is not open to him, nor that another organisation has the file.
    """
    digests = list(record.files.values_list("sha256_hmac", flat=True))
    same = EvidenceFile.objects.filter(sha256_hmac__in=digests, evidence__organisation=record.organisation_id)
    return list(records_for(viewer, now=now).filter(pk__in=same.values("evidence")).exclude(pk=record.pk).order_by("pk")[:EQUAL_SHOWN])


def with_related(depositor: Depositor, items: Sequence[DepositItem], *, now: datetime) -> list[DepositItem]:
    """The items with the rows of the relations that their metadata tell. Raises IllegalValue when one is to nothing that may be named."""
    if not any(_told(item) for item in items):
        return list(items)
    if any(related_faults(depositor, items, now=now)):
        raise IllegalValue("a relation is to no record of its case")
    known = _nameable(depositor, items, now)
    return [replace(item, related=(*item.related, *(
        Related(each["relation"], known[item.case, each["record"]]) for each in _told(item)))) for item in items]


def related_faults(depositor: Depositor, items: Sequence[DepositItem], *, now: datetime) -> list[Faults]:
    """For each item the faults of its relations, (JSON pointer within the record, sentence)."""
    known = _nameable(depositor, items, now)
    return [[
        (f"{METADATA}/relations/{number}/record", _("本案中没有存证 {record}，或者它不向您开放。").format(record=each["record"]))
        for number, each in enumerate(_told(item)) if (item.case, each["record"]) not in known] for item in items]


def relations_said(number: str, metadata: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """What the claims of this record say: (source, relation, target), by numbers; nothing of a record from before the schemas."""
    schema = metadata.get("schema")
    if not isinstance(schema, str):
        return set()
    if schema.startswith(f"{RELATION}/"):
        return {(metadata["source"], metadata["relation"], metadata["target"])}
    return {(number, each["relation"], each["record"]) for each in metadata.get("relations") or ()}


def _told(item: DepositItem) -> Sequence[Mapping[str, Any]]:
    """What the metadata tell of relations; nothing where they do not fit their kind, which is said elsewhere."""
    told = item.metadata.get("relations")
    if not isinstance(told, list) or not told or kind_faults(item.kind, item.metadata, by_service=item.by_service):
        return ()
    return told


def _nameable(depositor: Depositor, items: Sequence[DepositItem], now: datetime) -> dict[tuple[str, str], int]:
    """Ids of the records that these items may name, by the case's name with this depositor and the record's number: one query."""
    wanted = {each["record"] for item in items for each in _told(item)}
    if not wanted:
        return {}
    found = Evidence.objects.filter(record__in=wanted)
    if depositor.entrusted:
        mine = Assignment.objects.filter(live_assignment(now), entrustment__agency=depositor.organisation)
        found = found.filter(case__in=mine.values("case")).filter(
            Q(deposited_by=depositor.organisation) | Q(case__in=mine.filter(includes_all=True).values("case")))
        named = "case__ref"
    else:
        found, named = found.filter(organisation=depositor.organisation), "case__client_reference"
    return {(case, number): id_ for id_, number, case in found.values_list("pk", "record", named)}
