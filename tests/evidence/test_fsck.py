"""fsck finds every column of every evidence row that was changed behind our back, and every damaged original, by name."""
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.services import create_organisation, issue_api_key
from cases.models import Case
from evidence.fsck import examine_evidence
from evidence.models import CustodyEvent, Evidence, EvidenceFile
from ledger.models import LogQueue
from tests.depositing import Post, batch, document
from vault.models import StoredObject

TABLES = (Evidence, EvidenceFile, CustodyEvent, StoredObject, Case)
# Nothing commits to these: the primary keys' own numbers, the client's case reference, and when we first saw a case.
UNCOMMITTED = {"id", "client_reference", "created_at"}
RELATED = {"organisation_id", "credential_id"}
COLUMNS = [(model, field.column) for model in TABLES for field in model._meta.concrete_fields if field.column not in UNCOMMITTED]


@pytest.fixture
def deposits(post_deposit: Post, post_batch: Post, publish: Callable[[], None]) -> list[str]:
    """Two originals in one case, one record by digest in another; published, and one more still queued."""
    made = [post_deposit(document(), f"file {n}".encode()) for n in range(2)] + [post_batch(batch(2, case="LN-2"))]
    publish()
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
    if field.is_relation:
        own = column in RELATED
        return "NULL" if field.null else f"(SELECT max(id) FROM {field.related_model._meta.db_table})" if own else "999999"
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


@pytest.mark.parametrize(("model", "column"), COLUMNS, ids=lambda value: getattr(value, "__name__", value))
def test_a_changed_cell_is_found(model: Any, column: str, deposits: list[str], django_db_blocker: Any) -> None:
    if column in RELATED:
        another_organisation()
    tamper(model._meta.db_table, column, other_value(model, column))
    assert findings() != [], f"{model.__name__}.{column}"


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


@pytest.mark.parametrize("model", [EvidenceFile, CustodyEvent, Evidence])
def test_a_deleted_row_is_found(model: Any, deposits: list[str]) -> None:
    table = model._meta.db_table
    connection.disable_constraint_checking()
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_delete")
        cursor.execute(f"DELETE FROM {table} WHERE id = (SELECT min(id) FROM {table})")
    assert findings() != []
