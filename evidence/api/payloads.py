"""JSON bodies of requests, as msgspec types: decoded in milliseconds, and the OpenAPI document is made from them.

DRF serializers take 50–600 ms for a batch of 1,000 (measured), so they stay off these endpoints. Rules that need the
canonical form (A1: no floats, no U+0000) are judged where the claims are made.
"""
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec
from django.conf import settings
from msgspec import UNSET, Meta, Struct, UnsetType

from common.bodies import Time
from common.faults import RequestMalformed
from common.malformed import MALFORMED, located
from evidence.capture import DepositItem, FileItem
from evidence.errors import InvalidRecords, JsonTooDeep
from evidence.faults import LISTED, item_faults

T = TypeVar("T")

# `$(?!\n)`: Python's `$` alone would let a final newline pass, ECMAScript's does not.
Hex = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="lower-case hex, 32 bytes")]
MediaType = Annotated[str, Meta(pattern=r"^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(; ?[\x20-\x7e]+)?$(?!\n)", max_length=200)]
FileName = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)", max_length=255)]
Kind = Annotated[str, Meta(
    pattern=r"^[a-z0-9_]{1,64}$(?!\n)", description="one of `GET /api/v1/kinds`; its schema says what `metadata` may hold")]
Reference = Annotated[str, Meta(
    pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)", max_length=128,
    description="the client's own case reference; from a collection agency, our `ref` of a case that is assigned to it now")]
Text = Annotated[str, Meta(max_length=2000)]
Milliseconds = Annotated[int, Meta(ge=1 - 2**53, le=2**53 - 1)]
# The rules of claims, said in the document and judged where the claims are made.
KEYS = {"propertyNames": {"pattern": "^[a-z0-9_]+$"}}
VALUES = {
    **KEYS, "additionalProperties": {"$ref": "#/components/schemas/Value"},
    "description": "the request is at most 8 levels deep, unless the service is configured otherwise",
}


class Provenance(Struct, forbid_unknown_fields=True, frozen=True):
    """Where the evidence comes from; what is not known stays null. Without `clock_offset_ms` the header `Client-Time` is measured."""

    source_system: Text | None = None
    generation: Text | None = None
    collector: Text | None = None
    tool: Text | None = None
    tool_version: Text | None = None
    captured_from: Time | None = None
    captured_until: Time | None = None
    clock_offset_ms: Milliseconds | None = None
    device: Text | None = None
    environment: Annotated[dict[str, str], Meta(
        extra_json_schema={**KEYS, "properties": {"self_check": {"enum": ["passed", "failed", "not_done"]}}},
        description="`authority` (of the collector), `self_check` (one of three, else left out) and `original_carrier` (of a recording) "
        "are shown under these names; `clock_measured` is ours")] | None = None


class Subject(Struct, forbid_unknown_fields=True, frozen=True):
    kind: Kind
    title: Annotated[str, Meta(min_length=1, max_length=500)]
    metadata: Annotated[dict[str, Any], Meta(extra_json_schema=VALUES)] = {}


class UploadedFile(Struct, forbid_unknown_fields=True, frozen=True):
    """A file that follows as a `file` part; digests, when given, are compared with what arrives."""

    name: FileName
    media_type: MediaType
    sha256: Hex | None = None
    sm3: Hex | None = None


class KeptFile(Struct, forbid_unknown_fields=True, frozen=True):
    """A file that the depositor keeps; the statement says so."""

    name: FileName
    media_type: MediaType
    size_bytes: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    sha256: Hex
    sm3: Hex | None = None


# Left out of the canonical form when it was left out: a key's fingerprint is kept for the record's life, across versions.
Stamped = Annotated[
    Literal["checkpoint", "record"],
    Meta(description="`record`: a token over the record's own statement too; otherwise the checkpoint's tokens alone"),
] | UnsetType


class Deposit(Struct, forbid_unknown_fields=True, frozen=True):
    """The `deposit` part of a multipart request: one record."""

    case: Reference
    subject: Subject
    files: Annotated[tuple[UploadedFile, ...], Meta(min_length=1, max_length=1000)]
    provenance: Provenance = Provenance()
    timestamp: Stamped = UNSET


class KeptDeposit(Struct, forbid_unknown_fields=True, frozen=True):
    """One record of a batch by digest."""

    case: Reference
    subject: Subject
    files: Annotated[tuple[KeptFile, ...], Meta(min_length=1, max_length=1000)]
    provenance: Provenance = Provenance()
    timestamp: Stamped = UNSET


class Batch(Struct, forbid_unknown_fields=True, frozen=True):
    records: Annotated[tuple[KeptDeposit, ...], Meta(min_length=1)]


class DisclosureRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """A record number, as a person may type it, and the SHA-256 of one of the record's files."""

    record: str
    sha256: Hex


class ReckoningDeposit(Struct, forbid_unknown_fields=True, frozen=True):
    """The day to which is reckoned; it is not counted itself."""

    on: date


class DigestToVerify(Struct, forbid_unknown_fields=True, frozen=True):
    """A record number and the digests of the file to verify; SM3 is a second, independent opinion."""

    record: str
    sha256: Hex
    sm3: Hex | None = None


class RawBatch(Struct, frozen=True):
    """A batch whose records are not looked into yet."""

    records: tuple[msgspec.Raw, ...]


# Made here, in one thread: msgspec learns a type at its first use, and two first requests at once would crash the process.
DECODERS: dict[type, msgspec.json.Decoder[Any]] = {
    payload: msgspec.json.Decoder(payload) for payload in (
        Deposit, Batch, DisclosureRequest, DigestToVerify, ReckoningDeposit, KeptDeposit, RawBatch)
}
METADATA = "/subject/metadata"


def decode(data: bytes, payload: type[T]) -> T:
    """`data` as `payload`. Raises RequestMalformed with the JSON pointer of the first fault, of each record's in a batch; JsonTooDeep."""
    try:
        value = cast(T, DECODERS[payload].decode(data))
    except (RecursionError, *MALFORMED) as fault:
        if payload is Batch:
            refuse_records(data)
        if isinstance(fault, RecursionError):
            raise _too_deep() from None
        pointer, reason = located(fault, payload)
        raise RequestMalformed(pointer=pointer, reason=reason) from None
    if isinstance(value, Batch) and any(too_deep(record.subject.metadata, above=4) for record in value.records):
        refuse_records(data)
    return value


def refuse_records(data: bytes) -> None:
    """Raise RequestMalformed, InvalidRecords or JsonTooDeep with a pointer into each faulty record of a batch (the first 100).

    Decodes record by record, which costs time: called when the batch as a whole is known to be faulty. Returns when it is not
    its records that are at fault.
    """
    try:
        records: tuple[msgspec.Raw, ...] = DECODERS[RawBatch].decode(data).records
    except (*MALFORMED, RecursionError):
        return
    malformed: list[tuple[str, str]] = []
    illegal: list[tuple[str, str]] = []
    deep: list[str] = []
    for number, raw in enumerate(records[:settings.MAX_BATCH_RECORDS]):
        base = f"/records/{number}"
        try:
            record: KeptDeposit = DECODERS[KeptDeposit].decode(raw)
        except RecursionError:
            deep.append(base)
            continue
        except MALFORMED as fault:
            pointer, reason = located(fault, KeptDeposit)
            malformed.append((base + pointer, reason))
            continue
        if too_deep(record.subject.metadata, above=4):
            deep.append(base + METADATA)
        else:
            illegal += [(base + pointer, reason) for pointer, reason in item_faults(kept_item(record))]
        if len(malformed) + len(illegal) + len(deep) >= LISTED:
            break
    depth = [(pointer, _too_deep().sentence()) for pointer in deep]
    _refuse(malformed, illegal, depth)


def _refuse(malformed: list[tuple[str, str]], illegal: list[tuple[str, str]], depth: list[tuple[str, str]]) -> None:
    """Raise the refusal that names all of them; its code is that of the first kind there is. Returns when there is none."""
    faults = sorted([*malformed, *illegal, *depth], key=lambda fault: int(fault[0].split("/")[2]))[:LISTED]
    if malformed:
        raise RequestMalformed(faults=faults, reason=malformed[0][1])
    if illegal:
        raise InvalidRecords(faults=faults, count=len({pointer.split("/")[2] for pointer, _ in faults}))
    if depth:
        raise _too_deep(faults=faults)


def check_depth(metadata: dict[str, Any], *, above: int) -> None:
    """Raise JsonTooDeep when `metadata`, itself below `above` levels, nests deeper than the request may."""
    if too_deep(metadata, above=above):
        raise _too_deep(pointer=METADATA)


def too_deep(metadata: dict[str, Any], *, above: int) -> bool:
    """Whether `metadata`, itself below `above` levels, nests beyond MAX_JSON_DEPTH; looks no deeper than that."""
    level: list[Any] = [metadata]
    for _ in range(settings.MAX_JSON_DEPTH - above):
        parts = (part for value in level for part in (value.values() if isinstance(value, dict) else value))
        level = [part for part in parts if isinstance(part, dict | list)]
        if not level:
            return False
    return True


def _too_deep(*, pointer: str | None = None, faults: Sequence[tuple[str, str]] = ()) -> JsonTooDeep:
    return JsonTooDeep(limit=settings.MAX_JSON_DEPTH, pointer=pointer, faults=faults)


def kept_item(payload: KeptDeposit) -> DepositItem:
    """The domain value of one record by digest, whose depth was judged."""
    files = tuple(FileItem(file.name, file.media_type, file.size_bytes, file.sha256, file.sm3) for file in payload.files)
    return DepositItem(
        payload.case, payload.subject.kind, payload.subject.title, files, payload.subject.metadata,
        provenance_values(payload.provenance), own_timestamp=payload.timestamp == "record",
    )


def provenance_values(provenance: Provenance) -> dict[str, object]:
    return msgspec.structs.asdict(provenance)
