"""Hold the trails against what the log has of them: a row that was deleted, altered or chained anew after its trail was put there is named.

The chain of reasons: log entry → statement → salted claim → the trail's row, whose digest chains all before it (`evidence.fsck` follows the
chain itself). Source: threats T13, T26.
"""
from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from evidence.custody_batches import KIND, Head
from evidence.models import CustodyCommitment, CustodyEvent, CustodyHead
from ledger.fsck import Finding
from ledger.models import LogEntry, LogQueue, Receipt
from ledger.selectors import entry_of
from tlog.entry import verify_entry
from tlog.errors import VerificationError
from tlog.statement import Statement, parse_statement

CHUNK = 200


def examine_custody_commitments() -> Iterator[Finding]:
    """Every finding, statement by statement; nothing when all is well."""
    for commitment in CustodyCommitment.objects.select_related("receipt").order_by("id").iterator(chunk_size=CHUNK):
        where = f"evidence_custodycommitment {commitment.record}"
        try:
            statement = parse_statement(bytes(commitment.statement), commitment.record)
            entry, _ = entry_of(commitment.ticket)
            verify_entry(entry, kind=KIND, statement=bytes(commitment.statement))
        except (VerificationError, LogEntry.DoesNotExist, LogQueue.DoesNotExist) as fault:
            yield Finding(where, str(fault))
            continue
        if not statement.received_at == commitment.received_at == commitment.receipt.received_at:
            yield Finding(where, "received_at is not the statement's, or not the receipt's")
        if f"{commitment.record} " not in commitment.receipt.text:
            yield Finding(where, "the receipt does not promise this statement")
        yield from _heads(commitment, statement, where)
    yield from _dangling()


def _heads(commitment: CustodyCommitment, statement: Statement, where: str) -> Iterator[Finding]:
    listed = {claim.name: claim for claim in statement.claims}
    rows = CustodyHead.objects.filter(commitment=commitment).order_by("position").values_list(
        "position", "salt", "event", "event__evidence__record", "event__sequence", "event__digest")
    for position, salt, event_id, record, sequence, digest in rows:
        told = None if record is None else Head(event_id, record, sequence, digest).claim(position, bytes(salt))
        claim = None if told is None else listed.pop(told.name, None)
        if told is None or claim is None or told.digests() != claim:
            yield Finding(f"evidence_custodyevent of {record}", f"row {sequence} is not the one that {commitment.record} has in the log")
    for name in sorted(listed):
        yield Finding(where, f"the trail of its claim {name} is missing")


def _dangling() -> Iterator[Finding]:
    for model, column, parent in ((CustodyHead, "event", CustodyEvent), (CustodyHead, "commitment", CustodyCommitment),
                                  (CustodyCommitment, "receipt", Receipt)):
        alone = model.objects.filter(~Exists(parent._default_manager.filter(pk=OuterRef(f"{column}_id"))))
        for pk in alone.order_by("id").values_list("pk", flat=True).iterator(chunk_size=CHUNK):
            yield Finding(f"{model._meta.db_table} {pk}", f"its row of {parent._meta.db_table} is missing")
