"""Every receipt is held against the log as it is published; a broken promise is found, recorded once, and remembered."""
import logging
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from common import jobs
from common.object_store import FileObjectStore
from ledger.audit import OWN, SUBJECT, Audit, audit_receipts
from ledger.incidents import RECEIPT_BREACHED, SELF_CHECK_FAILED, open_incidents
from ledger.models import Incident, LogQueue, Receipt
from ledger.own_statements import claims_of
from ledger.selectors import log_state
from ledger.sequencer.service import Sequencer
from ledger.tasks import AUDIT_RECEIPTS
from tests.ledger.logs import Clock, deposit, integrate, sequencer
from tests.ledger.test_fsck import unlock
from tlog.merkle import leaf_hash
from tlog.note import CosignatureSigner
from tlog.tiles import tile_path

DAY = timedelta(days=1)


@pytest.fixture
def clock(store: FileObjectStore) -> Clock:
    return Clock()


def publish(log: Sequencer) -> None:
    integrate(log)
    assert log.publish()


def audit(clock: Clock) -> Audit:
    return audit_receipts(now=clock())


def test_receipts_that_are_kept_or_not_due_are_no_news(clock: Clock) -> None:
    log = sequencer(clock=clock)
    assert audit(clock) == Audit(0, 0, (), ())
    for first, count in ((0, 1), (1000, 255), (2000, 300)):
        deposit(first, count, at=clock(), batch=100)
        publish(log)
    deposit(5000, 7, at=clock())
    assert audit(clock) == Audit(556, 8, (), ())
    clock.advance(86_401)
    publish(log)
    deposit(6000, 7, at=clock())
    assert [(breach.receipt, breach.leaves, breach.owed) for breach in audit(clock).breaches] == [(8, 7, False)]
    assert Incident.objects.filter(code=RECEIPT_BREACHED).count() == 1


def test_a_receipt_whose_time_is_over_is_a_row_an_alert_and_an_entry_once(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    log = sequencer(clock=clock)
    deposit(0, 5, at=clock())
    publish(log)
    deposit(100, 3, at=clock())
    clock.advance(86_400)
    assert audit(clock).breaches == ()  # the last second of the promise is part of it
    clock.advance(1)
    for _ in range(3):
        [breach] = audit(clock).breaches
        assert (breach.receipt, breach.leaves, breach.owed, breach.subject) == (2, 3, True, "receipt 2")
    [incident] = open_incidents()
    assert incident.facts == {"include_by": "2026-11-24T08:00:00.000Z", "entries": 3, "published": "not yet", "published_size": 5}
    assert [record.levelno for record in caplog.records if "INCIDENT" in record.getMessage()] == [logging.CRITICAL]
    assert incident.statement is not None
    assert claims_of(incident.statement)["incident"]["subject"] == "receipt 2"  # type: ignore[index,call-overload]
    assert LogQueue.objects.count() == 4


def test_the_incident_ends_when_the_entries_are_published_and_stays_in_history(clock: Clock) -> None:
    log = sequencer(clock=clock)
    deposit(0, 3, at=clock())
    clock.advance(86_401)
    assert audit(clock).breaches[0].owed
    publish(log)
    assert audit(clock).breaches == ()
    assert open_incidents() == []
    [incident] = Incident.objects.filter(code=RECEIPT_BREACHED)
    assert incident.end.how == "published late; included in the log of size 4"
    publish(log)
    assert audit(clock).breaches == ()
    assert Incident.objects.count() == 1


def test_what_was_published_too_late_between_two_audits_is_a_breach_all_the_same(clock: Clock) -> None:
    log = sequencer(clock=clock)
    deposit(0, 3, at=clock())
    clock.advance(86_401)
    publish(log)
    [breach] = audit(clock).breaches
    assert not breach.owed
    [incident] = Incident.objects.filter(code=RECEIPT_BREACHED)
    assert (incident.facts["published"], incident.end.ended_at) == ("late", incident.opened_at)
    assert audit(clock).breaches == ()
    assert Incident.objects.count() == 1


def test_a_leaf_that_is_nowhere_is_found_though_the_rest_of_its_receipt_is_published(clock: Clock) -> None:
    log = sequencer(clock=clock)
    tickets = deposit(0, 10, at=clock())
    LogQueue.objects.filter(pk=tickets[4]).delete()
    publish(log)
    clock.advance(86_401)
    assert [(breach.leaves, breach.owed) for breach in audit(clock).breaches] == [(1, True)]


def test_the_receipts_of_incidents_share_one_incident_and_do_not_multiply(clock: Clock) -> None:
    deposit(0, 3, at=clock(), batch=1)
    for _ in range(5):
        clock.advance(86_401)
        audit(clock)
    assert sorted(Incident.objects.values_list("subject", flat=True)) == ["receipt 1", "receipt 2", "receipt 3", OWN]
    for _ in range(2):  # the ends are entries too
        publish(sequencer(clock=clock))
        audit(clock)
    assert open_incidents() == []
    clock.advance(86_401)
    assert audit(clock).breaches == ()
    assert Incident.objects.count() == 4


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


@pytest.mark.parametrize("name", [tile_path(0, 0, 256), tile_path(0, 1, 44), tile_path(1, 0, 1)])
def test_published_tiles_that_do_not_lead_to_the_published_root_keep_no_promise(
    clock: Clock, store: FileObjectStore, name: str
) -> None:
    """A deposit's entry in the database says nothing: what is not in the published tiles was not published."""
    deposit(0, 300, at=clock())
    publish(sequencer(clock=clock))
    path = store.root / name
    whole = path.read_bytes()
    path.write_bytes(flip(whole, 10))
    found = audit(clock)
    assert found.findings
    assert found.breaches == ()
    path.unlink()
    assert audit(clock).findings
    [incident] = open_incidents()
    assert (incident.code, incident.subject) == (SELF_CHECK_FAILED, SUBJECT)
    path.write_bytes(whole)
    assert audit(clock).findings == ()
    assert open_incidents() == []


@pytest.mark.parametrize("change", [
    "UPDATE ledger_publishedcheckpoint SET note = %s",
    "UPDATE ledger_logentry SET entry = %s WHERE \"index\" = 3",
    "UPDATE ledger_receipt SET text = 'nonsense' WHERE %s IS NOT NULL",
])
def test_rows_that_were_changed_by_hand_are_named_and_nothing_is_judged(clock: Clock, change: str) -> None:
    deposit(0, 5, at=clock())
    publish(sequencer(clock=clock))
    unlock()
    with connection.cursor() as cursor:
        cursor.execute(change, [b"x"])
    found = audit(clock)
    assert len(found.findings) == 1
    assert found.breaches == ()
    assert [incident.code for incident in open_incidents()] == [SELF_CHECK_FAILED]


def test_tiles_and_rows_that_were_changed_together_do_not_lead_to_what_was_signed(clock: Clock, store: FileObjectStore) -> None:
    deposit(0, 5, at=clock())
    publish(sequencer(clock=clock))
    unlock()
    with connection.cursor() as cursor:
        cursor.execute('UPDATE ledger_logentry SET entry = %s WHERE "index" = 3', [b"x"])
    path = store.root / tile_path(0, 0, 5)
    tile = path.read_bytes()
    path.write_bytes(tile[:96] + leaf_hash(b"x") + tile[128:])
    [finding] = audit(clock).findings
    assert "do not lead to the signed root of size 5" in finding.what


def test_a_checkpoint_without_its_policys_quorum_keeps_no_promise(clock: Clock, settings: Settings, var_dir: Path) -> None:
    deposit(0, 5, at=clock())
    publish(sequencer(clock=clock))
    recorded = var_dir / "policies" / "19700101T000000Z.txt"
    recorded.parent.mkdir()
    witness = CosignatureSigner.from_seed("test/w", b"w" * 32)
    recorded.write_text(f"log {log_state().vkey}\nwitness w {witness.vkey} http://127.0.0.1:1\nquorum w\n")
    assert "quorum 'w' not reached" in audit(clock).findings[0].what


def test_the_worker_does_it_once_a_day(clock: Clock) -> None:
    deposit(0, 3, at=timezone.now() - 2 * DAY)
    jobs.enqueue_daily_jobs(now=timezone.now())
    kinds = {job.pk: job.kind for job in jobs.Job.objects.all()}
    for job_id in jobs.due_jobs(timezone.now()):
        if kinds[job_id] == AUDIT_RECEIPTS:
            assert jobs.run_job(job_id)
    assert [incident.subject for incident in open_incidents()] == ["receipt 1"]


def test_the_command_says_it_in_sentences_and_by_its_exit_code(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit_receipts")
    assert "all 0 receipts are kept, or not due yet (published size 0)" in capsys.readouterr().out
    deposit(0, 3, at=timezone.now() - 2 * DAY)
    with pytest.raises(SystemExit) as ended:
        call_command("audit_receipts")
    said = capsys.readouterr()
    assert ended.value.code == 1
    assert "ledger_receipt 1: 3 个条目期限已过仍未发布 / 3 not published, and include-by is over" in said.out
    assert "1 receipt(s) breached, 0 kept too late" in said.err
    publish(sequencer())
    call_command("audit_receipts")
    assert "all 2 receipts are kept" in capsys.readouterr().out


def peak() -> int:
    """The most memory of one audit, after another one has filled the caches that are bounded."""
    audit_receipts(now=timezone.now())
    tracemalloc.start()
    audit_receipts(now=timezone.now())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_memory_is_flat_however_many_receipts_there_are(store: FileObjectStore) -> None:
    deposit(0, 300, batch=1)
    publish(sequencer())
    few = peak()
    for _ in range(5):
        deposit(0, 300, batch=1)  # the same numbers again: what is remembered of each number is bounded elsewhere
    publish(sequencer())
    # Fifteen hundred rows more, held at once, are more than a megabyte.
    assert peak() < few + 300_000
    assert Receipt.objects.count() == 1800
