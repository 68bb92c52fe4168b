"""Writing the audit log: in the transaction of the act itself, so that neither is there without the other.

Rows of one organisation are written one after another: whoever writes holds the log's head until he commits. Whoever writes to several
takes them in the order of their ids, so that no two wait for each other.
"""
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from accounts.audit.chain import digest_of
from accounts.audit.events import Event
from accounts.audit.source import source
from accounts.models import AuditEntry, AuditHead, Organisation, Person
from accounts.permissions import Kind
from accounts.selectors import live_memberships


def note(
    event: Event, organisation: Organisation, *, at: datetime, subject: str = "", detail: str = "", actor: str | None = None,
    method: str | None = None,
) -> None:
    """One row at the end of the organisation's log, in the caller's transaction. `actor`, `method`: what the request does not know."""
    assert connection.in_atomic_block, "an audit row stands and falls with the act"
    AuditHead.objects.get_or_create(organisation=organisation, defaults={"number": 0, "digest": ""})
    head, by = AuditHead.objects.select_for_update().get(organisation=organisation), source()
    entry = AuditEntry(
        organisation=organisation, number=head.number + 1, at=at, event=event, actor=by.actor if actor is None else actor, subject=subject,
        detail=detail, method=by.method if method is None else method, network=by.network, request_id=by.request_id, previous=head.digest)
    entry.digest = digest_of(entry, organisation.ref)
    moved = AuditHead.objects.filter(pk=head.pk, number=head.number).update(number=entry.number, digest=entry.digest)
    assert moved == 1, "the head was locked"
    entry.save()


def hold_logs(organisations: Iterable[Organisation]) -> None:
    """In the caller's transaction, before it notes in several of these logs in an order of its own: their heads, in the order of ids."""
    for organisation in sorted(organisations, key=lambda each: each.pk):
        AuditHead.objects.get_or_create(organisation=organisation, defaults={"number": 0, "digest": ""})
        AuditHead.objects.select_for_update().get(organisation=organisation)


def note_with_operator(event: Event, organisation: Organisation, *, at: datetime, detail: str = "", actor: str | None = None) -> None:
    """A row about an organisation in its own log and in the operator's: auditors read the operator's and no tenant's. Else as `note`."""
    for log in sorted({organisation, *Organisation.objects.filter(kind=Kind.OPERATOR)}, key=lambda each: each.pk):
        note(event, log, at=at, subject=f"organisation:{organisation.ref}", detail=detail, actor=actor)


def note_about(
    person: Person, event: Event, *, at: datetime, subject: str = "", detail: str = "", actor: str | None = None, method: str | None = None
) -> None:
    """A row about somebody in the log of each organisation where he works; in the operator's when he works nowhere. Else as `note`."""
    for organisation in places_of(person):
        note(event, organisation, at=at, subject=subject or f"person:{person.pk}", detail=detail, actor=actor, method=method)


def places_of(person: Person) -> Sequence[Organisation]:
    """Where what happens to somebody is noted, in the order of ids."""
    places = {each.organisation_id: each.organisation for each in live_memberships(person)}
    if not places:
        places = {each.pk: each for each in Organisation.objects.filter(kind=Kind.OPERATOR)}
    return [organisation for _, organisation in sorted(places.items())]
