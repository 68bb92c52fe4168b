"""Encrypt what was deposited before encryption: each record's claims and originals, and papers of applications. May be ended any time.

A record at a time, and write-once: an encrypted copy of each original is durable under a fresh name, then one transaction swaps the rows by
compare-and-swap, then the clear originals go. Whoever dies before the transaction leaves copies that nobody can open and the sweeper takes;
after it, clear originals that `StoredObject.clear_name` still names, which the next run removes. Beside it deposits, readers and other runs
go on: readers open by the row, and a run that loses a swap gives its copies up.
What this does not do: touch an original whose bytes are not those of its claim; it is left as it is, and named. Source: design.md §3.
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from common.failpoints import reached
from common.row_pages import in_pages
from evidence.drafts import content_place, unpack_claims
from evidence.errors import ClaimsErased
from evidence.models import ApplicationPaper, Evidence, EvidenceFile
from evidence.record_keys import record_key
from evidence.rewrapping import hold_for_wrapping
from tlog.claims import parse_claim
from tlog.errors import VerificationError
from vault.keys import key_provider
from vault.models import Cipher, StoredObject
from vault.sealing import fresh_key, seal
from vault.search import blind_digest
from vault.storage import blocks_of, vault_store
from vault.uploads import StoredFile, store_upload

CHUNK = 200


class SwapLost(Exception):
    """Another run, or an erasure, was first."""


@dataclass(slots=True)
class Outcome:
    """What a run did: records and papers encrypted, and what was left in the clear with the reason, by name."""

    records: int = 0
    papers: int = 0
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Copy:
    """An encrypted copy of a file's original, durable and named by no row yet."""

    file: EvidenceFile
    stored_id: int
    clear_name: str
    stored: StoredFile


def clear_records() -> Iterator[Evidence]:
    """Records whose claims and originals are not encrypted, the oldest first; those whose claims are gone are not among them."""
    rows = Evidence.objects.filter(wrapped_key=None, sealed_claims__isnull=False).select_related("organisation")
    for record in in_pages(rows, size=CHUNK):
        try:
            if record_key(record) is None:
                yield record
        except ClaimsErased:
            continue


def encrypt_all() -> Outcome:
    """Encrypt every record and paper that is not, and end what an earlier run left half-way. Raises KeyUnavailable, OSError."""
    outcome = Outcome()
    _remove_clear_originals()
    for record in clear_records():
        try:
            encrypt_record(record)
            outcome.records += 1
        except (VerificationError, FileNotFoundError) as wrong:
            # A run beside this one may have encrypted it, and removed what this one was about to read.
            if Evidence.objects.filter(pk=record.pk, wrapped_key=None).exists():
                outcome.left.append(f"{record.record}: {wrong}")
        except SwapLost:
            continue
    for paper in ApplicationPaper.objects.filter(wrapped_key=None).select_related("stored_object__organisation").order_by("id"):
        try:
            _encrypt_paper(paper)
            outcome.papers += 1
        except (VerificationError, FileNotFoundError) as wrong:
            outcome.left.append(f"paper {paper.pk}: {wrong}")
        except SwapLost:
            continue
    return outcome


def encrypt_record(record: Evidence) -> None:
    """One record's claims and originals. Raises VerificationError for an original that is not its claim's, SwapLost; nothing changed."""
    claims, copies = bytes(record.sealed_claims or b""), list[_Copy]()
    values = {claim.name: parse_claim(claim.name, claim.data) for claim in unpack_claims(claims)}
    try:
        for file in record.files.filter(stored_object__cipher=Cipher.PLAIN).select_related("stored_object").order_by("position"):
            copies.append(_copied(record.organisation.ref, file, values.get(f"files/{file.position}")))
        reached("evidence.encrypted-copies-stored")
        _swap(record, claims, copies)
    except (VerificationError, FileNotFoundError, SwapLost):
        for copy in copies:
            vault_store().delete(copy.stored.name)
        raise
    reached("evidence.encrypted-rows-swapped")
    _remove_clear_originals([copy.stored_id for copy in copies])


def _remove_clear_originals(stored_ids: Sequence[int] | None = None) -> None:
    """Those of these objects, or of all that an earlier run swapped and did not come to."""
    rows = StoredObject.objects.filter(clear_name__isnull=False)
    for stored in rows if stored_ids is None else rows.filter(pk__in=stored_ids):
        assert stored.clear_name is not None
        vault_store().delete(stored.clear_name)
        reached("evidence.clear-original-removed")
        StoredObject.objects.filter(pk=stored.pk, clear_name=stored.clear_name).update(clear_name=None)


def _copied(organisation_ref: str, file: EvidenceFile, claim: object) -> _Copy:
    assert file.stored_object is not None
    name = file.stored_object.name
    stored = store_upload(vault_store(), organisation_ref, blocks_of(vault_store().open(name)))
    if not isinstance(claim, dict) or (claim["sha256"], claim["size_bytes"]) != (stored.sha256.hex(), stored.size_bytes):
        vault_store().delete(stored.name)
        raise VerificationError(f"vault/{name} is not what the claim files/{file.position} says")
    return _Copy(file, file.stored_object.pk, name, stored)


def _swap(record: Evidence, claims: bytes, copies: list[_Copy]) -> None:
    key = fresh_key()
    with transaction.atomic():
        # Or a key change beside it would find no row that the older key wraps, and destroy it.
        hold_for_wrapping()
        [wrapped] = key_provider().wrap(record.organisation.ref, [(key, record.record)])
        unchanged = Evidence.objects.filter(pk=record.pk, wrapped_key=None, sealed_claims=claims)
        _must(unchanged.update(wrapped_key=wrapped, sealed_claims=seal(claims, key, record.record)))
        for copy in copies:
            sealed = seal(copy.stored.content_key, key, content_place(record.record, copy.file.position))
            _must(EvidenceFile.objects.filter(pk=copy.file.pk, content_key=None).update(content_key=sealed))
            _swap_object(copy.stored_id, copy.clear_name, copy.stored.name)
        reached("evidence.encrypted-before-commit")


def _swap_object(stored_id: int, clear_name: str, name: str) -> None:
    _must(StoredObject.objects.filter(pk=stored_id, name=clear_name, cipher=Cipher.PLAIN).update(
        name=name, cipher=Cipher.TINK, clear_name=clear_name))


def _must(changed: int) -> None:
    if changed != 1:
        raise SwapLost


def _encrypt_paper(paper: ApplicationPaper) -> None:
    stored, clear_name = paper.stored_object, paper.stored_object.name
    copy = store_upload(vault_store(), stored.organisation.ref, blocks_of(vault_store().open(clear_name)))
    try:
        if blind_digest(stored.organisation.ref, copy.sha256) != bytes(stored.sha256_hmac):
            raise VerificationError(f"vault/{clear_name} is not what came with the application")
        with transaction.atomic():
            hold_for_wrapping()
            [wrapped] = key_provider().wrap(stored.organisation.ref, [(copy.content_key, copy.name)])
            _must(ApplicationPaper.objects.filter(pk=paper.pk, wrapped_key=None).update(wrapped_key=wrapped))
            _swap_object(stored.pk, clear_name, copy.name)
    except (VerificationError, SwapLost):
        vault_store().delete(copy.name)
        raise
    _remove_clear_originals([stored.pk])
