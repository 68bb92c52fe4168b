"""The figures that an operator collects count what our own program failed to draw, whoever's it is, and see nothing else of it.

A rendering names no one: the file's id, how it was drawn, when, and by which version.
"""
from importlib import import_module

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SEEN = import_module("evidence.migrations.0016_renderings").POLICIES["evidence_rendering"]
COUNTED = "(SELECT current_setting('cunzheng.failures', true)) = 'counted' AND (refused = 'failed' OR cut = 'failed')"


def let_them_be_counted(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER POLICY cunzheng_select ON evidence_rendering USING ({SEEN} OR ({COUNTED}))", params=None)


def hide_them(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER POLICY cunzheng_select ON evidence_rendering USING ({SEEN})", params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0024_quarantines_end_by_two'),
    ]

    operations = [migrations.RunPython(let_them_be_counted, hide_them)]
