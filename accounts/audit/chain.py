"""How the rows of one organisation's audit log hang together: each names the digest of the one before.

    digest = hex SHA-256 of the canonical JSON of
             {number, organisation, at, event, actor, subject, detail, method, network, request_id, previous}

`organisation` is its ref, so that no row can be moved to another's log. A changed, removed or inserted row breaks the chain at the next;
removed newest rows disagree with the head. What this does not show: a log that was rewritten whole together with its head. An export that
somebody kept does, for it holds numbers and digests.
Pure: no database.
"""
import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Protocol

from tlog.canonical import canonical_json


class Row(Protocol):
    """What of a row is chained; an `AuditEntry` is one."""

    number: int
    at: datetime
    event: str
    actor: str
    subject: str
    detail: str
    method: str
    network: str
    request_id: str
    previous: str
    digest: str


def digest_of(row: Row, organisation_ref: str) -> str:
    """The digest that belongs to the row, in hex; the one that it carries is not looked at."""
    # Microseconds: what the database keeps, so that a row that was read back gives the same digest.
    at = row.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return hashlib.sha256(canonical_json({
        "number": row.number, "organisation": organisation_ref, "at": at, "event": row.event, "actor": row.actor, "subject": row.subject,
        "detail": row.detail, "method": row.method, "network": row.network, "request_id": row.request_id, "previous": row.previous,
    })).hexdigest()


def faults(rows: Iterable[Row], organisation_ref: str, *, head: tuple[int, str]) -> Iterator[str]:
    """What is wrong with a whole log, its rows in the order of their numbers; nothing when all is well. `head`: number and digest."""
    number, digest = 0, ""
    for row in rows:
        if row.number != number + 1:
            yield f"rows {number + 1} to {row.number - 1} are missing"
        elif row.previous != digest:
            yield f"row {row.number} does not follow the row before it"
        if digest_of(row, organisation_ref) != row.digest:
            yield f"row {row.number} is not what it was"
        number, digest = row.number, row.digest
    if (number, digest) != head:
        yield f"the log ends with row {number} and its head says {head[0]}"
