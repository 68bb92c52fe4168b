"""What a deposit does in the log room: queue, promise, receipt; and when nothing more is promised."""
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from common.object_store import FileObjectStore
from ledger.errors import LogBehind, LogFrozen
from ledger.models import LogEntry, LogQueue, LogState, Receipt
from ledger.receipts import receipt_vkey, sign_case_head, signed_receipt
from ledger.selectors import entry_of, log_origin, log_state
from ledger.services import promise, refuse_when_behind
from tests.ledger.logs import deposit, entry, record_number, sequencer
from tlog.merkle import leaf_hash
from tlog.note import Verifier
from tlog.receipt import open_case_head, open_receipt

NOW = datetime(2026, 11, 23, 8, 0, 0, 250_000, tzinfo=UTC)


def test_tickets_are_given_in_order_and_find_their_entries(service: str) -> None:
    tickets = deposit(0, 5)
    assert tickets == sorted(tickets)
    assert [entry_of(ticket)[0] for ticket in tickets] == [entry(number) for number in range(5)]
    assert list(LogQueue.objects.order_by("id").values_list("id", flat=True)) == tickets


def test_a_ticket_that_was_never_given_out_has_no_entry(service: str) -> None:
    with pytest.raises(LogEntry.DoesNotExist):
        entry_of(77)


def test_the_receipt_promises_a_day_and_is_signed_by_the_receipt_key(service: str) -> None:
    deposit(0, 2, at=NOW)
    receipt = Receipt.objects.get()
    signed = signed_receipt(receipt)
    opened = open_receipt(signed.encode(), [Verifier.from_vkey(receipt_vkey())])
    assert (opened.received, opened.include_by - opened.received) == (int(NOW.timestamp()), 86_400)
    assert opened.leaves == tuple((record_number(number), leaf_hash(entry(number))) for number in range(2))
    assert signed_receipt(receipt) == signed
    assert receipt_vkey().startswith(f"{log_origin()}/receipt+{receipt.key_id}+")


def test_a_receipt_promised_under_another_key_is_not_signed(service: str) -> None:
    receipt = promise(1, [(record_number(0), leaf_hash(entry(0)))], received_at=NOW)
    receipt.key_id = "00000000"
    with pytest.raises(ImproperlyConfigured, match="00000000"):
        signed_receipt(receipt)


def test_a_case_head_is_signed_by_the_receipt_key(service: str) -> None:
    note = sign_case_head("0" * 32, 3, bytes(32), NOW)
    head = open_case_head(note, [Verifier.from_vkey(receipt_vkey())])
    assert (head.sequence, head.time) == (3, int(NOW.timestamp()))


def test_deposits_stop_while_the_oldest_unpublished_entry_is_older_than_half_the_promise(
    store: FileObjectStore, settings: Settings
) -> None:
    now = timezone.now()
    half = settings.RECEIPT_PROMISE_S // 2
    refuse_when_behind(now=now)
    deposit(0, 1, at=now)
    refuse_when_behind(now=now + timedelta(seconds=half))
    with pytest.raises(LogBehind) as refused:
        refuse_when_behind(now=now + timedelta(seconds=half + 2))
    assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (503, "log-behind", 30)
    assert refused.value.data["waiting_s"] == half + 2
    log = sequencer()
    log.sequence()
    with pytest.raises(LogBehind):
        refuse_when_behind(now=now + timedelta(seconds=half + 4))
    log.publish()
    refuse_when_behind(now=now + timedelta(seconds=half + 6))


def test_a_frozen_log_takes_nothing(service: str) -> None:
    LogState.objects.update(frozen_at=timezone.now())
    with pytest.raises(LogFrozen) as refused:
        refuse_when_behind(now=timezone.now())
    assert (refused.value.status, refused.value.code) == (503, "log-frozen")


def test_the_database_is_asked_once_a_second(service: str) -> None:
    now = timezone.now()
    refuse_when_behind(now=now)
    deposit(0, 1, at=now - timedelta(days=1))
    with CaptureQueriesContext(connection) as queries:
        refuse_when_behind(now=now + timedelta(seconds=0.9))
    assert len(queries) == 0
    with pytest.raises(LogBehind):
        refuse_when_behind(now=now + timedelta(seconds=1.1))


def test_the_state_before_set_up_is_named(database: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="init_service"):
        log_state()
