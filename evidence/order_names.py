"""The cases that a court names on an order as it knows them: by our id, by the number of a record, or by a lender's own reference.

Of a name that is no lender's case, and of a case of another lender than the one that the order names, the court learns the same: that there
is no such case; whoever tries names leaves a row in the court's audit log. What this does not do: judge the order (`cases.orders`).
"""
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.models import Organisation
from accounts.permissions import Kind
from accounts.selectors import REF
from accounts.viewer import Viewer
from cases.conditions import MOST_CASES, MOST_WORDS
from cases.errors import CasesMissing, NamedCasesUnknown
from cases.models import Case
from cases.selectors import BETWEEN
from common.tenancy import opened
from evidence.models import Evidence
from tlog.errors import VerificationError
from tlog.record_number import normalise_record_number


def ordered_refs(lines: Sequence[str], lender: str) -> list[str]:
    """The refs of the cases that these lines name, each once. `lender`: the ref of the organisation whose references stand there, or "".

    A line may name several, between spaces or commas, where it is no reference as a whole. Raises CasesMissing (none, or too many),
    NamedCasesUnknown, which says which words.
    """
    words = [(line, [word for word in BETWEEN.split(line) if word]) for line in map(str.strip, lines)]
    if not 0 < sum(bool(line) for line, _ in words) <= MOST_CASES or sum(len(parts) for _, parts in words) > MOST_WORDS:
        raise CasesMissing(limit=MOST_CASES, pointer="/cases")
    known = _known({name for line, parts in words for name in (line, *parts) if name and "\0" not in name}, lender)
    found: list[str] = []
    unknown: list[tuple[int, str]] = []
    for place, (line, parts) in enumerate(words, 1):
        for name in [line] if line in known else parts:
            if name in known:
                found.append(known[name])
            else:
                unknown.append((place, name))
    if unknown:
        raise NamedCasesUnknown(unknown)
    return list(dict.fromkeys(found))


def note_unknown(viewer: Viewer, refused: NamedCasesUnknown, *, now: datetime) -> None:
    """That somebody named cases that are none: how many, and never which."""
    with transaction.atomic():
        note(Event.ORDER_NAMES_UNKNOWN, viewer.organisation, at=now, detail=f"cases:{len(refused.unknown)}", actor=viewer.actor)


def _known(names: set[str], lender: str) -> Mapping[str, str]:
    """Of these names those that are a case, with its ref; by the first of the three ways that fits."""
    refs = {name: name.lower() for name in names if REF.fullmatch(name.lower())}
    numbers = {name: number for name in names - refs.keys() if (number := _record_number(name)) is not None}
    lenders = Organisation.objects.filter(ref=lender if REF.fullmatch(lender) else "", kind=Kind.LENDER)
    owner = lenders.values_list("pk", flat=True).first()
    there, of_records = _there(set(refs.values())), _of_records(set(numbers.values()))
    by_reference = {} if owner is None else _by_reference(owner, names)
    return {
        **by_reference, **{name: of_records[number] for name, number in numbers.items() if number in of_records},
        **{name: ref for name, ref in refs.items() if ref in there}}


def _record_number(name: str) -> str | None:
    try:
        return normalise_record_number(name)
    except VerificationError:
        return None


def _there(refs: set[str]) -> set[str]:
    with opened(cases=",".join(sorted(refs))):
        return set(Case.objects.filter(ref__in=refs, organisation__kind=Kind.LENDER).values_list("ref", flat=True))


def _of_records(numbers: set[str]) -> dict[str, str]:
    if connection.vendor == "postgresql":
        return _told("SELECT name, ref FROM cunzheng_cases_of_records(%s)", [sorted(numbers)])
    return dict(Evidence.objects.filter(record__in=numbers, case__organisation__kind=Kind.LENDER).values_list("record", "case__ref"))


def _by_reference(owner: int, names: set[str]) -> dict[str, str]:
    if connection.vendor == "postgresql":
        return _told("SELECT name, ref FROM cunzheng_cases_named(%s, %s)", [owner, sorted(names)])
    return dict(Case.objects.filter(organisation=owner, client_reference__in=names).values_list("client_reference", "ref"))


def _told(query: str, values: Sequence[int | list[str]]) -> dict[str, str]:
    """Row-level security hides the rows; functions of their owner tell the ref (evidence migration 0014)."""
    with connection.cursor() as cursor:
        cursor.execute(query, list(values))
        return {str(name): str(ref) for name, ref in cursor.fetchall()}
