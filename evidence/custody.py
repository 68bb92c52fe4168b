"""The custody trail of a record: rows chained by digest, in the form that a package carries.

Pure. A row of a reading has a root of access, by which the reader saw the record; every row since the second form has facts beside: in
which role, how he had signed in, on whose behalf, by which request. A5 knows no such fields, and verifiers refuse what they do not know:
all of it stands in the purpose, in the text that the digest covers, and every digest ever computed stays what it is (docs/adr/0022).
What this does not do: say that a row is in the log (`evidence.custody_batches`).
Source: formats A5, `custody.json`.
"""
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tlog.canonical import Json, canonical_json
from tlog.times import format_time

SYSTEM = "system"
"""Actor and organisation of what the service did itself (formats A5)."""
PUBLIC = "public"
"""Actor and organisation of whoever came without a credential, with a record number and a digest alone."""


class CustodyAction(StrEnum):
    """Closed list of events, `subject:action`. Written into rows that never change: one may be added, none is renamed."""

    CAPTURED = "record:captured"
    INGESTED = "record:ingested"
    DIGESTED = "record:digested"
    VIEWED = "record:viewed"
    PLAYED = "record:played"
    DOWNLOADED = "record:downloaded"
    FETCHED = "record:fetched"
    DISCLOSED = "record:disclosed"
    VERIFIED = "record:verified"
    CHECKED = "record:checked"
    RENDERED = "record:rendered"
    SUPERSEDED = "record:superseded"
    QUARANTINED = "record:quarantined"
    RELEASED = "record:released"
    REPAIRED = "record:repaired"
    RELEASE_PROPOSED = "release:proposed"
    RELEASE_APPROVED = "release:approved"
    RELEASE_WITHDRAWN = "release:withdrawn"
    RELEASE_FAILED = "release:failed"
    GRANTED = "access:granted"
    REVOKED = "access:revoked"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How somebody acted. `signed_in`: `api_key`, `password+totp`, `none` …; None in the others: nothing of the kind."""

    signed_in: str
    role: str | None = None
    on_behalf_of: str | None = None
    request_id: str | None = None

    def as_text(self) -> str:
        """One line, whatever the values hold: canonical JSON has no line break."""
        return canonical_json({
            "form": 2, "on_behalf_of": self.on_behalf_of, "request": self.request_id, "role": self.role, "signed_in": self.signed_in,
        }).decode()


SELF = Circumstances("none")
"""Of the service, which acts for itself and signs in nowhere."""


@dataclass(frozen=True, slots=True)
class Happening:
    """What is to be written into a trail: all of a row but its place and its time."""

    event: CustodyAction
    actor: str
    organisation: str
    circumstances: Circumstances
    purpose: str | None = None
    root: str | None = None


@dataclass(frozen=True, slots=True)
class CustodyRow:
    """One row; `digest` is the hex SHA-256 of the canonical JSON of all other fields, `previous` that of the row before.

    `circumstances` is None in rows of the first form.
    """

    sequence: int
    at: datetime
    event: str
    actor: str
    organisation: str
    purpose: str | None
    previous: str | None
    digest: str = ""
    root: str | None = None
    circumstances: Circumstances | None = None

    def as_json(self) -> dict[str, Json]:
        return {
            "sequence": self.sequence, "at": format_time(self.at), "event": self.event, "actor": self.actor,
            "organisation": self.organisation, "purpose": self.told_purpose, "previous": self.previous, "digest": self.digest,
        }

    @property
    def told_purpose(self) -> str | None:
        """`granted: 代理诉讼`; `own` where one's own work is the purpose; the purpose alone in a row without a root.

        In a row of the second form the circumstances follow as the last line.
        """
        told = self.purpose if self.root is None else self.root if self.purpose is None else f"{self.root}: {self.purpose}"
        if self.circumstances is None:
            return told
        facts = self.circumstances.as_text()
        return facts if told is None else f"{told}\n{facts}"

    def computed_digest(self) -> str:
        body = self.as_json()
        del body["digest"]
        return hashlib.sha256(canonical_json(body)).hexdigest()


def row_after(last: CustodyRow | None, happening: Happening, *, at: datetime) -> CustodyRow:
    """The row after `last` (None: the first one), of which sequence and digest are read."""
    sequence, previous = (1, None) if last is None else (last.sequence + 1, last.digest)
    row = CustodyRow(
        sequence, at, str(happening.event), happening.actor, happening.organisation, happening.purpose, previous, root=happening.root,
        circumstances=happening.circumstances)
    return replace(row, digest=row.computed_digest())


def custody_json(rows: Sequence[CustodyRow]) -> bytes:
    """`custody.json` of a package."""
    return canonical_json([row.as_json() for row in rows])
