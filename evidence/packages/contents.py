"""What a package is made of: everything that the writer needs, as values.

What it is for: the service gathers these parts from its rows, the vault and the log; tests make them by hand. The writer
(`archive`) takes them as they are: digests, names and sizes of files come from the record's own claims.

What it does not do: fetch anything, or judge what it is given beyond what the writer needs (`tlog.package` judges).

Source: formats of this project, A5.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from evidence.custody import CustodyRow
from tlog.claims import Claim

Scope = Literal["record", "case", "selection"]
Reason = Literal["withheld", "erased", "depositor-keeps", "quarantined", "tsa-unavailable", "not-yet"]
"""Why something is absent: the closed list of `exceptions.csv`."""


@dataclass(frozen=True, slots=True)
class Original:
    """The file of the disclosed claim `claim` (`files/1`), or why it is not in the package.

    `open` gives the bytes in blocks of any size and is called once, when their turn comes; None with a `reason`.
    `pages` is for the catalogue, None when it is not known.
    """

    claim: str
    open: Callable[[], Iterable[bytes]] | None
    reason: Reason | None = None
    pages: int | None = None


@dataclass(frozen=True, slots=True)
class RecordContents:
    """One record: `number`, the bytes of statement, entry and tlog-proof, its custody trail, and what is disclosed.

    `claims` are disclosed; `withheld` gives the reason for every other claim of the statement. `originals` has one item for
    each disclosed claim `files/n`. `stamps` are tokens over the statement itself, by the authority's id; `unstamped` the ids of
    those of whom one was asked for and none has answered yet. `proves` (what the party wants to prove with it) is for the catalogue.
    """

    number: str
    statement: bytes
    entry: bytes
    proof: bytes
    custody: Sequence[CustodyRow]
    claims: Sequence[Claim]
    originals: Sequence[Original]
    withheld: Mapping[str, Reason] = field(default_factory=dict)
    stamps: Mapping[str, bytes] = field(default_factory=dict)
    unstamped: Sequence[str] = ()
    proves: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A timestamp token (DER, as received) with the revocation list and the OCSP answer that were archived with it."""

    token: bytes
    crl: bytes | None = None
    ocsp: bytes | None = None


@dataclass(frozen=True, slots=True)
class Renewal:
    """One renewal of a checkpoint's signatures (formats A7): `sha256sum` list, path as canonical JSON, token over the root."""

    listing: bytes
    path: bytes
    token: bytes


@dataclass(frozen=True, slots=True)
class LogFolder:
    """A checkpoint that a proof of the package carries: the whole note, its stamps by authority, and its renewals in order.

    `unavailable` are the ids of authorities whose stamp is missing; without any stamp there is at least one.
    """

    note: bytes
    stamps: Mapping[str, Stamp]
    unavailable: Sequence[str] = ()
    renewals: Sequence[Renewal] = ()


@dataclass(frozen=True, slots=True)
class PackageContents:
    """A package: one record, a whole case with the note of its head, or a selection.

    `trust` are the files of `trust/` by their names in it; `made_at` is aware. Records and log folders may come in any order.
    """

    scope: Scope
    records: Sequence[RecordContents]
    logs: Sequence[LogFolder]
    trust: Mapping[str, bytes]
    made_at: datetime
    case_head: bytes | None = None
