"""Hold every evidence row and every original against what the log commits to, and name what differs.

The chain of reasons: log entry → statement → salted claims → rows in clear → bytes in the vault; and back: every record that
a receipt names has its row. Not covered, because nothing commits to it: the client's own case reference, the names of
organisations after the deposit, and the text and fingerprint of an idempotency key.
Source: threats T13 (a superuser who edits a row, swaps a leaf or deletes an original); design.md §3.
"""
from collections.abc import Iterator, Mapping

from django.db.models import Count, Exists, Model, OuterRef
from django.db.models.functions import Coalesce

from accounts.models import ApiKey, Organisation, Person
from cases.models import Case
from common.idempotency import IdempotencyKey
from common.jobs import Job
from common.object_store import ObjectStore
from common.row_pages import in_pages
from evidence.corrections import replaced_by_claims
from evidence.custody import CustodyAction
from evidence.errors import ClaimsErased
from evidence.file_faults import BOTH, original_fault
from evidence.kinds import CORRECTION
from evidence.models import Evidence, EvidenceFile, RecordTimestamp, Relation, Supersession
from evidence.record_keys import claims_in
from evidence.related import relations_said
from evidence.selectors import custody_of
from evidence.stamps import STAMP_RECORD, statement_digest
from ledger.fsck import Finding
from ledger.fsck.stamps import Pinned
from ledger.models import LogEntry, LogQueue, Receipt
from ledger.selectors import entry_of
from tlog.canonical import Json
from tlog.claims import verify_claim
from tlog.entry import commit, verify_entry
from tlog.errors import VerificationError
from tlog.merkle import leaf_hash
from tlog.statement import Statement, parse_statement
from tlog.timestamp import verify_token
from vault.errors import KeyUnavailable
from vault.search import blind_digest
from vault.storage import copy_store

CHUNK = 500
# What a record refers to; a row that hangs in the air is in no join, so it is looked for by itself.
REFERRED: dict[str, type[Model]] = {
    "organisation": Organisation, "deposited_by": Organisation, "case": Case, "credential": ApiKey, "person": Person, "receipt": Receipt,
}
Claims = Mapping[str, dict[str, Json]]


def examine_evidence() -> Iterator[Finding]:
    """Every finding, record by record and case by case, receipts and keys; nothing when all is well.

    Reads every original and second copy once.
    """
    previous: Evidence | None = None
    rows = Evidence.objects.select_related("organisation", "deposited_by", "case", "receipt")
    for record in in_pages(rows, size=CHUNK, order=("case_id", "case_sequence")):
        if previous is not None and previous.case_id != record.case_id:
            yield from _case_head(previous)
            previous = None
        yield from examine_record(record, previous)
        previous = record
    if previous is not None:
        yield from _case_head(previous)
    yield from _dangling()
    yield from _own_timestamps()
    yield from _corrections()
    yield from _receipts()
    yield from _idempotency_keys()


def examine_record(record: Evidence, previous: Evidence | None) -> Iterator[Finding]:
    """The findings of one record; `previous` is the one before it in its case, None for the first."""
    where = f"evidence_evidence {record.record}"
    try:
        statement = parse_statement(bytes(record.statement), record.record)
        entry, promised = entry_of(record.ticket)
        verify_entry(entry, kind="deposit", statement=bytes(record.statement))
    except (VerificationError, LogEntry.DoesNotExist, LogQueue.DoesNotExist) as fault:
        yield Finding(where, str(fault))
        return
    if leaf_hash(entry) != promised or f"{record.record} " not in record.receipt.text:
        yield Finding(where, "the receipt does not promise this record")
    if statement.received_at != record.received_at:
        yield Finding(where, "received_at is not the statement's")
    elif record.receipt.received_at != record.received_at:
        yield Finding(f"ledger_receipt {record.receipt_id}", f"received_at is not that of {record.record}")
    try:
        claims = _claims(record, statement)
    except VerificationError as fault:
        yield Finding(where, str(fault))
        return
    yield from _clear_columns(record, claims, previous, where)
    yield from _relations(record, claims)
    yield from _files(record, claims)
    yield from _custody(record)


def _claims(record: Evidence, statement: Statement) -> Claims:
    """The values of all claims. Raises VerificationError when one is missing or not what the statement lists."""
    try:
        found = {claim.name: claim for claim in claims_in(record)}
    except ClaimsErased:
        raise VerificationError("the record's key or claims are gone, and no erasure is logged") from None
    except KeyUnavailable:
        raise VerificationError("the key that wrapped the record's is not here") from None
    values: dict[str, dict[str, Json]] = {}
    for row in statement.claims:
        claim = found.get(row.name)
        if claim is None:
            raise VerificationError(f"sealed_claims lacks {row.name}")
        value = verify_claim(row.name, claim.data, claim.salt, row.sha256, row.sm3)
        assert isinstance(value, dict)
        values[row.name] = value
    return values


def _clear_columns(record: Evidence, claims: Claims, previous: Evidence | None, where: str) -> Iterator[Finding]:
    depositor, case = claims["depositor"], claims["case"]
    before = None if previous is None else commit("deposit", bytes(previous.statement)).sha256.hex()
    by = record.deposited_by or record.organisation
    expected = {
        "organisation": (by.ref, depositor["organisation"]),
        "credential": ("session" if record.credential_id is None else f"api_key:{record.credential_id}", depositor["credential"]),
        "person": (None if record.person_id is None else f"person:{record.person_id}", depositor["agent"]),
        "kind": (record.kind, claims["subject"]["kind"]),
        "case": (record.case.ref, case["ref"]),
        "case_sequence": (record.case_sequence, case["sequence"]),
        "the statement before it in its case": (before, case["previous"]),
    }
    for column, (row, claim) in expected.items():
        if row != claim:
            yield Finding(where, f"{column} is not the claim's")
    if record.deposited_by_id == record.organisation_id:
        yield Finding(where, "deposited_by is the organisation itself")
    if record.case.organisation_id != record.organisation_id:
        yield Finding(f"cases_case {record.case.ref}", "organisation is not that of its records")


def _relations(record: Evidence, claims: Claims) -> Iterator[Finding]:
    """The rows are what the claims say of how records belong together."""
    metadata = claims["subject"]["metadata"]
    assert isinstance(metadata, dict)
    rows = set(Relation.objects.filter(said_by=record).values_list("source__record", "relation", "target__record"))
    if rows != relations_said(record.record, metadata):
        yield Finding(f"evidence_relation of {record.record}", "the rows are not what the claims say")


def _files(record: Evidence, claims: Claims) -> Iterator[Finding]:
    rows = list(record.files.select_related("evidence", "stored_object").order_by("position"))
    files = [name for name in claims if name.startswith("files/")]
    if [f"files/{row.position}" for row in rows] != files:
        yield Finding(f"evidence_evidencefile of {record.record}", f"{len(rows)} rows for {len(files)} files")
        return
    for row, name in zip(rows, files, strict=True):
        yield from _file(record, row, claims[name])


def _file(record: Evidence, row: EvidenceFile, claim: Mapping[str, Json]) -> Iterator[Finding]:
    """Its original may have come to lie elsewhere since the row was read, or its repair have ended: then it is judged as it lies now."""
    found = list(_file_as_read(record, row, claim))
    while found and (now := _read_again(row)) is not None and _standing(now) != _standing(row):
        row, found = now, list(_file_as_read(record, now, claim))
    yield from found


def _read_again(row: EvidenceFile) -> EvidenceFile | None:
    return EvidenceFile.objects.filter(pk=row.pk).select_related("evidence", "stored_object").first()


def _standing(row: EvidenceFile) -> list[object]:
    """Every column of the row and of its object."""
    return [getattr(each, column.attname) for each in (row, row.stored_object) if each is not None for column in each._meta.concrete_fields]


def _file_as_read(record: Evidence, row: EvidenceFile, claim: Mapping[str, Json]) -> Iterator[Finding]:
    where = f"evidence_evidencefile {record.record} files/{row.position}"
    blind = blind_digest(record.organisation.ref, bytes.fromhex(str(claim["sha256"])))
    if (row.size_bytes, bytes(row.sha256_hmac)) != (claim["size_bytes"], blind):
        yield Finding(where, "size or digest is not the claim's")
    stored = row.stored_object
    if (stored is None) != (claim["custody"] == "depositor"):
        yield Finding(where, "custody is not the claim's")
    if stored is None:
        return
    columns = (stored.organisation_id, stored.size_bytes, bytes(stored.sha256_hmac), stored.stored_at or record.received_at)
    if columns != (record.organisation_id, claim["size_bytes"], blind, record.received_at):
        yield Finding(f"vault_storedobject {stored.name}", "organisation, size, digest or time is not the record's")
    if stored.clear_name is not None:
        yield Finding(f"vault_storedobject {stored.name}", "its original in the clear was not removed yet: run manage.py encrypt_vault")
    if stored.mending_since is not None:
        yield Finding(f"vault_storedobject {stored.name}", "its repair from the second copy was not ended yet: run manage.py scrub")
    places: list[tuple[str, ObjectStore | None]] = [("vault", None)]
    if stored.copied_at is not None and (second := copy_store()) is not None:
        places.append(("copy", second))
    for place, store in places:
        if (fault := original_fault(row, claim, by=BOTH, store=store)) is not None:
            yield Finding(f"{place}/{stored.name}", f"{fault}: files/{row.position} of {record.record}")


def _custody(record: Evidence) -> Iterator[Finding]:
    where, previous = f"evidence_custodyevent of {record.record}", None
    rows = custody_of(record)
    for number, row in enumerate(rows, 1):
        if (row.sequence, row.previous, row.digest) != (number, previous, row.computed_digest()):
            yield Finding(where, f"row {number} does not follow from the row before it")
        previous = row.digest
    if not rows or rows[0].at != record.received_at:
        yield Finding(where, "the trail does not begin with the ingestion")
    # A row that is the last, and in no statement of the log yet, is chained to nothing; this one has to be there.
    hashed = any(row.event == CustodyAction.DIGESTED for row in rows)
    if rows and rows[0].circumstances is not None and not hashed and record.files.filter(stored_object__isnull=False).exists():
        yield Finding(where, "no row says that its originals were digested")


def _case_head(last: Evidence) -> Iterator[Finding]:
    if (last.case.sequence, last.case.head()) != (last.case_sequence, commit("deposit", bytes(last.statement)).sha256):
        yield Finding(f"cases_case {last.case.ref}", "the head is not its last record")


def _dangling() -> Iterator[Finding]:
    for name, model in REFERRED.items():
        referring = Evidence.objects.filter(**{f"{name}_id__isnull": False})
        alone = referring.filter(~Exists(model._default_manager.filter(pk=OuterRef(f"{name}_id")))).order_by("id")
        for number in alone.values_list("record", flat=True).iterator(chunk_size=CHUNK):
            yield Finding(f"evidence_evidence {number}", f"its row of {model._meta.db_table} is missing")


def _own_timestamps() -> Iterator[Finding]:
    """Each token over its record's statement, judged by the roots pinned for its authority; and none that was taken is gone."""
    pinned = Pinned()
    for row in RecordTimestamp.objects.order_by("id").iterator(chunk_size=CHUNK):
        where = f"evidence_recordtimestamp {row.pk}"
        record = Evidence.objects.filter(pk=row.evidence_id).first()
        if record is None:
            yield Finding(where, "its record is missing")
            continue
        try:
            roots = pinned.roots(row.authority)
            verified = verify_token(bytes(row.token), digest=statement_digest(record), roots=roots, not_before=record.received_at)
        except (ValueError, VerificationError) as wrong:
            yield Finding(where, f"token: {wrong}")
            continue
        if verified.gen_time != row.gen_time:
            yield Finding(where, "gen_time is not that of the token")
    stamped = RecordTimestamp.objects.values("evidence_id")
    gone = Job.objects.filter(kind=STAMP_RECORD, done_at__isnull=False).exclude(subject_id__in=stamped)
    for evidence_id in gone.order_by("id").values_list("subject_id", flat=True):
        yield Finding(f"evidence_recordtimestamp of evidence_evidence {evidence_id}", "it was taken, and is missing")


def _corrections() -> Iterator[Finding]:
    """Each row says what the correction's claims say, and no correction that a person made is without one."""
    told = Supersession.objects.select_related("superseded", "correction", "replaced_by").order_by("id")
    for row in told.iterator(chunk_size=CHUNK):
        try:
            claimed = replaced_by_claims(row.correction)
        except (VerificationError, ClaimsErased, KeyUnavailable) as unread:
            yield Finding(f"evidence_supersession {row.pk}", f"the claims of {row.correction.record} cannot be read: {unread}")
            continue
        if claimed != (row.superseded.record, row.replaced_by.record if row.replaced_by else None):
            yield Finding(f"evidence_supersession {row.pk}", f"it is not what the claims of {row.correction.record} say")
    alone = Evidence.objects.filter(kind=CORRECTION, person__isnull=False, corrects=None).order_by("id")
    for number in alone.values_list("record", flat=True).iterator(chunk_size=CHUNK):
        yield Finding(f"evidence_supersession of {number}", "the row is missing")


def _receipts() -> Iterator[Finding]:
    """Records that were promised and have no row under their receipt: whoever deletes all rows of a record leaves this one."""
    for receipt in Receipt.objects.order_by("id").iterator(chunk_size=CHUNK):
        promised = [line.partition(" ")[0] for line in receipt.text.splitlines()[3:]]
        kept = set(Evidence.objects.filter(receipt_id=receipt.pk).values_list("record", flat=True))
        kept.update(receipt.own_statements.values_list("record", flat=True))
        kept.update(receipt.custody_commitments.values_list("record", flat=True))
        for number in promised:
            if number not in kept:
                yield Finding(f"evidence_evidence {number}", f"the row is missing, or not under receipt {receipt.pk} that promises it")


def _idempotency_keys() -> Iterator[Finding]:
    """A key answers with a receipt of its own organisation and its own moment, and no two keys with the same one."""
    for key in IdempotencyKey.objects.order_by("id").iterator(chunk_size=CHUNK):
        first = Evidence.objects.filter(receipt_id=key.answer_id).values_list(
            Coalesce("deposited_by_id", "organisation_id"), "received_at").first()
        if first != (key.organisation_id, key.created_at):
            yield Finding(f"common_idempotencykey {key.pk}", f"receipt {key.answer_id} is not of its organisation and moment")
    rows = IdempotencyKey.objects.values("answer_id").annotate(keys=Count("id")).filter(keys__gt=1).order_by("answer_id")
    for answer_id, keys in rows.values_list("answer_id", "keys"):
        yield Finding("common_idempotencykey", f"{keys} keys answer with receipt {answer_id}")
