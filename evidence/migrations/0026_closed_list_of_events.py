"""The events of a trail are a closed list for the database, too; a ticket says how whoever got it had signed in.

Every event that any version has written is in the list. SQLite rebuilds the table of trails, and its guards go without a word: they are
put on it again. PostgreSQL changes it in place, and keeps them.
"""
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from common.append_only import guard_statements

TABLE = "evidence_custodyevent"
EVENTS = (
    "access:granted", "access:revoked", "record:captured", "record:checked", "record:digested", "record:disclosed", "record:downloaded",
    "record:fetched", "record:ingested", "record:played", "record:quarantined", "record:released", "record:rendered", "record:repaired",
    "record:superseded", "record:verified", "record:viewed", "release:approved", "release:failed", "release:proposed", "release:withdrawn")


def guard_again(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for statement in guard_statements("sqlite", TABLE):
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0025_failed_renderings_counted'),
    ]

    operations = [
        # Undone in the opposite order, so each way ends with the guards.
        migrations.RunPython(migrations.RunPython.noop, guard_again),
        migrations.AddConstraint(
            model_name='custodyevent',
            constraint=models.CheckConstraint(condition=models.Q(('event__in', EVENTS)), name='custody_event_known'),
        ),
        migrations.RunPython(guard_again, migrations.RunPython.noop),
        migrations.AddField(
            model_name='originalticket',
            name='signed_in',
            # Tickets of the last minute before, of which nobody knows it: as their trails have been told so far.
            field=models.CharField(default='ticket', help_text='取用人签发凭据时的登录方式', max_length=64),
            preserve_default=False,
        ),
    ]
