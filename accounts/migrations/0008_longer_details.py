"""The fixed words of an audit row may name a filter: what an export was narrowed to.

SQLite keeps no length, so that only PostgreSQL has something to do, in place: the table is not rebuilt, and its guards stay.
"""
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def _alter(schema_editor: BaseDatabaseSchemaEditor, column: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE accounts_auditentry ALTER COLUMN detail TYPE {column}")


def lengthen(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _alter(schema_editor, "varchar(255)")


def shorten(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _alter(schema_editor, "varchar(40)")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_replacing_administrators'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(lengthen, shorten)],
            state_operations=[migrations.AlterField(
                model_name='auditentry',
                name='detail',
                field=models.CharField(blank=True, help_text='补充的固定用语：状态、角色、因素、件数、导出的筛选', max_length=255),
            )],
        ),
    ]
