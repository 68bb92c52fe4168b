"""How somebody acted, in the rows of trails; where trails had got to, in the log; and quarantine of originals.

The columns are added in place: the guards of custody rows stay.
"""
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from common.append_only import GuardTable


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0009_narrower_sight'),
        ('evidence', '0017_relations'),
        ('ledger', '0003_witness_silence'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='custodyevent',
            name='on_behalf_of',
            field=models.CharField(help_text='受托为其办理的机构编号', max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='custodyevent',
            name='request_id',
            field=models.CharField(help_text='请求编号', max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='custodyevent',
            name='role',
            field=models.CharField(help_text='当时的角色；接口密钥与系统为空', max_length=200, null=True),
        ),
        migrations.AddField(
            model_name='custodyevent',
            name='signed_in',
            field=models.CharField(help_text='登录方式；旧格式的行为空', max_length=64, null=True),
        ),
        migrations.CreateModel(
            name='CustodyCommitment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('record', models.CharField(help_text='编号', max_length=25)),
                ('received_at', models.DateTimeField(help_text='记入时间')),
                ('statement', models.BinaryField(help_text='声明原文')),
                ('ticket', models.BigIntegerField(help_text='入队编号')),
                ('receipt', models.ForeignKey(help_text='回执', on_delete=django.db.models.deletion.PROTECT, related_name='custody_commitments', to='ledger.receipt')),
            ],
            options={
                'verbose_name': '流转记录入链',
                'constraints': [
                    models.UniqueConstraint(fields=('record',), name='custody_commitment_record_unique'),
                    models.UniqueConstraint(fields=('ticket',), name='custody_commitment_ticket_unique'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CustodyHead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='声明项序号，从 1 起')),
                ('salt', models.BinaryField(help_text='声明项的盐值', max_length=32)),
                ('commitment', models.ForeignKey(db_index=False, help_text='入链声明', on_delete=django.db.models.deletion.PROTECT, related_name='heads', to='evidence.custodycommitment')),
                ('event', models.ForeignKey(db_index=False, help_text='流转记录的末行', on_delete=django.db.models.deletion.PROTECT, related_name='heads', to='evidence.custodyevent')),
            ],
            options={
                'verbose_name': '已入链的流转末行',
                'constraints': [
                    models.UniqueConstraint(fields=('commitment', 'position'), name='custody_head_position_unique'),
                    models.UniqueConstraint(fields=('event',), name='custody_head_of_an_event_once'),
                    models.CheckConstraint(condition=models.Q(('position__gt', 0)), name='custody_head_position_from_one'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Quarantine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause', models.CharField(choices=[('fixity', '原件与存证时不符'), ('malware', '检出恶意程序')], help_text='原因种类', max_length=16)),
                ('reason', models.CharField(help_text='发现的情况', max_length=500)),
                ('began_at', models.DateTimeField(help_text='隔离时间')),
                ('ended_at', models.DateTimeField(help_text='解除时间', null=True)),
                ('why_ended', models.CharField(blank=True, help_text='解除理由', max_length=500)),
                ('ended_by', models.ForeignKey(db_index=False, help_text='解除人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('evidence', models.ForeignKey(db_index=False, help_text='存证记录', on_delete=django.db.models.deletion.PROTECT, related_name='quarantines', to='evidence.evidence')),
            ],
            options={
                'verbose_name': '隔离',
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('evidence',), name='quarantine_one_at_a_time'),
                    models.CheckConstraint(condition=models.Q(('cause__in', ['fixity', 'malware'])), name='quarantine_cause_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ended_by', None), ('why_ended', '')), models.Q(('ended_at__gte', models.F('began_at')), ('ended_by__isnull', False), models.Q(('why_ended', ''), _negated=True)), _connector='OR'), name='quarantine_ended_by_somebody_for_a_reason'),
                ],
            },
        ),
        migrations.CreateModel(
            name='FixityRound',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('began_at', models.DateTimeField(help_text='开始时间')),
                ('seen_at', models.DateTimeField(help_text='最近一批的时间')),
                ('ended_at', models.DateTimeField(help_text='完成时间；为空表示仍在进行', null=True)),
                ('objects_read', models.BigIntegerField(default=0, help_text='已重新计算摘要的原件数')),
                ('bytes_read', models.BigIntegerField(default=0, help_text='已读字节数')),
                ('wrong', models.BigIntegerField(default=0, help_text='不符或无法读取的原件数')),
            ],
            options={
                'verbose_name': '原件复核',
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('bytes_read__gte', 0), ('objects_read__gte', 0), ('seen_at__gte', models.F('began_at')), ('wrong__gte', 0), models.Q(('ended_at', None), ('ended_at__gte', models.F('began_at')), _connector='OR')), name='fixity_round_goes_on'),
                ],
            },
        ),
        migrations.CreateModel(
            name='GrantedTrail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ended_at', models.DateTimeField(help_text='撤销写入流转记录的时间', null=True)),
                ('evidence', models.ForeignKey(db_index=False, help_text='存证记录', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='evidence.evidence')),
                ('grant', models.ForeignKey(help_text='授权', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.grant')),
            ],
            options={
                'verbose_name': '授权的流转记录',
                'constraints': [
                    models.UniqueConstraint(fields=('evidence', 'grant'), name='granted_trail_told_once'),
                ],
            },
        ),
        GuardTable("evidence_custodycommitment"),
        GuardTable("evidence_custodyhead"),
    ]
