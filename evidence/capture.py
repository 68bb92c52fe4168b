"""What a depositor hands in, as plain values: the input of `evidence.services.deposit`, whatever interface it came through."""
from collections.abc import Mapping
from dataclasses import dataclass, field

from accounts.models import Organisation
from accounts.permissions import Kind
from vault.uploads import StoredFile

SHA256_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
PROVENANCE_FIELDS = (
    "source_system", "generation", "collector", "tool", "tool_version",
    "captured_from", "captured_until", "clock_offset_ms", "device", "environment",
)


@dataclass(frozen=True, slots=True)
class Depositor:
    """Who deposits: a machine by its API key's id (never the key), or a signed-in person. Exactly one of them is set.

    A collection agency deposits to cases that are assigned to it, and what it deposits is the lender's. `only_distributed`: to those alone
    that are this person's own, as with an agent who does not distribute them. `role`: of a person, as trails name it.
    """

    organisation: Organisation
    credential_id: int | None = None
    person_id: int | None = None
    only_distributed: bool = False
    role: str | None = None

    def __post_init__(self) -> None:
        assert (self.credential_id is None) != (self.person_id is None)
        assert self.person_id is not None or not self.only_distributed

    @property
    def actor(self) -> str:
        """As trails name whoever deposits: an id of ours, never a name."""
        return f"api_key:{self.credential_id}" if self.person_id is None else f"person:{self.person_id}"

    # SPEC: A1: `agent` is null for a machine; `credential` is `api_key:<id>` or `session`.
    @property
    def agent(self) -> str | None:
        return None if self.person_id is None else self.actor

    @property
    def entrusted(self) -> bool:
        """Whether the cases are another's, named by our refs."""
        return self.organisation.kind == Kind.COLLECTION_AGENCY

    @property
    def credential(self) -> str:
        return self.actor if self.person_id is None else "session"


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
    def is_empty(self) -> bool:
        """Whether there is nothing in it, by what is told of its size or by its digest: of what a depositor keeps one of them may lie."""
        return self.size_bytes == 0 or self.sha256 == SHA256_OF_NOTHING

    @property
    def custody(self) -> str:
        return "depositor" if self.stored is None else "vault"


@dataclass(frozen=True, slots=True)
class Correction:
    """Ids of the record that was deposited by mistake, and of the one that stands for it; None when none does."""

    superseded_id: int
    replaced_by_id: int | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """A relation to the record of that id; `source_id` None: of the record that is being made."""

    relation: str
    target_id: int
    source_id: int | None = None


@dataclass(frozen=True, slots=True)
class DepositItem:
    """One record to be made: `case` is the client's reference, from an agency our ref; provenance holds what is known, the rest is null.

    The metadata are judged by the kind's schema; `by_service` allows the kinds that only the service itself deposits.
    `own_timestamp`: the record is to have a token over its own statement, besides that of its checkpoint. `corrects`: the record says of
    another that it was deposited by mistake. `related`: the rows of what its claims say of others; the deposit fills in those of
    `metadata.relations`.
    """

    case: str
    kind: str
    title: str
    files: tuple[FileItem, ...]
    metadata: Mapping[str, object] = field(default_factory=dict)
    provenance: Mapping[str, object] = field(default_factory=dict)
    own_timestamp: bool = False
    corrects: Correction | None = None
    by_service: bool = False
    related: tuple[Related, ...] = ()

    @property
    def self_check(self) -> object:
        """What is told of the environment's self-check; None when nothing is."""
        environment = self.provenance.get("environment")
        return environment.get("self_check") if isinstance(environment, Mapping) else None

    @property
    def ends_before_it_began(self) -> bool:
        """Whether the capture did, as it is told; in the one form that A1 has for a time, text goes by time."""
        begun, ended = (self.provenance.get(name) for name in ("captured_from", "captured_until"))
        return isinstance(begun, str) and isinstance(ended, str) and begun > ended
