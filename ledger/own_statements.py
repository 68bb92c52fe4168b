"""What the service says of itself in the log: incidents (`incident`) and changes of its keys and policy (`key`).

Each is a statement with salted claims, an entry and a receipt, exactly as a deposit's, so that the log, `fsck` and the audit of
receipts hold it to the same rules. Its claims name institutions, sizes and times, never a person, and are public with their salts.

What this does not do: decide that something is an incident (`ledger.incidents`) or that a key changes.

Source: formats A1 ("other entry kinds have statements of the same shape"), A2, A3.
"""
import os
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from common.bulk import insert_all, reserve
from ledger.models import LogQueue, OwnStatement, Receipt
from ledger.own_claims import claims_of, pack_claims, unpack_claims
from ledger.services import promise, queue_rows, receipt_row
from tlog.claims import SALT_LENGTH, make_claim
from tlog.entry import commit
from tlog.merkle import leaf_hash
from tlog.record_number import RANDOM_LENGTH, number_from
from tlog.statement import format_statement
from tlog.times import date_in_china, format_time

__all__ = ["claims_of", "fresh_number", "pack_claims", "unpack_claims", "write_own_statement"]


def write_own_statement(kind: str, claims: Mapping[str, Mapping[str, object]], *, now: datetime) -> OwnStatement:
    """Write, promise and queue a statement with these claims, in one transaction; durable when that of the caller is.

    `kind` is `incident` or `key`. Raises ValueError when a value breaks the rules of A1 (no floats, no deep nesting); LogClosed, LogFrozen.
    """
    moment = now.replace(microsecond=now.microsecond // 1000 * 1000)
    record = fresh_number(date_in_china(moment))
    salted = [make_claim(name, dict(value), os.urandom(SALT_LENGTH), kind=kind) for name, value in claims.items()]
    statement = format_statement(kind=kind, record=record, received_at=format_time(moment), claims=salted)
    entry = commit(kind, statement).encode()
    with transaction.atomic():
        ids = reserve({LogQueue: 1, Receipt: 1})
        [ticket], [receipt_id] = ids[LogQueue], ids[Receipt]
        receipt = promise(receipt_id, [(record, leaf_hash(entry))], received_at=moment)
        insert_all([queue_rows([ticket], [(entry, leaf_hash(entry))], queued_at=moment), receipt_row(receipt)])
        own = OwnStatement(
            record=record, kind=kind, received_at=moment, statement=statement, claims=pack_claims(salted), receipt=receipt, ticket=ticket)
        own.save()
    return own


def fresh_number(day: str) -> str:
    """A random record number of the day (YYYYMMDD); one draw in nine is made again for its check character."""
    while (number := number_from(day, os.urandom(RANDOM_LENGTH))) is None:
        pass
    return number
