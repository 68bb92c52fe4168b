"""Relations between records, append-only; on PostgreSQL seen by whoever may see both records, and written by who deposited the one that says so."""
from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from common.append_only import GuardTable

before = import_module("evidence.migrations.0011_row_level_security")
TABLE = "evidence_relation"
ENDS = " AND ".join(before.there("evidence_evidence", f"{TABLE}.{end}") for end in ("source_id", "target_id"))
POLICIES = {
    "SELECT": (ENDS, ""),
    "INSERT": ("", f"{before.there('evidence_evidence', f'{TABLE}.said_by_id', before.DEPOSITED)} AND {ENDS}"),
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
        ('evidence', '0016_renderings'),
    ]

    operations = [
        migrations.CreateModel(
            name='Relation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('relation', models.CharField(choices=[('derived_from', '来源于'), ('corroborates', '印证'), ('replaces', '替代'), ('reply_to', '回复')], help_text='关联', max_length=16)),
                ('said_by', models.ForeignKey(db_index=False, help_text='声明项中说明此关联的存证', on_delete=django.db.models.deletion.PROTECT, related_name='says', to='evidence.evidence')),
                ('source', models.ForeignKey(help_text='存证', on_delete=django.db.models.deletion.PROTECT, related_name='relations', to='evidence.evidence')),
                ('target', models.ForeignKey(help_text='关联的存证', on_delete=django.db.models.deletion.PROTECT, related_name='related', to='evidence.evidence')),
            ],
            options={
                'verbose_name': '存证关联',
                'constraints': [models.UniqueConstraint(fields=('said_by', 'source', 'relation', 'target'), name='relation_said_once'), models.CheckConstraint(condition=models.Q(('relation__in', ['derived_from', 'corroborates', 'replaces', 'reply_to'])), name='relation_known'), models.CheckConstraint(condition=models.Q(models.Q(('source', models.F('target')), _negated=True), models.Q(('said_by', models.F('target')), _negated=True)), name='relation_to_another_record')],
            },
        ),
        GuardTable("evidence_relation"),
        migrations.RunPython(close, open_again),
    ]
