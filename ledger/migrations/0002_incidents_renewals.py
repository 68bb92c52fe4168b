"""The service's own statements and incidents, renewals, archived revocation, the closing of a log."""
import django.db.models.deletion
from django.db import migrations, models

from common.append_only import GuardTable


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='OwnStatement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('record', models.CharField(help_text='编号', max_length=25)),
                ('kind', models.CharField(help_text='种类：incident 异常事件、key 密钥与见证策略的变更', max_length=16)),
                ('received_at', models.DateTimeField(help_text='记入时间')),
                ('statement', models.BinaryField(help_text='声明原文')),
                ('claims', models.BinaryField(help_text='声明项与盐值')),
                ('ticket', models.BigIntegerField(help_text='入队编号')),
                ('receipt', models.ForeignKey(help_text='回执', on_delete=django.db.models.deletion.PROTECT, related_name='own_statements', to='ledger.receipt')),
            ],
            options={
                'verbose_name': '服务自身声明',
                'constraints': [models.UniqueConstraint(fields=('record',), name='own_statement_record_unique'), models.UniqueConstraint(fields=('ticket',), name='own_statement_ticket_unique'), models.CheckConstraint(condition=models.Q(('kind__in', ['incident', 'key'])), name='own_statement_kind_known')],
            },
        ),
        migrations.CreateModel(
            name='Incident',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(help_text='事件代码', max_length=40)),
                ('subject', models.CharField(help_text='涉及的对象：见证节点、时间戳机构、回执编号等，不含个人信息', max_length=255)),
                ('episode', models.PositiveIntegerField(help_text='同一代码与对象的第几次，从 1 起')),
                ('facts', models.JSONField(help_text='事实：文本与整数')),
                ('opened_at', models.DateTimeField(help_text='发现时间')),
                ('statement', models.OneToOneField(help_text='日志中的声明', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='incident', to='ledger.ownstatement')),
            ],
            options={
                'verbose_name': '异常事件',
                'indexes': [models.Index(fields=['opened_at'], name='incident_opened_at')],
                'constraints': [models.UniqueConstraint(fields=('code', 'subject', 'episode'), name='incident_episode_unique'), models.CheckConstraint(condition=models.Q(('episode__gt', 0)), name='incident_episode_from_one')],
            },
        ),
        migrations.CreateModel(
            name='IncidentEnd',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ended_at', models.DateTimeField(help_text='结束时间')),
                ('how', models.CharField(help_text='如何得知已结束', max_length=200)),
                ('incident', models.OneToOneField(help_text='异常事件', on_delete=django.db.models.deletion.PROTECT, related_name='end', to='ledger.incident')),
                ('statement', models.OneToOneField(help_text='日志中的声明', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='incident_end', to='ledger.ownstatement')),
            ],
            options={
                'verbose_name': '异常事件的结束',
            },
        ),
        migrations.CreateModel(
            name='Renewal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('authority', models.CharField(help_text='时间戳机构编号', max_length=64)),
                ('size', models.PositiveIntegerField(help_text='续期的检查点数')),
                ('root', models.BinaryField(help_text='各检查点清单的树根', max_length=32)),
                ('token', models.BinaryField(help_text='时间戳令牌原始字节')),
                ('gen_time', models.DateTimeField(help_text='令牌中的时间')),
                ('received_at', models.DateTimeField(help_text='收到时间')),
            ],
            options={
                'verbose_name': '时间戳续期',
                'constraints': [models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='renewal_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='RenewedCheckpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='在续期树中的位置，从 0 起')),
                ('number', models.PositiveIntegerField(help_text='该检查点的第几次续期，从 1 起')),
                ('list_text', models.BinaryField(help_text='清单原文，sha256sum 格式')),
                ('checkpoint', models.ForeignKey(help_text='已发布检查点', on_delete=django.db.models.deletion.PROTECT, related_name='renewals', to='ledger.publishedcheckpoint')),
                ('renewal', models.ForeignKey(help_text='续期', on_delete=django.db.models.deletion.PROTECT, related_name='checkpoints', to='ledger.renewal')),
            ],
            options={
                'verbose_name': '已续期的检查点',
                'constraints': [models.UniqueConstraint(fields=('renewal', 'position'), name='renewed_checkpoint_position_unique'), models.UniqueConstraint(fields=('checkpoint', 'number'), name='renewed_checkpoint_number_unique'), models.CheckConstraint(condition=models.Q(('number__gt', 0)), name='renewed_checkpoint_number_from_one')],
            },
        ),
        migrations.CreateModel(
            name='ArchivedRevocation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('form', models.CharField(help_text='形式：crl 或 ocsp', max_length=4)),
                ('data', models.BinaryField(help_text='签发机构的原始字节')),
                ('fetched_at', models.DateTimeField(help_text='取得时间')),
                ('timestamp', models.ForeignKey(help_text='时间戳', on_delete=django.db.models.deletion.PROTECT, related_name='revocations', to='ledger.timestamp')),
            ],
            options={
                'verbose_name': '吊销信息存档',
                'constraints': [models.UniqueConstraint(fields=('timestamp', 'form'), name='archived_revocation_unique'), models.CheckConstraint(condition=models.Q(('form__in', ['crl', 'ocsp'])), name='archived_revocation_form_known')],
            },
        ),
        migrations.AddField(
            model_name='logstate',
            name='closing_at',
            field=models.DateTimeField(help_text='停止受理的时间；此后只把已受理的条目写完并发布最终检查点', null=True),
        ),
        GuardTable("ledger_ownstatement"),
        GuardTable("ledger_incident"),
        GuardTable("ledger_incidentend"),
        GuardTable("ledger_archivedrevocation"),
        GuardTable("ledger_renewal"),
        GuardTable("ledger_renewedcheckpoint"),
    ]
