"""One consistent view of the database for a whole examination, while the service goes on.

Storage has no snapshots: what looks wrong there is judged again by the state after the examination (`Examined.now`).
"""
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from common.object_store import ObjectStore
from ledger.models import LogState
from ledger.selectors import log_state
from tlog.note import Verifier


@dataclass(frozen=True, slots=True)
class Examined:
    """What is examined: the state row in the snapshot, the store, and the log's public key."""

    state: LogState
    store: ObjectStore
    verifier: Verifier


@contextmanager
def snapshot() -> Iterator[None]:
    """Everything read inside is of one moment; nothing is locked, nothing is written but temporary tables."""
    assert not connection.in_atomic_block
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield
            transaction.set_rollback(True)
        return
    # Not `atomic`: that would take SQLite's one write lock and hold up every deposit.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def state_now() -> LogState:
    """The state outside any snapshot."""
    assert not connection.in_atomic_block
    return log_state()
