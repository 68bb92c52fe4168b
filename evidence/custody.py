"""The custody trail of a record: rows chained by digest, in the form that a package carries.

Pure. The chain is the service's own account until custody entries stand in the log. A row of a reading has a root of access, by which
the reader saw the record. A5 knows no such field, and verifiers refuse what it does not know: the root stands before the purpose, in the
text that the digest covers, and every digest ever computed stays what it is.
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
    VIEWED = "record:viewed"
    FETCHED = "record:fetched"


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
    root: str | None = None

    def as_json(self) -> dict[str, Json]:
        return {
            "sequence": self.sequence, "at": format_time(self.at), "event": self.event, "actor": self.actor,
            "organisation": self.organisation, "purpose": self.told_purpose, "previous": self.previous, "digest": self.digest,
        }

    @property
    def told_purpose(self) -> str | None:
        """`granted: 代理诉讼`; `own` where one's own work is the purpose; the purpose alone in a row without a root."""
        return self.purpose if self.root is None else self.root if self.purpose is None else f"{self.root}: {self.purpose}"

    def computed_digest(self) -> str:
        body = self.as_json()
        del body["digest"]
        return hashlib.sha256(canonical_json(body)).hexdigest()


def first_row(*, at: datetime, actor: str, organisation: str) -> CustodyRow:
    """The row that every trail begins with."""
    return next_row(None, at=at, event=CustodyAction.INGESTED, actor=actor, organisation=organisation)


def next_row(
    last: CustodyRow | None, *, at: datetime, event: CustodyAction, actor: str, organisation: str, purpose: str | None = None,
    root: str | None = None,
) -> CustodyRow:
    """The row after `last` (None: the first one), of which sequence and digest are read. `root`: of a reading."""
    sequence, previous = (1, None) if last is None else (last.sequence + 1, last.digest)
    row = CustodyRow(sequence, at, str(event), actor, organisation, purpose, previous, root=root)
    return replace(row, digest=row.computed_digest())


def custody_json(rows: Sequence[CustodyRow]) -> bytes:
    """`custody.json` of a package."""
    return canonical_json([row.as_json() for row in rows])
