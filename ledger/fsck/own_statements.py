"""Own statements and incidents: each against its entry, its receipt and its claims, and every column against the claim it repeats."""
from collections.abc import Iterator

from ledger.fsck.finding import Finding
from ledger.incidents import end_claim, incident_claim
from ledger.models import Incident, IncidentEnd, LogEntry, LogQueue, OwnStatement, Receipt
from ledger.own_statements import claims_of
from ledger.selectors import entry_of, log_state
from tlog.encoding import encode_base64
from tlog.entry import verify_entry
from tlog.errors import VerificationError
from tlog.merkle import leaf_hash
from tlog.statement import parse_statement


def examine_own_statements() -> Iterator[Finding]:
    for own in OwnStatement.objects.select_related("receipt").order_by("id").iterator():
        yield from _statement(own)
    for incident in Incident.objects.select_related("statement").order_by("id").iterator():
        yield from _incident(incident)
    for end in IncidentEnd.objects.select_related("incident", "statement").order_by("id").iterator():
        yield from _repeated(f"ledger_incidentend {end.pk}", end.statement, "incident_end", end_claim(end))
    for pk in IncidentEnd.objects.exclude(incident__in=Incident.objects.all()).values_list("pk", flat=True):
        yield Finding(f"ledger_incidentend {pk}", "its incident is missing")
    for pk in OwnStatement.objects.exclude(receipt__in=Receipt.objects.all()).values_list("pk", flat=True):
        yield Finding(f"ledger_ownstatement {pk}", "its receipt is missing")
    yield from _closing()
    for own in OwnStatement.objects.filter(kind="incident", incident=None, incident_end=None).order_by("id"):
        yield Finding(f"ledger_ownstatement {own.record}", "the incident, or the end of one, that it tells of has no row")


def _closing() -> Iterator[Finding]:
    """A log that takes nothing more says so in its own last words; another time, or none, was written by somebody else."""
    said = [own.received_at for own in OwnStatement.objects.filter(kind="key") if b'"name": "closing"' in bytes(own.claims)]
    if log_state().closing_at not in (said or [None]):
        yield Finding("ledger_logstate", "closing_at is not what the log says of its closing")


def _statement(own: OwnStatement) -> Iterator[Finding]:
    where = f"ledger_ownstatement {own.record}"
    try:
        statement = parse_statement(bytes(own.statement), own.record)
        entry, _ = entry_of(own.ticket)
        verify_entry(entry, kind=own.kind, statement=bytes(own.statement))
        claims_of(own)
    except (VerificationError, LogEntry.DoesNotExist, LogQueue.DoesNotExist) as fault:
        yield Finding(where, str(fault))
        return
    if (statement.kind, statement.received_at) != (own.kind, own.received_at) or own.receipt.received_at != own.received_at:
        yield Finding(where, "kind or received_at is not the statement's, or not the receipt's")
    if f"{own.record} {encode_base64(leaf_hash(entry))}\n" not in own.receipt.text:
        yield Finding(where, "the receipt does not promise this statement")


def _incident(incident: Incident) -> Iterator[Finding]:
    where = f"ledger_incident {incident.pk}"
    if incident.episode > 1 and not Incident.objects.filter(
            code=incident.code, subject=incident.subject, episode=incident.episode - 1, end__isnull=False).exists():
        yield Finding(where, "the episode before it is missing or not over")
    yield from _repeated(where, incident.statement, "incident", incident_claim(incident))


def _repeated(where: str, own: OwnStatement | None, name: str, row: dict[str, object]) -> Iterator[Finding]:
    """The row says what its statement says. Without a statement nothing holds it: the log was closed then."""
    if own is None:
        if log_state().closing_at is None and log_state().frozen_at is None:
            yield Finding(where, "it has no statement, and the log is open")
        return
    try:
        claim = claims_of(own).get(name)
    except VerificationError as fault:
        yield Finding(where, f"its statement cannot be read: {fault}")
        return
    if claim != row:
        yield Finding(where, "it does not say what its statement says")
