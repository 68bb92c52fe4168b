"""What a depositor hands in, as plain values: the input of `evidence.services.deposit`, whatever interface it came through."""
from collections.abc import Mapping
from dataclasses import dataclass, field

from accounts.models import Organisation
from accounts.permissions import Kind
from vault.uploads import StoredFile

PROVENANCE_FIELDS = (
    "source_system", "generation", "collector", "tool", "tool_version",
    "captured_from", "captured_until", "clock_offset_ms", "device", "environment",
)


@dataclass(frozen=True, slots=True)
class Depositor:
    """Who deposits, and by which credential: `credential_id` is the API key's id, never the key.

    A collection agency deposits to cases that are assigned to it, and what it deposits is the lender's.
    """

    organisation: Organisation
    credential_id: int

    @property
    def entrusted(self) -> bool:
        """Whether the cases are another's, named by our refs."""
        return self.organisation.kind == Kind.COLLECTION_AGENCY

    @property
    def credential(self) -> str:
        return f"api_key:{self.credential_id}"


@dataclass(frozen=True, slots=True)
class FileItem:
    """One file of a record; `stored` is None when the depositor keeps the original. Digests are lower-case hex."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str
    sm3: str | None
    stored: StoredFile | None = None

    @property
    def custody(self) -> str:
        return "depositor" if self.stored is None else "vault"


@dataclass(frozen=True, slots=True)
class DepositItem:
    """One record to be made: `case` is the client's reference, from an agency our ref; provenance holds what is known, the rest is null.

    `own_timestamp`: the record is to have a token over its own statement, besides that of its checkpoint.
    """

    case: str
    kind: str
    title: str
    files: tuple[FileItem, ...]
    metadata: Mapping[str, object] = field(default_factory=dict)
    provenance: Mapping[str, object] = field(default_factory=dict)
    own_timestamp: bool = False
