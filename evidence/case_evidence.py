"""A case's records as completeness looks at them: those that are open to the viewer and stand, with the few facts that matter.

Of each kind the newest are read, a bounded number: for whether a thing is there, and stands alone, the thousandth message says no more than
the twentieth. What was deposited by mistake (误存) does not count, and for what was replaced (替代) its replacement does.
"""
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from accounts.viewer import Viewer
from cases.models import Case
from cases.selectors import CaseFile
from evidence.completeness import PROCEDURES, Exhibit, Found, Word, completeness
from evidence.errors import ClaimsErased
from evidence.kinds.words import CARRIER
from evidence.models import Evidence, Relation
from evidence.quarantine import in_quarantine
from evidence.related import BY_ITS_OWN
from evidence.selectors import claims_of, records_for
from tlog.errors import VerificationError
from tlog.times import CHINA

OF_EACH_KIND = 20
ASKED_FOR = sorted({kind for _word, needs in PROCEDURES.values() for need in needs for kind in need.kinds})
BACKS = ("corroborates", "derived_from")


class Panel(NamedTuple):
    """A procedure with its needs, and how many of them are in each state."""

    procedure: str
    word: Word
    needs: Sequence[Found]

    def count(self, state: str) -> int:
        return sum(each.state == state for each in self.needs)

    @property
    def present(self) -> int:
        return self.count("present")

    @property
    def weak(self) -> int:
        return self.count("weak")

    @property
    def missing(self) -> int:
        return self.count("missing")


def panels_of(viewer: Viewer, file: CaseFile, records: Sequence[Evidence], *, now: datetime) -> list[Panel]:
    """Each procedure with how these records of the case (`records_that_count`) meet it, as far as its file is open; law of today in China.

    It is told from their sealed claims: of others' records there is a row of it first, which the callers write.
    """
    exhibits, day, assigned = exhibits_of(viewer, records, now=now), now.astimezone(CHINA).date(), len(file.facts.sides) > 1
    return [Panel(name, word, completeness(name, exhibits, day=day, assigned=assigned)) for name, (word, _needs) in PROCEDURES.items()]


def records_that_count(viewer: Viewer, case: Case, *, now: datetime) -> list[Evidence]:
    """Those of the case's records that are open to the viewer, stand and are of a kind that is asked for, the newest of each kind first."""
    standing = records_for(viewer, now=now).filter(case=case, supersessions=None)
    standing = standing.exclude(pk__in=_replaced(standing))
    held = set(standing.order_by().filter(kind__in=ASKED_FOR).values_list("kind", flat=True).distinct())
    return [record for kind in ASKED_FOR if kind in held for record in standing.filter(kind=kind)[:OF_EACH_KIND]]


def exhibits_of(viewer: Viewer, records: Sequence[Evidence], *, now: datetime) -> list[Exhibit]:
    """These records as completeness looks at them, in their order."""
    backed, away = _backed(viewer, records, now), in_quarantine([record.pk for record in records])
    made = (_exhibit(record, corroborated=record.pk in backed, quarantined=record.pk in away) for record in records)
    return [exhibit for exhibit in made if exhibit is not None]


def _replaced(standing: QuerySet[Evidence]) -> set[int]:
    """Ids of those that another one of them replaces.

    The last of a chain stands for all before it, and of a ring none stands for another.
    """
    rows = Relation.objects.filter(BY_ITS_OWN, source__in=standing.order_by(), target__in=standing.order_by())
    after: dict[int, set[int]] = {}
    for source, target in rows.values_list("source_id", "target_id"):
        after.setdefault(target, set()).add(source)
    return {target for target in after if _has_an_end(target, after)}


def _has_an_end(target: int, after: Mapping[int, set[int]]) -> bool:
    """Whether what replaces this, and what replaces that in turn, comes to one that nothing replaces."""
    seen: set[int] = set()
    waiting = [target]
    while waiting:
        here = waiting.pop()
        if here not in after:
            return True
        if here not in seen:
            seen.add(here)
            waiting += after[here]
    return False


def _backed(viewer: Viewer, records: Sequence[Evidence], now: datetime) -> set[int]:
    """Ids of those of which a relation says that a record of another kind, open to the viewer, corroborates them or is their source.

    Two of one kind have one weakness: a second screenshot does not say more for the first.
    """
    kinds = {record.pk: record.kind for record in records}
    said = Relation.objects.filter(Q(source__in=kinds) | Q(target__in=kinds), relation__in=BACKS)
    rows = list(said.values_list("source_id", "relation", "target_id"))
    pairs = [(source, target) for source, _relation, target in rows]
    pairs += [(target, source) for source, relation, target in rows if relation == "corroborates"]
    others = records_for(viewer, now=now).filter(pk__in={other for _one, other in pairs}, supersessions=None)
    seen = dict(others.values_list("pk", "kind"))
    for away in in_quarantine(seen):
        del seen[away]
    return {one for one, other in pairs if other in seen and seen[other] != kinds.get(one)}


def _exhibit(record: Evidence, *, corroborated: bool, quarantined: bool) -> Exhibit | None:
    """None where the content was erased or cannot be read: what nobody can show does not count."""
    try:
        values: Mapping[str, Any] = {
            claim.name: json.loads(claim.data)["value"] for claim in claims_of(record) if claim.name in ("subject", "provenance")}
    except (ClaimsErased, VerificationError):
        return None
    environment = values["provenance"].get("environment") or {}
    return Exhibit(record.record, record.kind, values["subject"]["metadata"], bool(environment.get(CARRIER)), corroborated, quarantined)
