"""The purpose of a reading is as long as the order or contract that gives it, as in custody rows.

SQLite keeps no length, so that only PostgreSQL has something to do, in place: the table is not rebuilt, and its guards stay.
"""
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def _alter(schema_editor: BaseDatabaseSchemaEditor, column: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE cases_accessevent ALTER COLUMN purpose TYPE {column}")


def lengthen(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _alter(schema_editor, "text")


def shorten(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _alter(schema_editor, "varchar(500)")


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0007_grants_that_need_a_second'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(lengthen, shorten)],
            state_operations=[migrations.AlterField(
                model_name='accessevent',
                name='purpose',
                field=models.TextField(help_text='目的；本机构读取为空，即其岗位职责', null=True),
            )],
        ),
    ]
