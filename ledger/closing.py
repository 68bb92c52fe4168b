"""Closing a log in order: its last entry says so, what was promised before is written and published, and then nothing moves any more.

`close_log` writes the last entry; the sequencer, which goes on as usual, calls `finish_closing` until the final checkpoint is published and
stamped. Each step may be interrupted and repeated. A copy of the last statement lies in storage (`ledger.closing_copy`).

What this does not do: open the log that goes on (`ledger.succession`), or freeze a log whose database and storage contradict each other
(`ledger.recovery`).

Source: design.md §3 and §4 ("old shard frozen with a final checkpoint"); threats 2.2 ("freeze marker for the old log"); formats A1, A2.
"""
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from common.failpoints import reached
from common.object_store import ObjectStore
from ledger.announcements import announcements
from ledger.closing_copy import keep_copy
from ledger.errors import LogFrozen
from ledger.models import LogState, PublishedCheckpoint, StampRequest
from ledger.own_statements import write_own_statement
from ledger.policies import log_keys_at, policies, policy_at
from ledger.selectors import CLOSING, Closing, Successor, closing, is_complete, log_state
from ledger.stamping import authority_ids
from tlog.checkpoint import Checkpoint
from tlog.errors import VerificationError
from tlog.policy import verify_checkpoint
from tlog.times import format_time

Clock = Callable[[], datetime]


class ChangeUnderWay(Exception):
    """A change of key or policy is announced and still to come."""


class OtherSuccessor(Exception):
    """The log was closed with another successor, or none; its last word cannot be changed."""


def close_log(successor: Successor | None, clock: Clock) -> Closing:
    """Write the last entry; from its commit on nothing is taken any more. A repetition finds it written and returns what it says.

    `successor`: the log that goes on; None when none is known yet. Raises OtherSuccessor, ChangeUnderWay, LogFrozen; OperationalError when
    a deposit holds the queue for longer than a statement may wait.
    """
    with transaction.atomic():
        # The state row first, then the queue: the order in which the sequencer takes the two.
        state = LogState.objects.select_for_update().get(pk=1)
        if state.closing_at is None:
            if state.frozen_at is not None:
                raise LogFrozen
            _wait_for_deposits()
            moment = clock()
            # A final checkpoint is stamped under the policy of its publication or never, and no newer one takes its place. Nobody knows
            # for how long the authorities will be away, so no change may begin afterwards, however far ahead it lies.
            if any(change.is_open(moment) for change in announcements()):
                raise ChangeUnderWay
            own = write_own_statement("key", {CLOSING: closing_claim(successor, moment)}, now=moment)
            LogState.objects.filter(pk=1).update(closing_at=own.received_at)
            reached("ledger.closing-written")
    reached("ledger.closing-committed")
    said = closing()
    assert said is not None, "the statement and closing_at are written together"
    if successor is not None and said.successor not in (None, successor):
        raise OtherSuccessor
    return said


def _wait_for_deposits() -> None:
    """Wait for every transaction that promised an entry; those that begin to promise one now wait for ours, and are refused then.

    SQLite has one writer at a time, and it is this one.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Held against the ROW EXCLUSIVE of `selectors.refuses_entries`.
            cursor.execute("LOCK TABLE ledger_logqueue IN SHARE ROW EXCLUSIVE MODE")


def closing_claim(successor: Successor | None, moment: datetime) -> dict[str, object]:
    """The value of the claim `closing`; `at` is in whole milliseconds, as the statement's `received_at`."""
    named = None if successor is None else {"origin": successor.origin, "vkey": successor.vkey, "url": successor.url}
    return {"at": format_time(moment), "successor": named}


def finish_closing(store: ObjectStore, clock: Clock) -> bool:
    """Freeze a closing log once its final checkpoint is published and every authority has answered about it; whether it is closed for good.

    The sequencer asks about once a second; False for a log that is open. Raises ObjectConflictError, OSError, DatabaseError.
    """
    state = log_state()
    if state.closing_at is None or state.frozen_at is not None:
        return is_complete()
    keep_copy(store)
    if not is_complete():
        return False
    state = log_state()
    if _stamps_awaited(state.size):
        return False
    frozen = LogState.objects.filter(pk=1, size=state.size, published_size=state.size, frozen_at=None).update(frozen_at=clock())
    reached("ledger.log-frozen")
    return frozen == 1


def _stamps_awaited(size: int) -> bool:
    requests = dict(StampRequest.objects.filter(checkpoint__size=size).values_list("authority", "outcome"))
    return not all(requests.get(id_) for id_ in authority_ids())


@dataclass(frozen=True, slots=True)
class Final:
    """The last checkpoint as it was published, the policy of that moment, and the newest of the log's keys under it."""

    checkpoint: Checkpoint
    note: bytes
    policy: str
    vkey: str


def final_checkpoint(state: LogState) -> Final:
    """Raises VerificationError when it lacks the quorum of its policy, or when nothing was ever published."""
    row = PublishedCheckpoint.objects.filter(size=state.published_size).first()
    if row is None:
        raise VerificationError("this log never published a checkpoint: there is nothing to succeed")
    policy = policy_at(row.published_at, policies())
    checkpoint = verify_checkpoint(bytes(row.note), policy.policy)
    return Final(checkpoint, bytes(row.note), policy.text, log_keys_at(row.published_at)[-1].vkey)
