"""Taking a deposit with its originals, from whoever sends it: admission, the deposit, and what becomes of the originals.

The originals of a request are durable before the transaction begins. They are removed when no deposit was tried; once one was, its
outcome may be unknown (a connection lost during COMMIT), and only the sweeper decides, by the rows.
"""
from collections.abc import Callable, Sequence
from datetime import datetime

from django.utils import timezone

from common.errors import DomainError
from common.idempotency import IdempotentRequest
from evidence.capture import DepositItem, Depositor
from evidence.faults import check_items
from evidence.limits import count_deposit
from evidence.multipart import Originals
from evidence.services import Acknowledgement, acknowledged_before, deposit
from ledger.errors import LogClosed
from ledger.services import refuse_when_behind
from tlog.canonical import IllegalValue


def admit(depositor: Depositor, *, retried: bool, now: datetime) -> None:
    """Refuse who deposits too often, and everybody when the log could not keep the promise. Raises RateLimited, LogBehind, LogClosed.

    A request with an idempotency key (`retried`) to a closed log goes on: a retry of what was acknowledged gets its receipt for ever, and
    anything new is refused by the deposit itself.
    """
    count_deposit(depositor.actor, now=now)
    try:
        refuse_when_behind(now=now)
    except LogClosed:
        if not retried:
            raise


def deposit_upload(
    depositor: Depositor, upload: Originals, read: Callable[[], tuple[DepositItem, IdempotentRequest | None]]
) -> Acknowledgement:
    """Deposit one record with its originals. `read` takes the request to its end into `upload` and says what it asks for.

    A DomainError means that nothing was written and no original is kept.
    """
    unknown = False
    try:
        item, retry = read()
        answer = acknowledged_before(depositor, retry) if retry else None
        if answer is None:
            unknown = True
            answer = deposit_valid(depositor, [item], retry, batch=False)
            unknown = not answer.repeated  # a concurrent twin was first: the record's originals are the twin's, ours are nobody's
    except DomainError:
        unknown = False  # a refusal, the deposit's own included: nothing was written
        raise
    finally:
        if not unknown:
            upload.discard()
    return answer


def deposit_valid(
    depositor: Depositor, items: Sequence[DepositItem], retry: IdempotentRequest | None, *, batch: bool
) -> Acknowledgement:
    """Deposit, and point at every value that breaks the rules of A1. A DomainError means that nothing was written."""
    now = timezone.now()
    try:
        return deposit(depositor, items, now=now, request=retry, batch=batch)
    except IllegalValue:
        check_items(depositor, items, batch=batch, now=now)
        raise
