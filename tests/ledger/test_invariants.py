"""Every named constraint of the log's tables is violated once; every guard is tried in every way that a statement can change a row."""
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from common.append_only import AppendOnlyError, AppendOnlyModel, guarded_models, missing_guards
from ledger.models import (
    ArchivedRevocation,
    Checkpoint,
    Incident,
    IncidentEnd,
    LogBatch,
    LogEntry,
    LogState,
    OwnStatement,
    PublishedCheckpoint,
    Receipt,
    Renewal,
    RenewedCheckpoint,
    StampRequest,
    Timestamp,
    WitnessSilence,
)

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
D = b"d" * 32


def state(**changes: Any) -> LogState:
    return LogState.objects.create(**{"pk": 1, "origin": "o", "vkey": "v", "root": D, **changes})


Row = TypeVar("Row", bound=AppendOnlyModel)


def made(model: type[Row], **values: Any) -> Row:
    row = model(**values)
    row.save()
    return row


def entry_row(**changes: Any) -> LogEntry:
    return made(LogEntry, **{"index": 0, "ticket": 1, "entry": b"e", **changes})


def batch(**changes: Any) -> LogBatch:
    return made(LogBatch, **{"size": 1, "root": D, "sequenced_at": NOW, "oldest_queued_at": NOW, "rows_sha256": D, **changes})


def receipt(**changes: Any) -> Receipt:
    return made(Receipt, **{"text": "t", "key_id": "00", "received_at": NOW, "include_by": NOW + timedelta(days=1), **changes})


SIZES = itertools.count(1000)


def checkpoint(size: int = 1) -> Checkpoint:
    return made(Checkpoint, size=size, root=D, note=b"n", signed_at=NOW)


def published(size: int = 1, **changes: Any) -> PublishedCheckpoint:
    values = {"checkpoint": None, "size": size, "previous_size": size - 1, "note": b"n", "published_at": NOW, **changes}
    return made(PublishedCheckpoint, **{**values, "checkpoint": values["checkpoint"] or checkpoint(next(SIZES))})


def request(**changes: Any) -> StampRequest:
    values = {"checkpoint": None, "authority": "a", "requested_at": NOW, **changes}
    return StampRequest.objects.create(**{**values, "checkpoint": values["checkpoint"] or published()})


def timestamp(**changes: Any) -> Timestamp:
    values = {"checkpoint": None, "size": 1, "authority": "a", "token": b"t", "gen_time": NOW, "received_at": NOW, **changes}
    return made(Timestamp, **{**values, "checkpoint": values["checkpoint"] or published()})


def own_statement(**changes: Any) -> OwnStatement:
    values = {
        "record": "r", "kind": "incident", "received_at": NOW, "statement": b"s", "claims": b"c", "receipt": None, "ticket": 1, **changes}
    return made(OwnStatement, **{**values, "receipt": values["receipt"] or receipt()})


def incident(**changes: Any) -> Incident:
    return made(Incident, **{"code": "c", "subject": "s", "episode": 1, "facts": {}, "opened_at": NOW, **changes})


def incident_end() -> IncidentEnd:
    return made(IncidentEnd, incident=incident(episode=next(SIZES)), ended_at=NOW, how="h")


def revocation(**changes: Any) -> ArchivedRevocation:
    values = {"timestamp": None, "form": "crl", "data": b"d", "fetched_at": NOW, **changes}
    size = next(SIZES)
    return made(ArchivedRevocation, **{**values, "timestamp": values["timestamp"] or timestamp(checkpoint=published(size), size=size)})


def renewal(**changes: Any) -> Renewal:
    return made(Renewal, **{"authority": "a", "size": 1, "root": D, "token": b"t", "gen_time": NOW, "received_at": NOW, **changes})


def renewed(**changes: Any) -> RenewedCheckpoint:
    values = {"renewal": None, "position": 0, "checkpoint": None, "number": 1, "list_text": b"l", **changes}
    values["checkpoint"] = values["checkpoint"] or published(next(SIZES))
    return made(RenewedCheckpoint, **{**values, "renewal": values["renewal"] or renewal()})


def both(make: Callable[..., object], first: dict[str, Any], second: dict[str, Any]) -> None:
    make(**first)
    make(**second)


VIOLATIONS: dict[str, Callable[[], object]] = {
    "log_state_is_one_row": lambda: state(pk=2),
    "log_applied_at_most_size": lambda: state(size=1, applied_size=2),
    "log_published_at_most_applied": lambda: state(size=2, applied_size=1, published_size=2),
    "log_stamped_at_most_published": lambda: state(size=2, applied_size=2, published_size=1, stamped_size=2),
    "log_collected_at_most_published": lambda: state(size=2, applied_size=2, published_size=1, collected_size=2),
    "log_sizes_not_negative": lambda: state(stamped_size=-1),
    "log_entry_index_not_negative": lambda: entry_row(index=-1),
    "log_entry_ticket_unique": lambda: both(entry_row, {}, {"index": 1}),
    "log_batch_not_empty": lambda: batch(size=0),
    "receipt_promise_after_received": lambda: receipt(include_by=NOW),
    "checkpoint_size_unique": lambda: both(checkpoint, {}, {}),
    "checkpoint_not_empty": lambda: checkpoint(0),
    "published_checkpoint_size_unique": lambda: both(published, {"size": 5, "previous_size": 0}, {"size": 5, "previous_size": 1}),
    "published_checkpoint_previous_unique": lambda: both(published, {"previous_size": 0}, {"size": 2, "previous_size": 0}),
    "published_checkpoint_grows": lambda: published(previous_size=1),
    "stamp_request_unique": lambda: both(request, shared := {"checkpoint": published()}, shared),
    "stamp_request_outcome_known": lambda: request(outcome="lost"),
    "timestamp_unique_for_authority": lambda: both(timestamp, shared := {"checkpoint": published()}, shared),
    "own_statement_record_unique": lambda: both(own_statement, {}, {"ticket": 2}),
    "own_statement_ticket_unique": lambda: both(own_statement, {}, {"record": "q"}),
    "own_statement_kind_known": lambda: own_statement(kind="deposit"),
    "incident_episode_unique": lambda: both(incident, {}, {}),
    "incident_episode_from_one": lambda: incident(episode=0),
    "archived_revocation_unique": lambda: both(revocation, shared := {"timestamp": timestamp()}, shared),
    "archived_revocation_form_known": lambda: revocation(form="pem"),
    "renewal_not_empty": lambda: renewal(size=0),
    "renewed_checkpoint_position_unique": lambda: both(renewed, shared := {"renewal": renewal()}, {**shared, "number": 2}),
    "renewed_checkpoint_number_unique": lambda: both(renewed, shared := {"checkpoint": published()}, {**shared, "position": 1}),
    "renewed_checkpoint_number_from_one": lambda: renewed(number=0),
    "witness_silence_is_one_row": lambda: WitnessSilence.objects.create(pk=2, since=NOW, said_at=NOW),
    "witness_silence_said_after_its_start": lambda: WitnessSilence.objects.create(pk=1, since=NOW, said_at=NOW - timedelta(seconds=1)),
}


def test_every_constraint_has_a_row_here_that_violates_it() -> None:
    ledger = apps.get_app_config("ledger").get_models()
    assert sorted(VIOLATIONS) == sorted(str(constraint.name) for model in ledger for constraint in model._meta.constraints)


def test_a_row_that_violates_a_constraint_is_refused(database: str) -> None:
    for name, violate in VIOLATIONS.items():
        with pytest.raises(IntegrityError) as refusal, transaction.atomic():
            violate()
        # SQLite names check constraints, and for unique ones the columns.
        if connection.vendor == "postgresql" or "CHECK" in str(refusal.value):
            assert name in str(refusal.value)


ROWS: dict[type[AppendOnlyModel], Callable[[], AppendOnlyModel]] = {
    LogEntry: entry_row, LogBatch: batch, Receipt: receipt, Checkpoint: checkpoint, PublishedCheckpoint: published,
    Timestamp: lambda: timestamp(checkpoint=published(size=2)), OwnStatement: own_statement, Incident: incident, IncidentEnd: incident_end,
    ArchivedRevocation: revocation, Renewal: renewal, RenewedCheckpoint: renewed,
}


def test_every_table_that_never_changes_is_guarded(database: str) -> None:
    assert {model for model in guarded_models() if model._meta.app_label == "ledger"} == set(ROWS)
    assert missing_guards(connection) == []


def test_a_guarded_row_can_be_neither_changed_nor_deleted_nor_replaced(database: str) -> None:
    for model, make in ROWS.items():
        row = make()
        for attempt in (row.save, row.delete, model.objects.all().delete, lambda model=model: model.objects.update(pk=9)):
            with pytest.raises(AppendOnlyError):
                attempt()
        column = connection.ops.quote_name(model._meta.pk.column)
        before = rows_of(model)
        statements = [f"UPDATE {{}} SET {column} = 9", f"UPDATE {{}} SET {column} = {column}", "DELETE FROM {}"]
        if connection.vendor == "postgresql":
            statements += ["TRUNCATE {} CASCADE", f"INSERT INTO {{}} SELECT * FROM {{}} ON CONFLICT ({column}) DO UPDATE SET {column} = 9"]
        else:
            statements += ["INSERT OR REPLACE INTO {} SELECT * FROM {}", "REPLACE INTO {} SELECT * FROM {}"]
        for statement in statements:
            with pytest.raises(DatabaseError, match="append-only"):
                run(statement.replace("{}", model._meta.db_table))
        assert rows_of(model) == before


def test_a_guard_that_was_dropped_or_disabled_is_reported_by_name(database: str) -> None:
    for model in ROWS:
        table = model._meta.db_table
        if connection.vendor == "postgresql":
            run(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_delete")
        else:
            run(f"DROP TRIGGER {table}_no_delete")
    assert sorted(missing_guards(connection)) == sorted(f"{model._meta.db_table}_no_delete" for model in ROWS)


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def rows_of(model: type[models.Model]) -> list[tuple[object, ...]]:
    rows = model._default_manager.values_list()
    return [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in rows]
