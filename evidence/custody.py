"""The custody trail of a record: rows chained by digest, in the form that a package carries.

Pure. The chain is the service's own account until custody entries stand in the log.
Source: formats A5, `custody.json`.
"""
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tlog.canonical import Json, canonical_json
from tlog.times import format_time


class CustodyAction(StrEnum):
    """Closed list of events, `subject:action`."""

    INGESTED = "record:ingested"
    DOWNLOADED = "record:downloaded"


@dataclass(frozen=True, slots=True)
class CustodyRow:
    """One row; `digest` is the hex SHA-256 of the canonical JSON of all other fields, `previous` that of the row before."""

    sequence: int
    at: datetime
    event: str
    actor: str
    organisation: str
    purpose: str | None
    previous: str | None
    digest: str = ""

    def as_json(self) -> dict[str, Json]:
        return {
            "sequence": self.sequence, "at": format_time(self.at), "event": self.event, "actor": self.actor,
            "organisation": self.organisation, "purpose": self.purpose, "previous": self.previous, "digest": self.digest,
        }

    def computed_digest(self) -> str:
        body = self.as_json()
        del body["digest"]
        return hashlib.sha256(canonical_json(body)).hexdigest()


def first_row(*, at: datetime, actor: str, organisation: str) -> CustodyRow:
    """The row that every trail begins with."""
    return next_row(None, at=at, event=CustodyAction.INGESTED, actor=actor, organisation=organisation)


def next_row(
    last: CustodyRow | None, *, at: datetime, event: CustodyAction, actor: str, organisation: str, purpose: str | None = None
) -> CustodyRow:
    """The row after `last` (None: the first one)."""
    sequence, previous = (1, None) if last is None else (last.sequence + 1, last.digest)
    row = CustodyRow(sequence, at, str(event), actor, organisation, purpose, previous)
    return replace(row, digest=row.computed_digest())


def custody_json(rows: Sequence[CustodyRow]) -> bytes:
    """`custody.json` of a package."""
    return canonical_json([row.as_json() for row in rows])
