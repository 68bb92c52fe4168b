"""Gather a package's parts from rows, vault and log. Reads only; the writer (`archive`) and the verifier know nothing of this.

A record's proof is the one against the first stamped checkpoint that covers it, so two packages of one record carry the
same proof whenever they are made.
"""
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from evidence.corrections import superseded_words
from evidence.models import Evidence
from evidence.packages.contents import LogFolder, Original, PackageContents, RecordContents, Renewal, Scope, Stamp
from evidence.proofs import proof_of
from evidence.selectors import claims_of, custody_of
from evidence.stamps import stamp_of, wants_stamp
from ledger.checkpoint_folders import folder_of, missing_authorities
from ledger.proofs import RecordProof
from ledger.receipts import sign_case_head
from ledger.selectors import entry_of
from ledger.stamping import authority_ids
from ledger.trust import trust_files
from tlog.claims import Claim
from tlog.digests import sha256
from tlog.statement import parse_statement
from vault.models import StoredObject
from vault.storage import blocks_of, vault_store


def gather_package(records: Sequence[Evidence], *, scope: Scope, now: datetime) -> PackageContents:
    """The parts of a package of these records, in their order.

    Raises RecordNotPublished while one of them is in no published checkpoint, AuthoritiesMisconfigured.
    """
    proofs = [proof_of(record) for record in records]
    return PackageContents(
        scope=scope,
        records=[_record(record, proof) for record, proof in zip(records, proofs, strict=True)],
        logs=[_log_folder(proof) for proof in {proof.size: proof for proof in proofs}.values()],
        trust=trust_files(),
        made_at=now,
        case_head=_case_head(records[-1], now) if scope == "case" else None,
    )


def _record(record: Evidence, proof: RecordProof) -> RecordContents:
    erased, own = record.sealed_claims is None, stamp_of(record)
    claims = [] if erased else claims_of(record)
    names = [claim.name for claim in parse_statement(bytes(record.statement), record.record).claims]
    return RecordContents(
        number=record.record, statement=bytes(record.statement), entry=entry_of(record.ticket)[0], proof=proof.proof,
        custody=custody_of(record), claims=claims, originals=_originals(record, claims),
        withheld=dict.fromkeys(names, "erased") if erased else {},
        stamps={} if own is None else {own.authority: bytes(own.token)},
        unstamped=authority_ids() if own is None and wants_stamp(record) else (), proves=superseded_words(record),
    )


def _originals(record: Evidence, claims: Sequence[Claim]) -> list[Original]:
    stored = {f"files/{file.position}": file.stored_object for file in record.files.select_related("stored_object")}
    return [_original(claim.name, stored[claim.name]) for claim in claims if claim.name in stored]


def _original(claim: str, kept: StoredObject | None) -> Original:
    if kept is None:
        return Original(claim, None, "depositor-keeps")
    return Original(claim, partial(_blocks, kept.name))


def _blocks(name: str) -> Iterator[bytes]:
    yield from blocks_of(vault_store().open(name))


def _log_folder(proof: RecordProof) -> LogFolder:
    folder = folder_of(proof.size)
    if folder is None:
        return LogFolder(proof.note, {}, authority_ids())
    files = folder.files
    stamps = {id_: Stamp(files[f"{id_}.tst"], files.get(f"{id_}.crl"), files.get(f"{id_}.ocsp")) for id_ in folder.authorities()}
    parts = [[files[f"renewal-{k}.{end}"] for end in ("txt", "json", "tst")] for k in range(1, folder.renewals + 1)]
    return LogFolder(proof.note, stamps, missing_authorities(folder), [Renewal(*each) for each in parts])


def _case_head(last: Evidence, now: datetime) -> bytes:
    """The note that says where the case ends: its head when these records were read, which `last` is."""
    return sign_case_head(last.case.ref, last.case_sequence, sha256(bytes(last.statement)), now)
