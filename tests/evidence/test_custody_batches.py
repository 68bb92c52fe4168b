"""Trails in the log: each end once, whatever dies meanwhile; a row that is deleted, altered or chained anew afterwards is named."""
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.test import Client
from django.utils import timezone

from common.append_only import trigger_names
from common.failpoints import InjectedFault, plan
from common.jobs import Job, enqueue_daily_jobs, run_job
from evidence.custody import CustodyAction, CustodyRow
from evidence.custody_batches import COMMIT_CUSTODY, EVERY, commit_heads, moved_heads
from evidence.custody_fsck import examine_custody_commitments
from evidence.fsck import examine_evidence
from evidence.models import CustodyCommitment, CustodyEvent, CustodyHead, Evidence
from evidence.selectors import custody_of
from evidence.trail import done_by_system, note_happening
from ledger.fsck import examine_log
from ledger.models import LogEntry, LogQueue, LogState, Receipt
from ledger.trust import trust_files
from tests.api.test_routes import content_of
from tests.depositing import Post, batch, document
from tests.tlog.examination.in_memory import failures, report_on
from tlog import checks
from tlog.entry import parse_entry
from tlog.statement import parse_statement


@pytest.fixture
def record(post_deposit: Post) -> Evidence:
    [made] = post_deposit(document(), b"original").json()["records"]
    return Evidence.objects.get(record=made["record"])


def put_into_log() -> int:
    now = timezone.now()
    return commit_heads(moved_heads(now=now), now=now)


def look_at(record: Evidence) -> None:
    note_happening(record.pk, done_by_system(CustodyAction.CHECKED), now=timezone.now())


def test_the_end_of_each_trail_is_put_into_the_log_once_and_again_only_when_it_moved(post_batch: Post, publish: Callable[[], None]) -> None:
    post_batch(batch(70))
    assert put_into_log() == 70
    assert put_into_log() == 0
    assert [commitment.heads.count() for commitment in CustodyCommitment.objects.order_by("id")] == [64, 6]
    assert Receipt.objects.filter(custody_commitments__isnull=False).distinct().count() == 1, "one promise for one run"
    moved = Evidence.objects.order_by("id")[3]
    look_at(moved)
    look_at(moved)
    assert [(head.record, head.sequence) for head in moved_heads(now=timezone.now())] == [(moved.record, 3)]
    assert put_into_log() == 1
    publish()
    kinds = [parse_entry(bytes(entry)).kind for entry in LogEntry.objects.order_by("index").values_list("entry", flat=True)]
    assert kinds == ["deposit"] * 70 + ["custody"] * 3
    assert list(examine_custody_commitments()) == list(examine_evidence()) == list(examine_log()) == []


def test_the_statement_tells_nothing_of_whose_trails_it_holds(record: Evidence) -> None:
    put_into_log()
    made = CustodyCommitment.objects.get()
    statement = parse_statement(bytes(made.statement), made.record)
    assert (statement.kind, [claim.name for claim in statement.claims]) == ("custody", ["head_01"])
    assert record.record not in bytes(made.statement).decode()
    assert len(bytes(CustodyHead.objects.get().salt)) == 32


def test_what_was_written_when_a_run_died_is_nothing_and_the_next_run_writes_all(record: Evidence) -> None:
    with plan("evidence.custody-before-commit=error"), pytest.raises(InjectedFault):
        put_into_log()
    assert (CustodyCommitment.objects.count(), CustodyHead.objects.count(), LogQueue.objects.count()) == (0, 0, 1)
    assert put_into_log() == 1


def test_two_runs_at_the_same_trails_leave_them_there_once(record: Evidence) -> None:
    seen = moved_heads(now=timezone.now())
    assert put_into_log() == 1
    with pytest.raises(IntegrityError):
        commit_heads(seen, now=timezone.now())
    assert (CustodyCommitment.objects.count(), LogQueue.objects.count()) == (1, 2)


def test_a_row_with_an_old_id_that_was_committed_late_is_found_in_turn(post_batch: Post) -> None:
    post_batch(batch(5))
    rows = list(CustodyEvent.objects.order_by("id"))
    heads = moved_heads(now=timezone.now())
    # The first row's transaction had not committed when the others were put into the log.
    assert commit_heads(heads[1:], now=timezone.now()) == 4
    now = timezone.now()
    assert [len(moved_heads(now=now + turn * EVERY, overlap=0, swept=2)) for turn in range(6)].count(1) >= 1
    found = next(heads for turn in range(6) if (heads := moved_heads(now=now + turn * EVERY, overlap=0, swept=2)))
    assert commit_heads(found, now=now) == 1
    assert CustodyHead.objects.filter(event=rows[0]).count() == 1


def test_a_log_that_takes_no_entry_any_more_is_left_alone(record: Evidence) -> None:
    LogState.objects.update(frozen_at=timezone.now())
    assert put_into_log() == 0
    assert CustodyCommitment.objects.count() == 0


@pytest.fixture
def unguarded(record: Evidence) -> Evidence:
    """The record with its trail in the log, in the hands of somebody who drops the guards first."""
    look_at(record)
    put_into_log()
    with connection.cursor() as cursor:
        for table in ("evidence_custodyevent", "evidence_custodyhead", "evidence_custodycommitment"):
            on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
            for name in trigger_names(connection.vendor, table):
                cursor.execute(f"DROP TRIGGER {name}{on_table}")
    return record


def change(statement: str, *values: str | int | bytes | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def rechained(rows: list[CustodyRow], changed: int, actor: str) -> list[CustodyRow]:
    """The trail with another actor in one row, and every digest right for what the rows now say."""
    made: list[CustodyRow] = []
    for number, row in enumerate(rows, 1):
        previous = made[-1].digest if made else None
        new = replace(row, previous=previous, actor=actor if number == changed else row.actor)
        made.append(replace(new, digest=new.computed_digest()))
    return made


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_trail_that_was_chained_anew_is_not_the_one_in_the_log(unguarded: Evidence, number: int) -> None:
    for row in rechained(custody_of(unguarded), number, "person:666"):
        change("UPDATE evidence_custodyevent SET actor = %s, previous = %s, digest = %s WHERE evidence_id = %s AND sequence = %s",
               row.actor, row.previous, row.digest, unguarded.pk, row.sequence)
    assert list(examine_evidence()) == [], "the chain itself holds"
    [finding] = examine_custody_commitments()
    assert finding.where == f"evidence_custodyevent of {unguarded.record}"
    assert finding.what.startswith("row 3 is not the one that CZ-")


def test_the_worker_puts_trails_into_the_log_every_five_minutes_by_itself(record: Evidence) -> None:
    now = timezone.now()
    enqueue_daily_jobs(now=now)
    assert run_job(Job.objects.get(kind=COMMIT_CUSTODY).pk)
    assert CustodyHead.objects.get().event.evidence == record
    again = Job.objects.get(kind=COMMIT_CUSTODY)
    assert (again.done_at, again.next_attempt_at - now < 2 * EVERY) == (None, True)


def test_the_command_finds_a_trail_that_was_chained_anew(unguarded: Evidence, capsys: pytest.CaptureFixture[str]) -> None:
    for row in rechained(custody_of(unguarded), 2, "person:666"):
        change("UPDATE evidence_custodyevent SET actor = %s, previous = %s, digest = %s WHERE evidence_id = %s AND sequence = %s",
               row.actor, row.previous, row.digest, unguarded.pk, row.sequence)
    with pytest.raises(SystemExit) as ended:
        call_command("fsck")
    assert ended.value.code == 1
    told = capsys.readouterr()
    assert f"evidence_custodyevent of {unguarded.record}: row 3 is not the one that CZ-" in told.out + told.err


@pytest.mark.parametrize("column", ["salt", "position"])
def test_a_place_in_the_log_that_was_altered_is_named(unguarded: Evidence, column: str) -> None:
    change(f"UPDATE evidence_custodyhead SET {column} = %s", bytes(32) if column == "salt" else 2)
    assert any(finding.where == f"evidence_custodyevent of {unguarded.record}" for finding in examine_custody_commitments())


def test_a_place_in_the_log_that_was_deleted_is_named(unguarded: Evidence) -> None:
    change("DELETE FROM evidence_custodyhead")
    made = CustodyCommitment.objects.get()
    assert [(finding.where, finding.what) for finding in examine_custody_commitments()] == [
        (f"evidence_custodycommitment {made.record}", "the trail of its claim head_01 is missing")]
    change("DELETE FROM evidence_custodycommitment")
    assert list(examine_custody_commitments()) == []
    assert [finding.what for finding in examine_evidence()] == [
        f"the row is missing, or not under receipt {made.receipt_id} that promises it"]


def test_a_deleted_row_is_named(unguarded: Evidence) -> None:
    change("PRAGMA foreign_keys = OFF" if connection.vendor == "sqlite" else "SET session_replication_role = replica")
    change("DELETE FROM evidence_custodyevent WHERE evidence_id = %s AND sequence = 3", unguarded.pk)
    findings = [finding.what for finding in examine_custody_commitments()]
    assert "the trail of its claim head_01 is missing" in findings
    assert "its row of evidence_custodyevent is missing" in findings
    change("PRAGMA foreign_keys = ON" if connection.vendor == "sqlite" else "SET session_replication_role = DEFAULT")


@pytest.mark.parametrize(("column", "value"), [
    ("record", "CZ-20260101-00000-00000-0"), ("statement", b"{}"), ("received_at", "2020-01-01 00:00:00"), ("ticket", 999_999)])
def test_a_statement_that_was_altered_is_named(unguarded: Evidence, column: str, value: str | int | bytes) -> None:
    change(f"UPDATE evidence_custodycommitment SET {column} = %s", value)
    assert any(finding.where.startswith("evidence_custodycommitment") for finding in examine_custody_commitments())


def package_of(client: Client, key: str, record: Evidence) -> bytes:
    answer = client.get(f"/api/v1/evidence/{record.record}/package", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.content
    return content_of(answer)


def test_a_package_shows_how_far_its_trail_is_in_the_log(
    record: Evidence, post_batch: Post, client: Client, key: str, stamp: Callable[[], None]
) -> None:
    post_batch(batch(2))
    stamp()
    put_into_log()
    before = package_of(client, key, record)
    with zipfile.ZipFile(io.BytesIO(before)) as archive:
        assert json.loads(archive.read("package.json"))["scope"] == "record", "a statement that is not stamped shows nothing yet"
    stamp()
    made = CustodyCommitment.objects.get()
    package = package_of(client, key, record)
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert json.loads(archive.read("package.json"))["records"] == sorted([record.record, made.record]) or json.loads(
            archive.read("package.json"))["records"] == [record.record, made.record]
        shown = [name for name in archive.namelist() if name.startswith(f"records/{made.record}/claims/")]
        assert len(shown) == 2, "the one claim of this record, and its salt"
        others = [row for row in archive.read("exceptions.csv").decode().splitlines() if row.startswith(made.record)]
        assert len(others) == 2
        assert all(row.endswith(",withheld") for row in others)
    report = report_on(package, trust_files(), now=timezone.now() + timedelta(minutes=1))
    assert failures(report) == set()
    [told] = [check.reason for check in report.checks if check.name == checks.CUSTODY_CHAIN and check.reason.startswith(record.record)]
    # Ingested and digested; both fetchings came after.
    assert told == (
        f"{record.record}: 4 rows; rows 1 to 2 are in the log by {made.record}; the rest is the service's own account, not in the log")


