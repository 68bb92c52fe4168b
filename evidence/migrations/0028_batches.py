"""Batches that machines handed in; on PostgreSQL seen and written by the organisation that did, whosever cases they were for."""
from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

before = import_module("evidence.migrations.0011_row_level_security")
TABLE = "evidence_depositbatch"
# What was wrong with a batch the worker lets go of; the web changes no row.
POLICIES = {"SELECT": (before.OWN, ""), "INSERT": ("", before.OWN)}


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
        ('accounts', '0009_operators_by_two'),
        ('evidence', '0027_papers_in_trails'),
        ('ledger', '0003_witness_silence'),
    ]

    operations = [
        migrations.CreateModel(
            name='DepositBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='批次编号：16 字节随机数，十六进制', max_length=32)),
                ('request_key', models.CharField(blank=True, help_text='客户端给出的幂等键；没有给出时为空', max_length=128)),
                ('at', models.DateTimeField(help_text='受理或拒绝的时间')),
                ('items', models.PositiveIntegerField(help_text='批次中的记录数；没有读到时为空', null=True)),
                ('refused_code', models.CharField(blank=True, help_text='拒绝的代码；受理时为空', max_length=64)),
                ('faulty', models.PositiveIntegerField(default=0, help_text='有问题的记录数；受理或问题不在某条记录时为 0')),
                ('sealed_faults', models.BinaryField(help_text='各处问题及其位置，加密；保留三十天', null=True)),
                ('credential', models.ForeignKey(db_index=False, help_text='提交所用接口密钥', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.apikey')),
                ('organisation', models.ForeignKey(db_index=False, help_text='提交机构', on_delete=django.db.models.deletion.PROTECT, to='accounts.organisation')),
                ('receipt', models.ForeignKey(db_index=False, help_text='回执；拒绝时为空', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.receipt')),
            ],
            options={
                'verbose_name': '批次',
                'indexes': [models.Index(fields=['organisation', 'id'], name='deposit_batches_in_order')],
                'constraints': [models.UniqueConstraint(fields=('ref',), name='deposit_batch_ref_unique'), models.UniqueConstraint(fields=('receipt',), name='deposit_batch_one_for_a_receipt'), models.CheckConstraint(condition=models.Q(models.Q(('faulty', 0), ('items__gt', 0), ('receipt__isnull', False), ('refused_code', ''), ('sealed_faults', None)), models.Q(('receipt', None), models.Q(('refused_code', ''), _negated=True)), _connector='OR'), name='deposit_batch_taken_or_refused_with_a_code')],
            },
        ),
        migrations.RunPython(close, open_again),
    ]
