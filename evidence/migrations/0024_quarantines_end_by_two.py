"""Ends of quarantines by two people; on PostgreSQL seen by whoever may see the record, written by the organisation whose record it is."""
# ruff: noqa: S608 - every part of these statements is a text of the migrations
from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

before = import_module("evidence.migrations.0011_row_level_security")
TABLE = "evidence_release"
OWN = (
    f"EXISTS (SELECT 1 FROM evidence_quarantine q JOIN evidence_evidence e ON e.id = q.evidence_id WHERE q.id = {TABLE}.quarantine_id"
    f" AND e.{before.OWN})")
POLICIES = {
    "SELECT": (before.there("evidence_quarantine", f"{TABLE}.quarantine_id"), ""),
    "INSERT": ("", f"{OWN} AND approved_at IS NULL AND withdrawn_at IS NULL AND failed_at IS NULL"),
    # That the originals are still wrong the worker says, which reads them.
    "UPDATE": (OWN, f"{OWN} AND failed_at IS NULL"),
}


def close(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        cursor.execute("SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class WHERE oid = %s::regclass", [TABLE])
        [owner] = cursor.fetchone()
        cursor.execute(f"CREATE POLICY cunzheng_owner ON {TABLE} TO {owner} USING (true) WITH CHECK (true)")
        for command, (using, check) in POLICIES.items():
            conditions = (f" USING ({using})" if using else "") + (f" WITH CHECK ({check})" if check else "")
            cursor.execute(f"CREATE POLICY cunzheng_{command.lower()} ON {TABLE} FOR {command}{conditions}")


def open_again(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name in ("owner", *map(str.lower, POLICIES)):
            schema_editor.execute(f"DROP POLICY IF EXISTS cunzheng_{name} ON {TABLE}", params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0023_shared_originals'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Release',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(help_text='解除理由', max_length=500)),
                ('proposed_at', models.DateTimeField(help_text='提出时间')),
                ('approved_at', models.DateTimeField(help_text='复核时间', null=True)),
                ('withdrawn_at', models.DateTimeField(help_text='撤回时间', null=True)),
                ('failed_at', models.DateTimeField(help_text='重新核对仍不符的时间', null=True)),
                ('approved_by', models.ForeignKey(db_index=False, help_text='复核人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(db_index=False, help_text='提出人', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('quarantine', models.ForeignKey(db_index=False, help_text='隔离', on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='evidence.quarantine')),
                ('withdrawn_by', models.ForeignKey(db_index=False, help_text='撤回人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '解除隔离',
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('failed_at', None), ('withdrawn_at', None)), fields=('quarantine',), name='release_one_at_a_time'),
                    models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='release_for_a_reason'),
                    models.CheckConstraint(condition=models.Q(models.Q(('approved_at', None), ('approved_by', None)), models.Q(('approved_at__gte', models.F('proposed_at')), ('approved_by__isnull', False), models.Q(('approved_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='release_approved_by_another'),
                    models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at', None), ('withdrawn_by', None)), models.Q(('approved_at', None), ('withdrawn_at__gte', models.F('proposed_at')), ('withdrawn_by__isnull', False)), _connector='OR'), name='release_withdrawn_before_it_is_approved'),
                    models.CheckConstraint(condition=models.Q(('failed_at', None), models.Q(('approved_at__isnull', False), ('failed_at__gte', models.F('approved_at'))), _connector='OR'), name='release_failed_after_it_was_approved'),
                ],
            },
        ),
        migrations.RunPython(close, open_again),
    ]
