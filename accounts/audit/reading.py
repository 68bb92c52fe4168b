"""Reading the audit log: one organisation's, by period and kind, and whether it is whole.

Who may read whose: everybody with the right reads his own organisation's. Auditors read the operator's besides, for somebody must look at
those who run the service; an auditor never reads a tenant's.
"""
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from django.db.models import QuerySet

from accounts.audit.chain import faults
from accounts.models import AuditEntry, AuditHead, Organisation, Person
from accounts.permissions import Act, Kind
from accounts.viewer import Viewer

AT_ONCE = 1000


def logs_for(viewer: Viewer) -> tuple[Organisation, ...]:
    """The organisations whose log the viewer may read, his own first; () without the right."""
    if not viewer.may(Act.READ_AUDIT):
        return ()
    if viewer.kind != Kind.AUDITOR:
        return (viewer.organisation,)
    return (viewer.organisation, *Organisation.objects.filter(kind=Kind.OPERATOR))


def entries_of(
    organisation: Organisation, *, since: datetime | None, until: datetime | None, event: str = ""
) -> QuerySet[AuditEntry]:
    """Rows of its log from `since` until before `until`, of one kind if it is given, newest first."""
    rows = AuditEntry.objects.filter(organisation=organisation).order_by("-number")
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    return rows.filter(event=event) if event else rows


def page_of(rows: QuerySet[AuditEntry], *, before: int | None, size: int) -> tuple[list[AuditEntry], int | None]:
    """At most `size` rows with a smaller number than `before`, and the number to go on before; None when that is all."""
    found = list((rows if before is None else rows.filter(number__lt=before))[: size + 1])
    return found[:size], found[size - 1].number if len(found) > size else None


def oldest_first(rows: QuerySet[AuditEntry], *, up_to: int) -> Iterator[list[AuditEntry]]:
    """All of the rows up to that number, a thousand at a time: each is one short query, so that a slow reader holds no cursor open."""
    after = 0
    while found := list(rows.filter(number__gt=after, number__lte=up_to).order_by("number")[:AT_ONCE]):
        yield found
        after = found[-1].number


def names_in(organisation: Organisation, rows: Sequence[AuditEntry]) -> Mapping[str, str]:
    """By `person:` and number, what people in these rows are called, as far as they are or were members here; others stay numbers."""
    return names_of(organisation, (word for row in rows for word in (row.actor, row.subject)))


def names_of(organisation: Organisation, actors: Iterable[str]) -> Mapping[str, str]:
    """`names_in` for these words."""
    ids = {int(word.removeprefix("person:")) for word in actors if word.startswith("person:")}
    members = Person.objects.filter(pk__in=ids, memberships__organisation=organisation).distinct()
    return {f"person:{each.pk}": each.display_name for each in members}


def broken_logs() -> Iterator[tuple[str, str]]:
    """(organisation's id, what is wrong) for every log that is not what it was; nothing when all are whole."""
    heads = {head.organisation_id: (head.number, head.digest) for head in AuditHead.objects.all()}
    written = set(AuditEntry.objects.values_list("organisation_id", flat=True).distinct())
    for organisation in Organisation.objects.filter(pk__in={*heads, *written}).order_by("pk"):
        rows = AuditEntry.objects.filter(organisation=organisation).order_by("number").iterator(AT_ONCE)
        for what in faults(rows, organisation.ref, head=heads.get(organisation.pk, (0, ""))):
            yield str(organisation.pk), what
