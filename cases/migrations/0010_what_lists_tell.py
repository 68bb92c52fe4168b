"""An access may be a list that left as a file, or a search by a party, too.

SQLite rebuilds the table for each of the two steps, and its guards go without a word: they are put on it again. PostgreSQL changes it in
place, and keeps them.
"""
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from common.append_only import guard_statements

TABLE = "cases_accessevent"


def guard_again(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for statement in guard_statements("sqlite", TABLE):
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0009_narrower_sight'),
    ]

    operations = [
        # Undone in the opposite order, so each way ends with the guards.
        migrations.RunPython(migrations.RunPython.noop, guard_again),
        migrations.AlterField(
            model_name='accessevent',
            name='what',
            field=models.CharField(
                help_text='读取的内容：case 案件与当事人信息、records 存证、export 导出的案件列表、search 按当事人检索到', max_length=16),
        ),
        migrations.RemoveConstraint(model_name='accessevent', name='access_event_what_known'),
        migrations.AddConstraint(
            model_name='accessevent',
            constraint=models.CheckConstraint(
                condition=models.Q(('what__in', ['case', 'records', 'export', 'search'])), name='access_event_what_known'),
        ),
        migrations.RunPython(guard_again, migrations.RunPython.noop),
    ]
