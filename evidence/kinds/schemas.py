"""The kinds of evidence as they are published: one JSON Schema a kind and version, and what they say of a record's metadata.

A file of `published/` is never changed once it was released (a test has the SHA-256 of each); another version is another file, and the
earlier one stays, for clients that name it and for the records that were made under it. Which version a record used stands in its claims:
`subject.metadata.schema` is `<kind>/<version>` (docs/adr/0025). A record without it was deposited before there were kinds.

What it does not do: ask whether a record that a relation names is there (`evidence.related`).
"""
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from evidence.kinds.judging import Check, Faults, compile_schema

FOLDER = Path(__file__).resolve().parent / "published"
SCHEMA = "schema"
METADATA = "/subject/metadata"
NAME = re.compile(r"([a-z0-9_]+)/([1-9][0-9]{0,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class KindSchema:
    """One published version; `data` are its bytes as they are served. `own`: only the service itself deposits the kind."""

    kind: str
    version: int
    own: bool
    data: bytes
    document: Mapping[str, Any]
    check: Check

    @property
    def name(self) -> str:
        """As a claim names it."""
        return f"{self.kind}/{self.version}"

    @property
    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        """What is told of a record of this kind, by name; the version and relations to other records, which every kind has, left out."""
        return {name: each for name, each in self.document["properties"].items() if name not in (SCHEMA, "relations")}


@lru_cache(maxsize=1)
def all_schemas() -> Mapping[str, KindSchema]:
    """Every published version by its name. Raises ValueError when a file of ours is wrong."""
    found = {}
    for path in sorted(FOLDER.glob("*.json")):
        schema = _read(path.read_bytes())
        if path.stem != f"{schema.kind}-{schema.version}":
            raise ValueError(f"{path.name} describes {schema.name}")
        found[schema.name] = schema
    return found


@lru_cache(maxsize=1)
def current_schemas() -> Mapping[str, KindSchema]:
    """The newest version of each kind, by kind."""
    newest: dict[str, KindSchema] = {}
    for schema in sorted(all_schemas().values(), key=lambda each: each.version):
        newest[schema.kind] = schema
    return newest


def _read(data: bytes) -> KindSchema:
    document = json.loads(data)
    return KindSchema(
        document["x-kind"], document["x-version"], document["x-deposited-by"] == "service", data, document, compile_schema(document))


def schema_for(kind: str, metadata: Mapping[str, object]) -> KindSchema | None:
    """The version that the metadata names, otherwise the newest of the kind; None when there is none."""
    named = metadata.get(SCHEMA)
    if named is None:
        return current_schemas().get(kind)
    found = all_schemas().get(named) if isinstance(named, str) else None
    return found if found is not None and found.kind == kind else None


def stamped(kind: str, metadata: Mapping[str, object]) -> dict[str, object]:
    """The metadata as it stands in the claim: with the version that it was judged by."""
    schema = schema_for(kind, metadata)
    return dict(metadata) if schema is None else {**metadata, SCHEMA: schema.name}


def kind_faults(kind: str, metadata: Mapping[str, object], *, by_service: bool) -> Faults:
    """(JSON pointer within the record, sentence) of everything that the kind does not allow; empty when it fits."""
    current = current_schemas().get(kind)
    if current is None:
        return [("/subject/kind", _("没有“{kind}”这个证据种类；全部种类见 /api/v1/kinds。").format(kind=kind))]
    if current.own and not by_service:
        return [("/subject/kind", _("“{kind}”只由本服务自己存证。").format(kind=kind))]
    schema = schema_for(kind, metadata)
    if schema is None:
        return [(f"{METADATA}/{SCHEMA}", _("“{kind}”没有这个版本的结构；可用的版本见 /api/v1/kinds。").format(kind=kind))]
    found: Faults = []
    schema.check(metadata, METADATA, found)
    return found
