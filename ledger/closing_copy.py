"""The statement with which a log closes, once more beside its tiles: `closing.json`, with its claims and its signed receipt.

A database restored from before the closing does not know that the log is closed, and would take deposits again. Start-up sees the copy and
refuses; `restore_closing` gives the statement back. All of it is public.

What this does not do: close a log (`ledger.closing`).

Source: threats of this project, T12 and 2.2 ("freeze marker").
"""
import json
from datetime import UTC, datetime

from django.db import transaction

from common.bulk import insert_all, reserve
from common.object_store import ObjectStore
from ledger.models import LogQueue, LogState, OwnStatement, Receipt
from ledger.own_claims import claims_of
from ledger.receipts import receipt_vkey, signed_receipt
from ledger.selectors import CLOSING, closing, log_state
from ledger.services import queue_rows, receipt_row
from ledger.storage import CLOSING_COPY, read_object
from tlog.entry import commit
from tlog.errors import VerificationError
from tlog.merkle import leaf_hash
from tlog.note import Verifier, split_note
from tlog.receipt import open_receipt
from tlog.statement import parse_statement


def keep_copy(store: ObjectStore) -> None:
    """Write the copy of a closed log; may be repeated. Raises ObjectConflictError, OSError."""
    store.put_new(CLOSING_COPY, [closing_copy()])


def closing_copy() -> bytes:
    """The copy of a closed log, as JSON."""
    said = closing()
    assert said is not None, "asked of a closed log only"
    own = OwnStatement.objects.select_related("receipt").get(record=said.record)
    return json.dumps({
        "record": own.record, "statement": bytes(own.statement).decode(), "claims": json.loads(bytes(own.claims)),
        "receipt": signed_receipt(own.receipt),
    }, ensure_ascii=False, indent=1).encode()


def restore_closing(store: ObjectStore) -> bool:
    """Give a database from before the closing the last statement, promised and queued as it was; False when there is nothing to give.

    Raises VerificationError when the copy is not what this log's receipt key signed.
    """
    if log_state().closing_at is not None or CLOSING_COPY not in store.list(""):
        return False
    own, receipt = _read(read_object(store, CLOSING_COPY))
    entry = commit(own.kind, bytes(own.statement)).encode()
    with transaction.atomic():
        ids = reserve({LogQueue: 1, Receipt: 1})
        [own.ticket], [receipt.pk] = ids[LogQueue], ids[Receipt]
        insert_all([queue_rows(ids[LogQueue], [(entry, leaf_hash(entry))], queued_at=own.received_at), receipt_row(receipt)])
        own.receipt = receipt
        own.save()
        LogState.objects.filter(pk=1).update(closing_at=own.received_at)
    return True


def _read(data: bytes) -> tuple[OwnStatement, Receipt]:
    """The rows that a copy tells of, not saved. Raises VerificationError unless the receipt in it is ours and promises its statement."""
    try:
        copy = json.loads(data)
        record, said, note, claims = (copy[name] for name in ("record", "statement", "receipt", "claims"))
        said, note, claims = said.encode(), note.encode(), json.dumps(claims, ensure_ascii=False).encode()
    except (ValueError, KeyError, TypeError, AttributeError) as damaged:
        raise VerificationError(f"{CLOSING_COPY} is damaged") from damaged
    key = Verifier.from_vkey(receipt_vkey())
    promised, statement = open_receipt(note, [key]), parse_statement(said, record)
    own = OwnStatement(record=record, kind=statement.kind, received_at=statement.received_at, statement=said, claims=claims)
    if promised.leaves != ((record, leaf_hash(commit("key", said).encode())),) or CLOSING not in claims_of(own):
        raise VerificationError(f"{CLOSING_COPY} is no closing that this log promised")
    receipt = Receipt(
        text=split_note(note)[0], key_id=key.key_id.hex(), received_at=statement.received_at,
        include_by=datetime.fromtimestamp(promised.include_by, UTC))
    return own, receipt
