"""A record on its way: everything that can be computed before the case's head is locked, and what the head adds.

Pure but for the randomness of numbers and salts, which the caller passes in bulk. Source: formats A1, A2, A4.
"""
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from accounts.models import Organisation
from cases.services import CaseHead
from evidence.capture import PROVENANCE_FIELDS, DepositItem, Depositor, FileItem
from evidence.kinds.schemas import kind_faults, stamped
from evidence.kinds.words import SELF_CHECKS
from tlog.canonical import IllegalValue
from tlog.claims import SALT_LENGTH, Claim, encode_claim, salt_claim
from tlog.entry import commit
from tlog.errors import VerificationError
from tlog.merkle import leaf_hash
from tlog.record_number import RANDOM_LENGTH, number_from
from tlog.statement import format_statement
from tlog.times import date_in_china
from vault.sealing import KEY_BYTES, seal

CASE_CLAIM = "case"


@dataclass(frozen=True, slots=True)
class Draft:
    """A record before its place in the case is known: number, claims but one, the salt of that one, and its key, which is secret.

    `file_keys`: of each file the key that opens its original, sealed with the record's; None where the depositor keeps it.
    """

    item: DepositItem
    record: str
    claims: tuple[Claim, ...]
    case_salt: bytes
    key: bytes = field(repr=False)
    file_keys: tuple[bytes | None, ...] = ()


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record ready to be written: statement, entry, leaf hash (32 bytes) and the sealed claims.

    `owner`: whose it is, where that is not the depositor's own organisation.
    """

    draft: Draft
    case_id: int
    case_sequence: int
    statement: bytes
    entry: bytes
    leaf_hash: bytes
    sealed_claims: bytes
    owner: Organisation | None = None


def draft_records(depositor: Depositor, items: Sequence[DepositItem], *, received_at: datetime) -> list[Draft]:
    """A draft for each item.

    Raises tlog.canonical.IllegalValue when a value breaks the rules of A1 or of the kind's schema, a file is empty, a capture ended
    before it began or a self-check has no such result; `evidence.faults` says which and why.
    """
    if any(kind_faults(item.kind, item.metadata, by_service=item.by_service) for item in items):
        raise IllegalValue("a record does not fit its kind")
    if any(file.is_empty for item in items for file in item.files):
        raise IllegalValue("a file is empty")
    if any(item.ends_before_it_began for item in items):
        raise IllegalValue("a capture ended before it began")
    if any(item.self_check not in (None, *SELF_CHECKS) for item in items):
        raise IllegalValue("a self-check has no such result")
    depositor_claim = encode_claim("depositor", {
        "organisation": depositor.organisation.ref, "organisation_name": depositor.organisation.name,
        "agent": depositor.agent, "credential": depositor.credential,
    })
    salts = _pieces(os.urandom(SALT_LENGTH * sum(len(item.files) + 4 for item in items)), SALT_LENGTH)
    keys = _pieces(os.urandom(KEY_BYTES * len(items)), KEY_BYTES)
    numbers = fresh_numbers(date_in_china(received_at), len(items))
    provenances: dict[bytes, bytes] = {}
    drafts = []
    for item in items:
        claims = [salt_claim(name, data, next(salts)) for name, data in encoded_claims(item, provenances)]
        claims.append(salt_claim("depositor", depositor_claim, next(salts)))
        number, key = next(numbers), next(keys)
        drafts.append(Draft(item, number, tuple(claims), next(salts), key, sealed_content_keys(item, number, key)))
    return drafts


def encoded_claims(item: DepositItem, provenances: dict[bytes, bytes]) -> Iterator[tuple[str, bytes]]:
    """Name and canonical JSON of the claims that the item alone decides; the n-th file's claim is `files/n`.

    `provenances` remembers those of one batch: its records mostly come from one system, and are encoded once.
    """
    yield "subject", encode_claim("subject", subject_value(item))
    provenance = provenance_value(item)
    known = msgspec.msgpack.encode(provenance)
    if known not in provenances:
        provenances[known] = encode_claim("provenance", provenance)
    yield "provenance", provenances[known]
    for position, file in enumerate(item.files, 1):
        name = f"files/{position}"
        yield name, encode_claim(name, file_value(file))


def subject_value(item: DepositItem) -> Mapping[str, object]:
    """The metadata with the version of the kind's schema that they were judged by."""
    return {"kind": item.kind, "title": item.title, "metadata": stamped(item.kind, item.metadata)}


def provenance_value(item: DepositItem) -> Mapping[str, object]:
    """Every field of A1, what is not known null."""
    return {name: item.provenance.get(name) for name in PROVENANCE_FIELDS}


def file_value(file: FileItem) -> Mapping[str, object]:
    return {
        "name": file.name, "media_type": file.media_type, "size_bytes": file.size_bytes,
        "sha256": file.sha256, "sm3": file.sm3, "custody": file.custody,
    }


def fresh_numbers(date: str, count: int) -> Iterator[str]:
    """Random record numbers of the day, at least `count`; one draw in nine is made again for its check character."""
    while True:
        for random in _pieces(os.urandom(RANDOM_LENGTH * count), RANDOM_LENGTH):
            if (number := number_from(date, random)) is not None:
                yield number


def seal_record(draft: Draft, head: CaseHead, *, received_at: str) -> SealedRecord:
    """Chain the draft to its case and move `head` in memory; the caller holds the lock and writes the head back.

    `received_at` as `tlog.times.format_time` writes it: once for all records of a deposit.
    """
    head.sequence += 1
    previous = None if head.sha256 is None else head.sha256.hex()
    case_value = {"ref": head.ref, "sequence": head.sequence, "previous": previous}
    claims = [*draft.claims, salt_claim(CASE_CLAIM, encode_claim(CASE_CLAIM, case_value), draft.case_salt)]
    statement = format_statement(kind="deposit", record=draft.record, received_at=received_at, claims=claims)
    commitment = commit("deposit", statement)
    head.sha256 = commitment.sha256
    entry = commitment.encode()
    sealed = seal(pack_claims(claims), draft.key, draft.record)
    return SealedRecord(draft, head.case_id, head.sequence, statement, entry, leaf_hash(entry), sealed, head.owner)


def sealed_content_keys(item: DepositItem, record: str, key: bytes) -> tuple[bytes | None, ...]:
    """Of each file the key that opens its original, sealed with the record's key for its place in the record."""
    return tuple(
        None if file.stored is None else seal(file.stored.content_key, key, content_place(record, position))
        for position, file in enumerate(item.files, 1))


def content_place(record: str, position: int) -> str:
    """Where the sealed key of an original belongs."""
    return f"{record}/files/{position}"


def pack_claims(claims: Sequence[Claim]) -> bytes:
    """Claims and salts as one blob, to be sealed."""
    return msgspec.msgpack.encode([(claim.name, claim.data, claim.salt) for claim in claims])


def unpack_claims(blob: bytes) -> list[Claim]:
    """The claims of an opened blob, in no promised order. Raises VerificationError when the blob was damaged."""
    try:
        rows = msgspec.msgpack.decode(blob, type=list[tuple[str, bytes, bytes]])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise VerificationError("sealed_claims is damaged") from None
    return [Claim(name, data, salt) for name, data, salt in rows]


def _pieces(data: bytes, length: int) -> Iterator[bytes]:
    return (data[at:at + length] for at in range(0, len(data), length))
