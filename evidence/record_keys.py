"""One key for each record: it seals the claims, and the key of each original and rendering that we keep; the organisation's key wraps it.

    organisation's key (KeyProvider) → Evidence.wrapped_key → Evidence.sealed_claims
                                                            → EvidenceFile.content_key → the original's bytes
                                                            → RenderingPart.content_key → what was drawn of it

A rotation wraps one value a record again and touches no content; to destroy it is to destroy both.
A record from before encryption has no key, and a clear blob; a record whose key is gone has a sealed blob that nobody can open.
What this does not do: encrypt what is older (`evidence.encrypting`), wrap again (`evidence.rewrapping`). Source: threats 2.2; ADR 21.
"""
from collections.abc import Sequence
from typing import BinaryIO

from accounts.models import Organisation
from common.object_store import ObjectStore
from evidence.drafts import SealedRecord, content_place, unpack_claims
from evidence.errors import ClaimsErased
from evidence.models import Evidence, EvidenceFile, RenderingPart
from tlog.claims import Claim
from tlog.errors import VerificationError
from vault.content import decrypted
from vault.keys import key_provider
from vault.models import Cipher, StoredObject
from vault.sealing import SealBroken, is_sealed, open_sealed
from vault.storage import vault_store


def wrapped_keys(depositor: Organisation, records: Sequence[SealedRecord]) -> list[bytes]:
    """Each record's key wrapped under its owner's, in order. Raises KeyUnavailable."""
    by_owner: dict[str, list[tuple[bytes, str]]] = {}
    for record in records:
        by_owner.setdefault((record.owner or depositor).ref, []).append((record.draft.key, record.draft.record))
    provider = key_provider()
    wrapped = {ref: iter(provider.wrap(ref, keys)) for ref, keys in by_owner.items()}
    return [next(wrapped[(record.owner or depositor).ref]) for record in records]


def is_erased(record: Evidence) -> bool:
    """Whether the record's content is gone: its claims, or the one key that opened them and its originals."""
    return record.sealed_claims is None or (record.wrapped_key is None and is_sealed(bytes(record.sealed_claims)))


def record_key(record: Evidence) -> bytes | None:
    """The record's key; None for one from before encryption. Raises ClaimsErased, KeyUnavailable, VerificationError when it was altered."""
    if is_erased(record):
        raise ClaimsErased
    if record.wrapped_key is None:
        return None
    try:
        return key_provider().unwrap(bytes(record.wrapped_key), record.record)
    except SealBroken:
        raise VerificationError("wrapped_key is damaged") from None


def claims_in(record: Evidence) -> list[Claim]:
    """The record's claims in no promised order. Raises what `record_key` raises, and VerificationError when the blob was damaged."""
    key = record_key(record)
    assert record.sealed_claims is not None
    blob = bytes(record.sealed_claims)
    if key is None:
        return unpack_claims(blob)
    try:
        return unpack_claims(open_sealed(blob, key, record.record))
    except SealBroken:
        raise VerificationError("sealed_claims is damaged") from None


def open_original(file: EvidenceFile) -> BinaryIO:
    """An original's bytes as they were deposited, to be read forward; the row comes with its record and stored object.

    Raises ClaimsErased, KeyUnavailable, VerificationError, FileNotFoundError, OSError, OriginalDamaged; reads raise the last two.
    """
    try:
        return open_at(file, vault_store())
    except FileNotFoundError:
        # Since the row was read, the original was encrypted under another name, or put together with an equal one.
        now = EvidenceFile.objects.filter(pk=file.pk, stored_object__isnull=False).select_related("evidence", "stored_object").first()
        if now is None or str(now.stored_object) == str(file.stored_object):
            raise
        return open_at(now, vault_store())


def open_at(file: EvidenceFile, where: ObjectStore) -> BinaryIO:
    """The same of this very row, in the vault or where originals lie a second time. Asks the database nothing."""
    stored, record = file.stored_object, file.evidence
    assert stored is not None
    if stored.cipher == Cipher.PLAIN:
        record_key(record)  # of an erased record nothing is opened
        return where.open(stored.name)
    content_key = content_key_of(file)
    return decrypted(where.open(stored.name), content_key, stored.name)


def content_key_of(file: EvidenceFile) -> bytes:
    """The key that opens an encrypted original, which is secret; the row as above. Raises the first three of those."""
    stored, record = file.stored_object, file.evidence
    assert stored is not None
    return _content_key(stored, record_key(record), bytes(file.content_key or b""), content_place(record.record, file.position))


def open_rendering(part: RenderingPart) -> BinaryIO:
    """What was drawn, to be read forward; the row comes with its stored object and its rendering's file's record. Raises as above."""
    stored = part.stored_object
    content_key = _content_key(stored, record_key(part.rendering.file.evidence), bytes(part.content_key), rendering_place(part))
    return decrypted(vault_store().open(stored.name), content_key, stored.name)


def rendering_place(part: RenderingPart) -> str:
    """Where the sealed key of a part of a rendering belongs."""
    file = part.rendering.file
    return f"{file.evidence.record}/renderings/{file.position}/{part.position}"


def _content_key(stored: StoredObject, key: bytes | None, sealed: bytes, place: str) -> bytes:
    if stored.cipher != Cipher.TINK:
        raise VerificationError("cipher is none that is known")
    if key is None or not sealed:
        raise VerificationError("content_key is missing")
    try:
        return open_sealed(sealed, key, place)
    except SealBroken:
        raise VerificationError("content_key is damaged") from None
