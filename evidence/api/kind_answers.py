"""What the list of kinds answers, as a msgspec type; the schemas themselves are served as they are published."""
from typing import Annotated, Literal

from msgspec import Meta, Struct

Hex = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


class KindVersion(Struct, forbid_unknown_fields=True):
    """A published version, for ever the same bytes; `sha256` is theirs."""

    version: Annotated[int, Meta(ge=1)]
    url: str
    sha256: Hex


class EvidenceKind(Struct, forbid_unknown_fields=True):
    """`deposited_by`: `service` where the service alone makes such records. Versions from the oldest; the last counts unless named."""

    kind: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,64}$(?!\n)")]
    title: str
    title_en: str
    description: str
    description_en: str
    deposited_by: Literal["depositor", "service"]
    versions: tuple[KindVersion, ...]


class EvidenceKinds(Struct, forbid_unknown_fields=True):
    kinds: tuple[EvidenceKind, ...]


TYPES = (EvidenceKinds,)
