"""Gather a package's parts from rows, vault and log. Reads only; the writer (`archive`) and the verifier know nothing of this.

A record's proof is the one against the first stamped checkpoint that covers it, so two packages of one record carry the
same proof whenever they are made.
"""
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from evidence.corrections import superseded_words
from evidence.custody import SELF, SYSTEM, CustodyAction, Happening, row_after
from evidence.custody_proofs import TrailsInLog, trails_in_log
from evidence.errors import ClaimsErased
from evidence.models import Evidence, EvidenceFile
from evidence.packages.contents import LogFolder, Original, PackageContents, RecordContents, Renewal, Scope, Stamp
from evidence.proofs import proof_of
from evidence.quarantine import in_quarantine
from evidence.record_keys import open_original
from evidence.selectors import claims_of, custody_of
from evidence.stamps import stamp_of, wants_stamp
from ledger.checkpoint_folders import folder_of, missing_authorities
from ledger.proofs import RecordProof, record_proof
from ledger.receipts import sign_case_head
from ledger.selectors import entry_of
from ledger.stamping import authority_ids
from ledger.trust import trust_files
from tlog.claims import Claim
from tlog.digests import sha256
from tlog.statement import parse_statement
from vault.storage import blocks_of


def _nothing() -> None:
    """For a package of which no trail tells."""


def gather_package(
    records: Sequence[Evidence], *, scope: Scope, now: datetime, note: Callable[[], None] = _nothing
) -> PackageContents:
    """The parts of a package of these records, in their order, and of the statements that show their trails in the log.

    With such a statement the package of one record is a selection: A5 knows no scope of one record and something beside. `note` writes
    into their trails who gets it: after all that can refuse, so that they say it of nobody who got none, and before they are read, so that
    the package has the row. Raises RecordNotPublished while one of them is in no published checkpoint, AuthoritiesMisconfigured,
    KeyUnavailable, VerificationError, and what `note` raises.
    """
    proofs, trails = [proof_of(record) for record in records], trails_in_log(records)
    trail_proofs = [record_proof(trail.index) for trail in trails]
    contents = PackageContents(
        scope="selection" if scope == "record" and trails else scope,
        records=[
            *(_record(record, proof, records) for record, proof in zip(records, proofs, strict=True)),
            *(_trails(trail, proof) for trail, proof in zip(trails, trail_proofs, strict=True))],
        logs=[_log_folder(proof) for proof in {proof.size: proof for proof in (*proofs, *trail_proofs)}.values()],
        trust=trust_files(),
        made_at=now,
        case_head=_case_head(records[-1], now) if scope == "case" else None,
    )
    note()
    by_number = {record.record: record for record in records}
    noted = [replace(each, custody=custody_of(by_number[each.number])) if each.number in by_number else each for each in contents.records]
    return replace(contents, records=noted)


def _record(record: Evidence, proof: RecordProof, beside: Sequence[Evidence]) -> RecordContents:
    own = stamp_of(record)
    try:
        claims, erased = claims_of(record), False
    except ClaimsErased:
        claims, erased = [], True
    names = [claim.name for claim in parse_statement(bytes(record.statement), record.record).claims]
    return RecordContents(
        number=record.record, statement=bytes(record.statement), entry=entry_of(record.ticket)[0], proof=proof.proof,
        custody=(), claims=claims, originals=_originals(record, claims),
        withheld=dict.fromkeys(names, "erased") if erased else {},
        stamps={} if own is None else {own.authority: bytes(own.token)},
        unstamped=authority_ids() if own is None and wants_stamp(record) else (), proves=superseded_words(record, beside),
    )


def _trails(trail: TrailsInLog, proof: RecordProof) -> RecordContents:
    """A statement of kind `custody` as a record of the package: the claims of its own records shown, every other withheld."""
    made, shown = trail.commitment, {claim.name for claim in trail.claims}
    names = [claim.name for claim in parse_statement(bytes(made.statement), made.record).claims]
    first = row_after(None, Happening(CustodyAction.INGESTED, SYSTEM, SYSTEM, SELF), at=made.received_at)
    return RecordContents(
        number=made.record, statement=bytes(made.statement), entry=entry_of(made.ticket)[0], proof=proof.proof, custody=[first],
        claims=trail.claims, originals=[], withheld={name: "withheld" for name in names if name not in shown})


def _originals(record: Evidence, claims: Sequence[Claim]) -> list[Original]:
    files = {f"files/{file.position}": file for file in record.files.select_related("evidence", "stored_object")}
    shut = bool(in_quarantine([record.pk]))
    return [_original(claim.name, files[claim.name], shut=shut) for claim in claims if claim.name in files]


def _original(claim: str, file: EvidenceFile, *, shut: bool) -> Original:
    if file.stored_object is None:
        return Original(claim, None, "depositor-keeps")
    if shut:
        return Original(claim, None, "quarantined")
    return Original(claim, partial(_blocks, file))


def _blocks(file: EvidenceFile) -> Iterator[bytes]:
    yield from blocks_of(open_original(file))


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
