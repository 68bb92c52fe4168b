"""Append-only tables: UPDATE and DELETE are refused by the manager and by database triggers.

The witnesses would notice a change that gets past both. What this does not stop: a database superuser who drops the
triggers first; `manage.py fsck` and the published checkpoints are there for that.
SQLite: Django rebuilds a table for most ALTERs and drops its triggers silently, so a migration that touches a guarded
table must add `GuardTable` again, and start-up refuses when a guard is missing (`missing_guards`).
Source: design.md §5; sqlite.org/lang_createtrigger.html; postgresql.org/docs/15/sql-createtrigger.html.
"""
from typing import Any, NoReturn

from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class AppendOnlyError(RuntimeError):
    """Code tried to change a row that may never change: a bug, never a user's fault."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Reads and inserts; every way to change rows raises AppendOnlyError."""

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} is append-only")

    update = delete = bulk_update = update_or_create = _refuse


class AppendOnlyManager(models.Manager[Any]):
    """Every method of a manager goes through its query set."""

    def get_queryset(self) -> AppendOnlyQuerySet:
        return AppendOnlyQuerySet(self.model, using=self._db)


class AppendOnlyModel(models.Model):
    """Base of guarded tables."""

    objects = AppendOnlyManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError(f"{type(self).__name__} is append-only")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        raise AppendOnlyError(f"{type(self).__name__} is append-only")


def trigger_names(vendor: str, table: str) -> list[str]:
    """The guards that must exist on `table`."""
    events = ("update", "delete", "truncate") if vendor == "postgresql" else ("update", "delete")
    return [f"{table}_no_{event}" for event in events]


def guard_statements(vendor: str, table: str) -> list[str]:
    """SQL that puts the guards on `table`."""
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for event in ("update", "delete")
        ]
    function = (
        "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    row = [
        f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} FOR EACH ROW EXECUTE FUNCTION append_only()"
        for event in ("update", "delete")
    ]
    whole = f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
    return [function, *row, whole]


class GuardTable(Operation):
    """Migration operation: put the append-only guards on one table."""

    reversible = True

    def __init__(self, table: str) -> None:
        self.table = table

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models' state does not change."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for statement in guard_statements(schema_editor.connection.vendor, self.table):
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        on_table = f" ON {self.table}" if schema_editor.connection.vendor == "postgresql" else ""
        for name in trigger_names(schema_editor.connection.vendor, self.table):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}", params=None)

    def describe(self) -> str:
        return f"Guard {self.table} against UPDATE and DELETE"


def guarded_models() -> list[type[AppendOnlyModel]]:
    return [model for model in apps.get_models() if issubclass(model, AppendOnlyModel)]


def missing_guards(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of the triggers that should be there and are not, or are disabled; [] when all is well."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        present = {row[0] for row in cursor.fetchall()}
    wanted = [name for model in guarded_models() for name in trigger_names(connection.vendor, model._meta.db_table)]
    return [name for name in wanted if name not in present]
