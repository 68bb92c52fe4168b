"""What stands in the tables of the rooms, as one digest a table: whether something changed a row, and where; for tests of refusals.

One query, whatever the number of tables: it is asked before and after each of thousands of requests. What this does not do: say what
changed. Sessions, and what packages keep for themselves, are not in it.
"""
import hashlib
from collections.abc import Iterable

from django.apps import apps
from django.db import connection
from django.db.models import Model

from tests.databases import ROOT

# When a credential was last used is written by each of its requests, refused or not.
OF_EACH_REQUEST = frozenset({"last_used_at"})


def models_of_rooms() -> list[type[Model]]:
    """All models of our own rooms."""
    return [model for model in apps.get_models() if (ROOT / model._meta.app_label / "migrations").is_dir()]


def digests(*, without: Iterable[str] = ()) -> dict[str, str]:
    """By model, the number of its rows and a digest of all their values; not of the models of these names."""
    left_out = frozenset(without)
    chosen = {model.__name__: model for model in models_of_rooms() if model.__name__ not in left_out}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(_question(name, model) for name, model in chosen.items()))
        return {name: f"{count} rows {hashlib.sha256((text or '').encode()).hexdigest()[:12]}" for name, count, text in cursor.fetchall()}


def _question(name: str, model: type[Model]) -> str:
    columns = [field.column for field in model._meta.concrete_fields if field.column not in OF_EACH_REQUEST]
    table, quoted = model._meta.db_table, [f'"{column}"' for column in columns]
    if connection.vendor == "postgresql":
        row = f"ROW({', '.join(quoted)})::text"
        return f"SELECT '{name}', count(*), md5(string_agg({row}, '|' ORDER BY {row})) FROM {table}"
    row = " || ',' || ".join(f"quote({column})" for column in quoted)
    return f"SELECT '{name}', count(*), group_concat(row_text, '|') FROM (SELECT {row} AS row_text FROM {table} ORDER BY 1)"
