"""The first tables of `evidence`."""
import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from common.append_only import GuardTable


def keep_rows_whole(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """A record of some two kilobytes would be compressed in vain, for its salts and digests are random, and split in two."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE evidence_evidence SET (toast_tuple_target = 8160)")


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('cases', '0001_initial'),
        ('ledger', '0001_initial'),
        ('vault', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('record', models.CharField(help_text='存证编号', max_length=25)),
                ('case_sequence', models.BigIntegerField(help_text='在案件中的序号，从 1 起')),
                ('kind', models.CharField(help_text='证据种类', max_length=64)),
                ('received_at', models.DateTimeField(help_text='受理时间')),
                ('ticket', models.BigIntegerField(help_text='入队编号')),
                ('statement', models.BinaryField(help_text='证据声明原文')),
                ('sealed_claims', models.BinaryField(help_text='封存的声明项与盐值；依法销毁后为空', null=True)),
                ('case', models.ForeignKey(db_index=False, help_text='案件', on_delete=django.db.models.deletion.PROTECT, to='cases.case')),
                ('credential', models.ForeignKey(db_index=False, help_text='提交所用凭证', on_delete=django.db.models.deletion.PROTECT, to='accounts.apikey')),
                ('organisation', models.ForeignKey(help_text='存证机构', on_delete=django.db.models.deletion.PROTECT, to='accounts.organisation')),
                ('receipt', models.ForeignKey(help_text='回执', on_delete=django.db.models.deletion.PROTECT, related_name='records', to='ledger.receipt')),
            ],
            options={
                'verbose_name': '存证记录',
                'constraints': [models.UniqueConstraint(fields=('record',), name='evidence_record_unique'), models.UniqueConstraint(fields=('case', 'case_sequence'), name='evidence_sequence_unique_in_case'), models.UniqueConstraint(fields=('ticket',), name='evidence_ticket_unique'), models.CheckConstraint(condition=models.Q(('case_sequence__gt', 0)), name='evidence_sequence_from_one')],
            },
        ),
        migrations.CreateModel(
            name='DisclosureAttempts',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(help_text='日期（UTC）')),
                ('wrong', models.PositiveIntegerField(default=0, help_text='错误次数')),
                ('evidence', models.ForeignKey(db_index=False, help_text='存证记录', on_delete=django.db.models.deletion.PROTECT, to='evidence.evidence')),
            ],
            options={
                'verbose_name': '披露尝试',
                'constraints': [models.UniqueConstraint(fields=('evidence', 'day'), name='disclosure_attempts_one_row_a_day')],
            },
        ),
        migrations.CreateModel(
            name='CustodyEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveIntegerField(help_text='序号，从 1 起')),
                ('at', models.DateTimeField(help_text='发生时间')),
                ('event', models.CharField(help_text='事件', max_length=64)),
                ('actor', models.CharField(help_text='行为人编号', max_length=64)),
                ('organisation_ref', models.CharField(help_text='机构编号', max_length=64)),
                ('purpose', models.TextField(help_text='目的', null=True)),
                ('previous', models.CharField(help_text='上一行摘要', max_length=64, null=True)),
                ('digest', models.CharField(help_text='本行摘要', max_length=64)),
                ('evidence', models.ForeignKey(db_index=False, help_text='存证记录', on_delete=django.db.models.deletion.PROTECT, related_name='custody', to='evidence.evidence')),
            ],
            options={
                'verbose_name': '流转记录',
                'constraints': [models.UniqueConstraint(fields=('evidence', 'sequence'), name='custody_sequence_unique')],
            },
        ),
        migrations.CreateModel(
            name='EvidenceFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='文件序号，从 1 起')),
                ('size_bytes', models.BigIntegerField(help_text='字节数')),
                ('sha256_hmac', models.BinaryField(help_text='SHA-256 的机构级 HMAC', max_length=32)),
                ('evidence', models.ForeignKey(db_index=False, help_text='存证记录', on_delete=django.db.models.deletion.PROTECT, related_name='files', to='evidence.evidence')),
                ('stored_object', models.ForeignKey(db_index=False, help_text='原件；为空表示由存证方自行保管', null=True, on_delete=django.db.models.deletion.PROTECT, to='vault.storedobject')),
            ],
            options={
                'verbose_name': '证据文件',
                'indexes': [models.Index(fields=['sha256_hmac'], name='evidence_file_digest')],
                'constraints': [models.UniqueConstraint(fields=('evidence', 'position'), name='evidence_file_position_unique'), models.UniqueConstraint(condition=models.Q(('stored_object__isnull', False)), fields=('stored_object',), name='evidence_file_original_unique'), models.CheckConstraint(condition=models.Q(('position__gt', 0)), name='evidence_file_position_from_one')],
            },
        ),
        GuardTable("evidence_custodyevent"),
        migrations.RunPython(keep_rows_whole, migrations.RunPython.noop),
    ]
