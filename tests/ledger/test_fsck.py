"""fsck names every change behind our back: each column of each table of the log, each object in storage, one at a time."""
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, models
from django.utils import timezone
from pytest_django import Settings

from common import jobs
from common.object_store import FileObjectStore
from ledger.fsck import examine_bundles, examine_log
from ledger.incidents import end_incident, open_incident
from ledger.models import (
    ArchivedRevocation,
    Checkpoint,
    Incident,
    IncidentEnd,
    LogBatch,
    LogEntry,
    LogQueue,
    LogState,
    OwnStatement,
    PublishedCheckpoint,
    Receipt,
    Renewal,
    RenewedCheckpoint,
    StampRequest,
    Timestamp,
)
from ledger.renewal import renew_due_timestamps
from tests.ledger.logs import deposit, grow, sequencer
from tests.ledger.publishing import publishing_authority

TABLES: tuple[type[models.Model], ...] = (
    LogState, LogQueue, LogEntry, LogBatch, Receipt, Checkpoint, PublishedCheckpoint, StampRequest, Timestamp, OwnStatement,
    Incident, IncidentEnd, ArchivedRevocation, Renewal, RenewedCheckpoint,
)
# Nothing in the log refers to these numbers: evidence rows name their receipt.
UNREFERENCED = {
    (Receipt, "id"), (OwnStatement, "id"), (Incident, "id"), (IncidentEnd, "id"), (ArchivedRevocation, "id"), (RenewedCheckpoint, "id"),
}
# When a row's own number is changed, it is the rows that refer to it that hang in the air.
REFERRING: dict[type[models.Model], list[str]] = {
    Checkpoint: ["ledger_publishedcheckpoint"],
    PublishedCheckpoint: ["ledger_stamprequest", "ledger_timestamp"],
    Timestamp: ["ledger_archivedrevocation"],
    Renewal: ["ledger_renewedcheckpoint"],
}
COLUMNS = [
    (model, field) for model in TABLES for field in model._meta.concrete_fields if (model, field.column) not in UNREFERENCED
]


@pytest.fixture
def log(store: FileObjectStore, settings: Settings) -> Iterator[None]:
    """Three published and stamped checkpoints, two of them renewed twice, full and partial tiles of two levels, and a queue."""
    with publishing_authority(settings.VAR_DIR, "publishing") as server:
        settings.TSAS = f"publishing={server.url}"
        fill_log()
        yield


def fill_log() -> None:
    sequenced = sequencer()
    for first, count in ((0, 300), (300, 298), (600, 7)):  # and two entries of an incident
        grow(sequenced, first, count)
        sequenced.publish()
        sequenced.request_stamps()
        for _ in ("stamp", "archive"):
            for job_id in jobs.due_jobs(timezone.now()):
                jobs.run_job(job_id)
        if first < 600:
            renew_due_timestamps(everything=True)
        if first == 0:
            open_incident("fork", "size 300", {"size": 300}, now=timezone.now())
            end_incident("fork", "size 300", how="seen", now=timezone.now())
    deposit(607, 3)


def findings() -> list[str]:
    """What is wrong, the guards aside, which these tests take away themselves."""
    return [str(finding) for finding in examine_log() if "append-only guard" not in finding.what]


def test_a_sound_log_has_no_finding(log: None) -> None:
    assert Timestamp.objects.count() == 3
    assert list(examine_log()) == []
    assert list(examine_bundles()) == []


def test_an_empty_log_has_no_finding(store: FileObjectStore) -> None:
    assert list(examine_log()) == []
    assert list(examine_bundles()) == []


def test_every_changed_column_is_found_and_its_table_is_named(log: None) -> None:
    unlock()
    missed = [
        f"{model._meta.db_table}.{field.column} row {key}: {before!r} -> {after!r}"
        for model, field in COLUMNS
        for key, before in ends(model, field)
        for after in others(model, field, before)
        if not noticed(model, field, key, before, after)
    ]
    assert missed == []
    assert findings() == []


def unlock() -> None:
    """What a superuser does first: triggers, checks and foreign keys out of the way."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA foreign_keys = OFF")
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            cursor.execute("SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute(
                "SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I CASCADE', conrelid::regclass, conname) FROM pg_constraint "
                "WHERE contype IN ('c', 'f') AND conrelid::regclass::text LIKE 'ledger_%%' UNION ALL "
                "SELECT format('DROP TRIGGER %%I ON %%s', tgname, tgrelid::regclass) FROM pg_trigger "
                "WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE 'ledger_%%'", [])
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)


def ends(model: type[models.Model], field: "models.Field[Any, Any]") -> list[tuple[object, object]]:
    """(primary key, value) of the first and the last row."""
    rows = model._default_manager.order_by("pk").values_list("pk", field.attname)
    found = [rows.first(), rows.last()]
    return list({row[0]: (row[0], _plain(row[1])) for row in found if row is not None}.values())


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def others(model: type[models.Model], field: "models.Field[Any, Any]", value: object) -> Iterator[object]:
    """Other values of the same kind, on both sides; numbers that no other row of the table has."""
    if isinstance(value, bool) or value is None:
        yield timezone.now()
    elif isinstance(value, int):
        taken = set(model._default_manager.values_list(field.attname, flat=True))
        yield from (other for other in (value + 1, value - 1, value + 1_000_000)[:2 + field.primary_key] if other not in taken)
    elif isinstance(value, bytes):
        yield from (flipped(value, len(value) // 2), flipped(value, len(value) - 1), value[:-1])
    elif isinstance(value, datetime):
        yield from (value + timedelta(hours=1), value - timedelta(hours=1))
    elif isinstance(value, dict):
        yield {**value, "more": 1}
    else:
        text = str(value)
        yield text[:-1] + ("0" if text[-1] != "0" else "1")
        yield text.replace("\n", "\n\n", 1) if "\n" in text else "x" + text[1:]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def noticed(model: type[models.Model], field: "models.Field[Any, Any]", key: object, before: object, after: object) -> bool:
    """Change one cell, examine, change it back; whether a finding names the table, or one that refers to the row."""
    write(model, field, key, after)
    found = findings()
    write(model, field, after if field.primary_key else key, before)
    names = [model._meta.db_table, *(REFERRING.get(model, ()) if field.primary_key else ())]
    return any(f"{name} " in finding.partition(": ")[0] + " " for finding in found for name in names)


def write(model: type[models.Model], field: "models.Field[Any, Any]", key: object, value: object) -> None:
    quote = connection.ops.quote_name
    prepared: Any = [field.get_db_prep_save(value, connection), key]
    statement = f"UPDATE {model._meta.db_table} SET {quote(field.column)} = %s WHERE {quote(model._meta.pk.column)} = %s"
    with connection.cursor() as cursor:
        cursor.execute(statement, prepared)
        assert cursor.rowcount == 1


def test_a_deleted_row_of_any_table_is_found(log: None) -> None:
    unlock()
    missed = []
    for model in TABLES:
        keys = list(model._default_manager.order_by("pk").values_list("pk", flat=True))
        for key in {keys[0], keys[len(keys) // 2], keys[-1]}:
            columns = [field.column for field in model._meta.concrete_fields]
            names = ", ".join(map(connection.ops.quote_name, columns))
            where = f"WHERE {connection.ops.quote_name(model._meta.pk.column)} = %s"
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE TEMPORARY TABLE kept AS SELECT * FROM {model._meta.db_table} {where}", [key])
                cursor.execute(f"DELETE FROM {model._meta.db_table} {where}", [key])
                if not findings():
                    missed.append((model, key))
                cursor.execute(f"INSERT INTO {model._meta.db_table} ({names}) SELECT {names} FROM kept")
                cursor.execute("DROP TABLE kept")
    assert missed == []
    assert findings() == []


def test_every_changed_object_is_found_by_its_name(log: None, store: FileObjectStore) -> None:
    missed: list[tuple[str, object]] = []
    for name in sorted(store.list("")):
        path = store.root / name
        data = path.read_bytes()
        for damaged in (flipped(data, 0), flipped(data, len(data) - 1), data[:-1], data + b"\0", b""):
            path.write_bytes(damaged)
            if not any(finding.startswith(f"{name}:") for finding in findings()):
                missed.append((name, len(damaged)))
        path.unlink()
        if not any(name in finding or name.startswith("published/") for finding in findings()):
            missed.append((name, "gone"))
        path.write_bytes(data)
    assert missed == []
    assert findings() == []


@pytest.mark.parametrize(
    "name", ["tile/0/004", "tile/0/002.p/200", "tile/entries/009", "tile/00/000", "published/608", "published/x", "strange"])
def test_an_object_that_the_log_never_wrote_is_found(log: None, store: FileObjectStore, name: str) -> None:
    store.put_new(name, [bytes(8192)])
    assert any(finding.startswith(name) for finding in findings())


def test_a_partial_tile_left_by_a_crash_before_the_signature_is_no_finding(log: None, store: FileObjectStore) -> None:
    whole = (store.root / "tile/0/000").read_bytes()
    store.put_new("tile/0/000.p/9", [whole[:9 * 32]])
    assert findings() == []


def test_the_fast_examination_finds_changed_bundles_and_tiles(log: None, store: FileObjectStore) -> None:
    for name in ("tile/entries/000", "tile/entries/002.p/95", "tile/0/001", "tile/0/002.p/95"):
        path = store.root / name
        data = path.read_bytes()
        path.write_bytes(flipped(data, len(data) // 2))
        assert [finding for finding in examine_bundles() if name.rpartition("/")[2] in finding.where or name in finding.where], name
        path.write_bytes(data)
    assert list(examine_bundles()) == []


def test_a_promise_that_was_not_kept_is_found(log: None) -> None:
    deposit(700, 1, at=timezone.now() - timedelta(days=2))
    [broken] = findings()
    assert broken == f"ledger_receipt {Receipt.objects.order_by('-pk')[0].pk}: the promise is broken: not published by include-by"
