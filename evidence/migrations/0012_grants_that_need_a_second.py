"""The second gate reads of a grant what the first one reads: whether it needs a second person stands in a column, decided when it was made."""
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

BY_COUNT, BY_COLUMN = "g.case_count <= 100", "NOT g.needs_second"
# Whichever functions have the condition, so that none is forgotten.
ASKING = (
    "SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
    " WHERE n.nspname = current_schema() AND p.proname LIKE %s AND strpos(p.prosrc, %s) > 0")


def _reword(schema_editor: BaseDatabaseSchemaEditor, before: str, after: str) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(ASKING, ["cunzheng_%", before])
        found = [definition for [definition] in cursor.fetchall()]
        assert len(found) >= 2, "open cases, and wholly open ones"
        for definition in found:
            cursor.execute(definition.replace(before, after))


def read_the_column(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _reword(schema_editor, BY_COUNT, BY_COLUMN)


def count_again(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _reword(schema_editor, BY_COLUMN, BY_COUNT)


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0007_grants_that_need_a_second'),
        ('evidence', '0011_row_level_security'),
    ]

    operations = [migrations.RunPython(read_the_column, count_again)]
