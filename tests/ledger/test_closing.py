"""Closing a log: its last entry, the race with deposits, what is answered afterwards, and each place where it may be interrupted."""
import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from common import jobs
from common.bulk import insert_all, reserve
from common.failpoints import InjectedFault
from common.object_store import FileObjectStore
from ledger.announcing import announce
from ledger.closing import ChangeUnderWay, OtherSuccessor, close_log, final_checkpoint
from ledger.errors import LogClosed, LogFrozen
from ledger.fsck import examine_log
from ledger.incidents import FORK, end_incident, open_incident
from ledger.models import LogEntry, LogQueue, LogState, OwnStatement, Receipt
from ledger.own_statements import write_own_statement
from ledger.policies import configured_text
from ledger.selectors import Successor, closing, is_complete, log_state
from ledger.sequencer.refusals import DatabaseOlder, LogIsClosed
from ledger.sequencer.service import Sequencer
from ledger.services import promise, queue_rows, receipt_row, refuse_when_behind
from ledger.succession import hand_over, open_successor, predecessor_claim, prepare, read_handover
from sandbox.tsa.server import TimestampServer
from tests.depositing import Post, document
from tests.ledger.faults import failing
from tests.ledger.logs import deposit, entry, grow, record_number, sequencer
from tlog.errors import VerificationError
from tlog.merkle import leaf_hash

NEXT = Successor("log.example/next", "log.example/next+00000000+AAAA", "https://next.example")


@pytest.fixture(autouse=True)
def _no_authority(settings: Settings) -> None:
    settings.TSAS = ""


def run_to_the_end(log: Sequencer) -> None:
    """One round; after it the sequencer says that nothing is left to do."""
    for step in (log.sequence, log.publish, log.request_stamps):
        step()
    with pytest.raises(LogIsClosed):
        log.close()


def test_what_was_promised_is_written_and_the_last_entry_names_the_successor(store: FileObjectStore) -> None:
    deposit(0, 3)
    said = close_log(NEXT, timezone.now)
    run_to_the_end(sequencer())
    state = log_state()
    assert (said.successor, said.at) == (NEXT, state.closing_at)
    assert (state.size, state.published_size, is_complete(), state.frozen_at is None) == (4, 4, True, False)
    last = OwnStatement.objects.get()
    assert (last.kind, LogEntry.objects.get(ticket=last.ticket).index) == ("key", 3)
    assert final_checkpoint(state).checkpoint.size == 4
    assert list(examine_log()) == []


def test_an_entry_that_is_taken_between_two_looks_is_still_to_be_published(store: FileObjectStore) -> None:
    """Else the successor is opened with the checkpoint before the final one."""
    log = sequencer()
    deposit(0, 3)
    log.sequence()
    log.publish()
    close_log(NEXT, timezone.now)
    taken: list[bool] = []

    def take(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not taken and "ledger_logqueue" in sql:
            taken.append(True)
            log.sequence()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(take):
        assert not is_complete()
    assert (taken, LogQueue.objects.count(), log_state().size, log_state().published_size) == ([True], 0, 4, 3)
    log.publish()
    assert is_complete()


def test_a_closed_log_takes_no_deposit_no_statement_and_no_incident(store: FileObjectStore) -> None:
    close_log(None, timezone.now)
    refusals = (lambda: deposit(0, 1), lambda: write_own_statement("key", {"policy": {}}, now=timezone.now()),
                lambda: refuse_when_behind(now=timezone.now()))
    for refused in refusals:
        with pytest.raises(LogClosed) as caught:
            refused()
        assert (caught.value.status, caught.value.code, "未指定" in caught.value.sentence()) == (410, "log-closed", True)
    incident = open_incident(FORK, "size 300", {"size": 300}, now=timezone.now())
    assert incident is not None
    assert incident.statement is None
    assert end_incident(FORK, "size 300", how="seen", now=timezone.now())
    assert LogQueue.objects.count() == 1


def test_a_deposit_under_way_is_waited_for_and_stands_before_the_last_entry(store: FileObjectStore) -> None:
    closed = threading.Event()
    thread = threading.Thread(target=closing_in_a_thread, args=(closed,))
    with transaction.atomic():
        ids = reserve({LogQueue: 1, Receipt: 1})
        receipt = promise(ids[Receipt][0], [(record_number(0), leaf_hash(entry(0)))], received_at=timezone.now())
        thread.start()
        closed.wait(2)  # a closing that does not wait is done by now, and its entry is in the log
        insert_all([queue_rows(ids[LogQueue], [(entry(0), leaf_hash(entry(0)))], queued_at=receipt.received_at), receipt_row(receipt)])
    thread.join()
    run_to_the_end(sequencer())
    assert bytes(LogEntry.objects.get(index=0).entry) == entry(0)
    assert LogEntry.objects.count() == 2
    assert list(examine_log()) == []


def closing_in_a_thread(closed: threading.Event) -> None:
    try:
        close_log(None, timezone.now)
        sequencer().sequence()
        closed.set()
    finally:
        connection.close()


def test_a_deposit_that_comes_while_the_log_closes_waits_and_is_refused(store: FileObjectStore) -> None:
    inside, answers = threading.Event(), []

    def come() -> None:
        try:
            inside.wait()
            deposit(0, 1)
        except LogClosed as refused:
            answers.append(refused.code)
        finally:
            connection.close()

    def clock() -> Any:
        # Asked when the queue is held and nothing is written: the deposit comes now, long after it was admitted.
        inside.set()
        thread.join(0.5)
        return timezone.now()

    thread = threading.Thread(target=come)
    thread.start()
    close_log(None, clock)
    thread.join()
    assert answers == ["log-closed"]
    run_to_the_end(sequencer())
    assert LogState.objects.get().size == 1


@pytest.mark.parametrize("place", ["ledger.closing-written", "ledger.closing-committed"])
def test_a_closing_that_is_interrupted_is_repeated_and_writes_one_entry(store: FileObjectStore, place: str) -> None:
    with failing(place), pytest.raises(InjectedFault):
        close_log(NEXT, timezone.now)
    assert close_log(NEXT, timezone.now).successor == NEXT
    assert OwnStatement.objects.count() == LogQueue.objects.count() == 1


def test_a_sequencer_that_dies_as_it_freezes_the_log_finds_it_closed(store: FileObjectStore) -> None:
    close_log(None, timezone.now)
    log = sequencer()
    log.sequence()
    log.publish()
    with failing("ledger.log-frozen"), pytest.raises(InjectedFault):
        log.close()
    with pytest.raises(LogIsClosed):
        sequencer()


def test_the_last_word_cannot_be_changed(store: FileObjectStore) -> None:
    close_log(NEXT, timezone.now)
    assert close_log(None, timezone.now).successor == NEXT
    with pytest.raises(OtherSuccessor):
        close_log(Successor("log.example/other", NEXT.vkey, ""), timezone.now)


def test_a_frozen_log_is_not_closed(store: FileObjectStore) -> None:
    LogState.objects.update(frozen_at=timezone.now())
    with pytest.raises(LogFrozen):
        close_log(None, timezone.now)
    with pytest.raises(CommandError, match="frozen by a contradiction"):
        call_command("close_log")


def test_a_log_is_not_closed_while_an_announced_change_of_its_key_lies_ahead_however_far(store: FileObjectStore) -> None:
    now = timezone.now().replace(microsecond=0)
    announce(configured_text(), since=now + timedelta(days=10), until=now + timedelta(days=30), now=now)
    log = sequencer(clock=lambda: now)
    for step in (log.sequence, log.publish):
        step()
    for later in (timedelta(0), timedelta(days=9), timedelta(days=10), timedelta(days=29)):
        with pytest.raises(ChangeUnderWay):
            close_log(None, lambda later=later: now + later)  # type: ignore[misc]
    with pytest.raises(CommandError, match="close the log after it"):
        call_command("close_log")
    assert log_state().closing_at is None
    assert close_log(None, lambda: now + timedelta(days=30)).successor is None


def test_an_announcement_that_may_still_be_published_in_time_holds_up_a_closing_and_one_that_lapsed_does_not(
    store: FileObjectStore
) -> None:
    now = timezone.now().replace(microsecond=0)
    announce(configured_text(), since=now + timedelta(minutes=10), until=now + timedelta(minutes=30), now=now)
    with pytest.raises(ChangeUnderWay):
        close_log(None, lambda: now + timedelta(minutes=9))
    assert close_log(None, lambda: now + timedelta(minutes=10)).successor is None


def test_a_frozen_log_opens_its_successor_without_a_last_word(store: FileObjectStore, settings: Settings) -> None:
    deposit(0, 3)
    log = sequencer()
    log.sequence()
    log.publish()
    LogState.objects.update(frozen_at=timezone.now())
    folder = settings.VAR_DIR / "next"
    successor = prepare(folder, "log.example/next", "")
    claim = predecessor_claim(read_handover(hand_over(folder, successor, None)))
    assert (claim["origin"], claim["size"], claim["closing"], claim["vkey"]) == (log_state().origin, 3, None, log_state().vkey)


def test_a_log_that_never_published_has_nothing_to_hand_over(store: FileObjectStore, settings: Settings) -> None:
    successor = prepare(settings.VAR_DIR / "next", "log.example/next", "")
    with pytest.raises(VerificationError, match="never published"):
        hand_over(settings.VAR_DIR / "next", successor, None)


@pytest.mark.parametrize(("damage", "refusal"), [
    (lambda handover: replace(handover, note=handover.note.replace("3", "4", 1)), VerificationError),
    (lambda handover: replace(handover, successor_origin="log.example/other"), ImproperlyConfigured),
    (lambda handover: handover, ImproperlyConfigured),  # this database holds the old log
])
def test_a_successor_is_opened_only_by_what_its_predecessor_wrote_and_in_a_place_of_its_own(
    store: FileObjectStore, settings: Settings, damage: Any, refusal: type[Exception]
) -> None:
    deposit(0, 3)
    run_to_the_end(closed_sequencer())
    folder = settings.VAR_DIR / "next"
    said = closing()
    assert said is not None
    handover = read_handover(hand_over(folder, prepare(folder, "log.example/next", ""), said))
    settings.ORIGIN = "log.example/next"
    with pytest.raises(refusal):
        open_successor(damage(handover), now=timezone.now())
    (folder / "predecessor.json").write_text("{}")
    with pytest.raises(ImproperlyConfigured, match="write it again"):
        read_handover(folder / "predecessor.json")


def closed_sequencer() -> Sequencer:
    close_log(None, timezone.now)
    return sequencer()


def test_the_log_is_frozen_only_when_its_authorities_have_answered_about_the_final_checkpoint(
    store: FileObjectStore, authority: TimestampServer
) -> None:
    deposit(0, 2)
    close_log(None, timezone.now)
    log = sequencer()
    for step in (log.sequence, log.publish, log.close, log.request_stamps, log.close):
        step()
    assert log_state().frozen_at is None
    for job_id in jobs.due_jobs(timezone.now()):
        jobs.run_job(job_id)
    run_to_the_end(log)
    assert (log_state().stamped_size, log_state().frozen_at is None) == (3, False)


def test_the_command_of_the_sequencer_says_so_and_ends_well(store: FileObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    close_log(None, timezone.now)
    for _ in range(2):
        call_command("sequence")
        said = capsys.readouterr().out
        assert said.count("\n") == 1
        assert "is closed at size 1" in said
    call_command("close_log")
    assert "The final checkpoint is published, size 1" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--successor-origin", "log.example/next"], ["--into", "x"]])
def test_half_a_successor_is_refused(service: str, words: list[str]) -> None:
    with pytest.raises(CommandError, match="Give both"):
        call_command("close_log", *words)
    assert log_state().closing_at is None


def test_readyz_and_the_home_page_say_that_the_log_is_closed_and_reads_go_on(store: FileObjectStore, client: Client) -> None:
    deposit(0, 1)
    close_log(None, timezone.now)
    run_to_the_end(sequencer())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["log"]) == (200, "closed")
    assert "日志已关闭，不再受理新的存证" in client.get("/").content.decode()
    assert client.get("/log/checkpoint").content.split(b"\n")[1] == b"2"


def test_deposits_get_410_with_the_successor_and_a_retry_still_gets_its_receipt(
    store: FileObjectStore, post_deposit: Post, settings: Settings
) -> None:
    first = post_deposit(document(), b"RIFF", Idempotency_Key="one")
    close_log(NEXT, timezone.now)
    again = post_deposit(document(), b"RIFF", Idempotency_Key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["receipt"] == again.json()["receipt"]
    for headers in ({}, {"Idempotency_Key": "two"}):
        refused = post_deposit(document(), b"RIFF", **headers)
        assert (refused.status_code, refused.json()["code"]) == (410, "log-closed")
        assert refused.json()["successor"] == "https://next.example"
        assert "https://next.example" in refused.json()["detail"]
    assert Receipt.objects.count() == 2
    assert [path for path in (settings.VAR_DIR / "vault").rglob("*") if path.is_file()] != []


def test_a_database_from_before_the_closing_is_known_by_the_copy_in_storage(store: FileObjectStore, backup: Any) -> None:
    grow(log := sequencer(), 0, 2)
    log.publish()
    with backup():
        call_command_close(log)
    with pytest.raises(DatabaseOlder, match=r"closing\.json|published/3"):
        sequencer()


def call_command_close(log: Sequencer) -> None:
    close_log(None, timezone.now)
    run_to_the_end(log)


def test_what_the_log_said_is_public_json_in_storage(store: FileObjectStore) -> None:
    said = close_log(NEXT, timezone.now)
    run_to_the_end(sequencer())
    copy = json.loads((store.root / "closing.json").read_text())
    assert (copy["record"], closing()) == (said.record, said)
    assert NEXT.origin in json.dumps(copy["claims"])


def test_a_successor_needs_a_name_and_a_folder_of_its_own(service: str, settings: Settings) -> None:
    origin = log_state().origin
    for words in (["--successor-origin", origin, "--into", str(settings.VAR_DIR / "next")],
                  ["--successor-origin", "log.example/next", "--into", str(settings.VAR_DIR)]):
        with pytest.raises(CommandError) as refused:
            call_command("close_log", *words)
        assert isinstance(refused.value.__cause__, ImproperlyConfigured)
    assert log_state().closing_at is None
