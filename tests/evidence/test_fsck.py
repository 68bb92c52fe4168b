"""fsck finds every column of every evidence row that was changed or deleted behind our back, and every damaged original, by name."""
import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Organisation
from accounts.services import create_organisation, issue_api_key
from cases.models import Case
from common.idempotency import IdempotencyKey
from evidence.fsck import examine_evidence
from evidence.models import CustodyEvent, Evidence, EvidenceFile, RecordTimestamp
from ledger.models import LogQueue, Receipt
from tests.depositing import Post, batch, document
from vault.models import StoredObject

TABLES = (Evidence, EvidenceFile, CustodyEvent, StoredObject, Case, RecordTimestamp)
# Nothing commits to these: the primary keys' own numbers, the client's case reference, when we first saw a case, and where its file stands,
# which the lender changes as it works; how far copies and comparisons are: the bytes themselves are read.
UNCOMMITTED = {"id", "client_reference", "created_at", "stage", "file_version", "copied_at", "compared_at", "mending_since"}
RELATED = {"organisation_id", "credential_id"}
COLUMNS = [(model, field.column) for model in TABLES for field in model._meta.concrete_fields if field.column not in UNCOMMITTED]


@pytest.fixture
def deposits(post_deposit: Post, post_batch: Post, stamp: Callable[[], None]) -> list[str]:
    """Two originals in one case, two records by digest in another; stamped, one by itself, and one more queued. Some came with a key."""
    made = [post_deposit(document(timestamp="record"), b"file 0", Idempotency_Key="key-0")]
    made.append(post_deposit(document(), b"file 1", Idempotency_Key="key-1"))
    made.append(post_batch(batch(2, case="LN-2"), Idempotency_Key="key-2"))
    stamp()
    made.append(post_deposit(document(), b"queued"))
    return [row["record"] for answer in made for row in answer.json()["records"]]


def tamper(table: str, column: str, value: str) -> None:
    """Change one cell of the first row, as a superuser would: triggers and constraints out of the way."""
    connection.disable_constraint_checking()
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            for name in constraint_names(table):
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE")
        else:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
            for (trigger,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {trigger}")
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql IS NOT NULL", [table])
            for (index,) in cursor.fetchall():
                cursor.execute(f"DROP INDEX {index}")
        cursor.execute(f"UPDATE {table} SET {column} = {value} WHERE id = (SELECT min(id) FROM {table})")


def constraint_names(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'u')", [table])
        return [row[0] for row in cursor.fetchall()]


def other_value(model: Any, column: str) -> str:
    """An SQL expression for another value that the column's type allows."""
    field = next(field for field in model._meta.concrete_fields if field.column == column)
    kind = field.get_internal_type()
    if column == "person_id":  # a machine's record, said to be a person's
        return "1"
    if field.is_relation:
        own = column in RELATED
        if field.null and column != "deposited_by_id":  # which is null already
            return "NULL"
        return f"(SELECT max(id) FROM {field.related_model._meta.db_table})" if own else "999999"
    if kind == "BinaryField":
        return "'\\x00'::bytea" if connection.vendor == "postgresql" else "x'00'"
    if kind == "DateTimeField":
        return f"{column} + interval '1 ms'" if connection.vendor == "postgresql" else "'2026-01-01 00:00:00'"
    if kind in ("CharField", "TextField"):
        return "'zz'"
    return f"{column} + 1000"


def findings() -> list[str]:
    return [str(finding) for finding in examine_evidence()]


def test_an_untouched_service_has_no_finding(deposits: list[str]) -> None:
    assert findings() == []
    assert LogQueue.objects.count() == 1


def test_originals_are_judged_where_hashlib_has_no_sm3(deposits: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As under an OpenSSL that was built without it."""
    new = hashlib.new

    def without_sm3(name: str, *arguments: Any) -> Any:
        if name == "sm3":
            raise ValueError(f"unsupported hash type {name}")
        return new(name, *arguments)

    monkeypatch.setattr(hashlib, "new", without_sm3)
    assert findings() == []


@pytest.mark.parametrize(("model", "column"), COLUMNS, ids=lambda value: getattr(value, "__name__", value))
def test_a_changed_cell_is_found(model: Any, column: str, deposits: list[str], django_db_blocker: Any) -> None:
    if column in RELATED:
        another_organisation()
    tamper(model._meta.db_table, column, other_value(model, column))
    assert_named(model._meta.db_table, deposits[0])


def assert_named(table: str, record: str) -> None:
    """Some finding names the table whose first row was tampered with, or the record that this row belongs to."""
    found = findings()
    assert any(f"{table} " in finding.partition(": ")[0] + " " or record in finding for finding in found), found


def another_organisation() -> None:
    issue_api_key(create_organisation("乙", now=timezone.now()), label="x", now=timezone.now(), valid_for=timedelta(days=1))


@pytest.mark.parametrize("damage", ["flip", "cut", "delete"])
def test_a_damaged_original_is_found_by_name(damage: str, deposits: list[str], var_dir: Path) -> None:
    name = StoredObject.objects.order_by("id").values_list("name", flat=True)[0]
    path = var_dir / "vault" / name
    data = path.read_bytes()
    path.unlink()
    if damage != "delete":
        path.write_bytes(data[:-1] if damage == "cut" else bytes([data[0] ^ 1]) + data[1:])
    assert any(name in finding for finding in findings())


@pytest.mark.parametrize("model", [EvidenceFile, CustodyEvent, Evidence, StoredObject, Case, Receipt])
@pytest.mark.parametrize("which", ["min", "max"])
def test_a_deleted_row_is_found(model: Any, which: str, deposits: list[str], django_db_blocker: Any) -> None:
    # The first and the last row of each table are of the first and the last record; the last case is that of the batch.
    record = deposits[0] if which == "min" else deposits[3] if model is Case else deposits[-1]
    table = model._meta.db_table
    delete(table, f"id = (SELECT {which}(id) FROM {table})")
    assert_named(table, record)


def test_a_case_that_is_deleted_with_all_its_rows_is_found_record_by_record(deposits: list[str]) -> None:
    gone = list(Evidence.objects.filter(case__client_reference="LN-2").values_list("pk", "record"))
    rows = ", ".join(str(pk) for pk, _ in gone)
    for model in (EvidenceFile, CustodyEvent):
        delete(model._meta.db_table, f"evidence_id IN ({rows})")
    delete("evidence_evidence", f"id IN ({rows})")
    delete("cases_case", "client_reference = 'LN-2'")
    found = findings()
    assert [record for _, record in gone] == deposits[2:4]
    for record in deposits[2:4]:
        assert any(record in finding for finding in found), found


def delete(table: str, where: str) -> None:
    """Delete as a superuser would: no trigger runs and no foreign key holds."""
    connection.disable_constraint_checking()
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_delete")
        cursor.execute(f"DELETE FROM {table} WHERE {where}")


@pytest.mark.parametrize("column", ["answer_id", "organisation_id", "created_at"])
def test_a_key_that_answers_with_somebody_elses_receipt_is_found(column: str, deposits: list[str]) -> None:
    if column == "organisation_id":
        another_organisation()
    first, second = IdempotencyKey.objects.order_by("id")[:2]
    if column == "answer_id":
        # Swapped, so that every answer is a receipt that exists and has one key.
        IdempotencyKey.objects.filter(pk=first.pk).update(answer_id=second.answer_id)
        IdempotencyKey.objects.filter(pk=second.pk).update(answer_id=first.answer_id)
    elif column == "organisation_id":
        IdempotencyKey.objects.filter(pk=first.pk).update(organisation_id=Organisation.objects.latest("id").pk)
    else:
        IdempotencyKey.objects.filter(pk=first.pk).update(created_at=first.created_at + timedelta(milliseconds=1))
    assert any(finding.startswith(f"common_idempotencykey {first.pk}:") for finding in findings())


def test_two_keys_with_one_answer_are_found(deposits: list[str]) -> None:
    first, second = IdempotencyKey.objects.order_by("id")[:2]
    IdempotencyKey.objects.filter(pk=second.pk).update(answer_id=first.answer_id, created_at=first.created_at)
    assert f"common_idempotencykey: 2 keys answer with receipt {first.answer_id}" in findings()


def test_the_time_of_a_receipt_is_that_of_its_records(deposits: list[str]) -> None:
    """The receipt's text holds whole seconds; the records' statements hold the milliseconds too."""
    first = Evidence.objects.select_related("receipt").order_by("id")[0].receipt
    moment = first.received_at.replace(microsecond=(first.received_at.microsecond + 1000) % 1_000_000)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE ledger_receipt DISABLE TRIGGER ALL")
        else:
            cursor.execute("DROP TRIGGER ledger_receipt_no_update")
        value = connection.ops.adapt_datetimefield_value(moment)
        cursor.execute("UPDATE ledger_receipt SET received_at = %s WHERE id = %s", [value, first.pk])
    assert f"ledger_receipt {first.pk}: received_at is not that of {deposits[0]}" in findings()


def test_the_command_examines_log_and_evidence(deposits: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("fsck")
    call_command("fsck", from_bundles=True)
    assert capsys.readouterr().out.count("nothing is wrong") == 2


def test_the_command_ends_with_1_and_one_line_for_each_finding(
    deposits: list[str], var_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [name] = (path.relative_to(var_dir / "log").as_posix() for path in (var_dir / "log/tile/0").rglob("*") if path.is_file())
    (var_dir / "log" / name).unlink()
    with pytest.raises(SystemExit) as ended:
        call_command("fsck")
    assert ended.value.code == 1
    output = capsys.readouterr()
    assert output.out == f"{name}: the object is missing\n"
    assert "1 finding" in output.err
