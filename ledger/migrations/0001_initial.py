"""The first tables of `ledger`."""
import django.db.models.deletion
from django.db import migrations, models

from common.append_only import GuardTable


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='LogQueue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entry', models.BinaryField(help_text='日志条目原文', max_length=65535)),
                ('leaf_hash', models.BinaryField(help_text='叶哈希，回执中已承诺', max_length=32)),
                ('queued_at', models.DateTimeField(help_text='入队时间')),
            ],
            options={
                'verbose_name': '待入链条目',
            },
        ),
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('size', models.BigIntegerField(help_text='条目数')),
                ('root', models.BinaryField(help_text='树根', max_length=32)),
                ('note', models.BinaryField(help_text='带日志签名的检查点原文')),
                ('signed_at', models.DateTimeField(help_text='签署时间')),
            ],
            options={
                'verbose_name': '检查点',
                'constraints': [models.UniqueConstraint(fields=('size',), name='checkpoint_size_unique'), models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='checkpoint_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='LogBatch',
            fields=[
                ('size', models.BigIntegerField(help_text='提交后的条目数', primary_key=True, serialize=False)),
                ('root', models.BinaryField(help_text='提交后的树根', max_length=32)),
                ('sequenced_at', models.DateTimeField(help_text='入链时间')),
                ('oldest_queued_at', models.DateTimeField(help_text='本批最早的入队时间')),
                ('rows_sha256', models.BinaryField(help_text='本批各行与上一批的摘要', max_length=32)),
            ],
            options={
                'verbose_name': '入链批次',
                'constraints': [models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='log_batch_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='LogEntry',
            fields=[
                ('index', models.BigIntegerField(help_text='在日志中的位置，从 0 起', primary_key=True, serialize=False)),
                ('ticket', models.BigIntegerField(help_text='入队编号；为空表示由瓦片恢复，入队记录已丢失', null=True)),
                ('entry', models.BinaryField(help_text='日志条目原文', max_length=65535)),
            ],
            options={
                'verbose_name': '日志条目',
                'constraints': [models.CheckConstraint(condition=models.Q(('index__gte', 0)), name='log_entry_index_not_negative'), models.UniqueConstraint(fields=('ticket',), name='log_entry_ticket_unique')],
            },
        ),
        migrations.CreateModel(
            name='LogState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin', models.CharField(help_text='日志标识', max_length=255)),
                ('vkey', models.CharField(help_text='日志签名公钥', max_length=400)),
                ('size', models.BigIntegerField(default=0, help_text='已提交的条目数')),
                ('root', models.BinaryField(help_text='该大小的树根', max_length=32)),
                ('applied_size', models.BigIntegerField(default=0, help_text='瓦片已落盘的条目数')),
                ('published_size', models.BigIntegerField(default=0, help_text='最新已发布检查点的大小')),
                ('stamped_size', models.BigIntegerField(default=0, help_text='最新已获时间戳的检查点大小')),
                ('collected_size', models.BigIntegerField(default=0, help_text='在此大小之前写满的瓦片，其不完整版本已清理')),
                ('frozen_at', models.DateTimeField(help_text='冻结时间；冻结后不再收录条目', null=True)),
            ],
            options={
                'verbose_name': '日志状态',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='log_state_is_one_row'), models.CheckConstraint(condition=models.Q(('applied_size__lte', models.F('size'))), name='log_applied_at_most_size'), models.CheckConstraint(condition=models.Q(('published_size__lte', models.F('applied_size'))), name='log_published_at_most_applied'), models.CheckConstraint(condition=models.Q(('stamped_size__lte', models.F('published_size'))), name='log_stamped_at_most_published'), models.CheckConstraint(condition=models.Q(('collected_size__lte', models.F('published_size'))), name='log_collected_at_most_published'), models.CheckConstraint(condition=models.Q(('collected_size__gte', 0), ('stamped_size__gte', 0)), name='log_sizes_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='PublishedCheckpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('size', models.BigIntegerField(help_text='条目数')),
                ('previous_size', models.BigIntegerField(help_text='上一次发布的条目数；首次为 0')),
                ('note', models.BinaryField(help_text='已发布的检查点原文')),
                ('published_at', models.DateTimeField(help_text='发布时间')),
                ('checkpoint', models.OneToOneField(help_text='检查点', on_delete=django.db.models.deletion.PROTECT, to='ledger.checkpoint')),
            ],
            options={
                'verbose_name': '已发布检查点',
                'constraints': [models.UniqueConstraint(fields=('size',), name='published_checkpoint_size_unique'), models.UniqueConstraint(fields=('previous_size',), name='published_checkpoint_previous_unique'), models.CheckConstraint(condition=models.Q(('previous_size__gte', 0), ('previous_size__lt', models.F('size'))), name='published_checkpoint_grows')],
            },
        ),
        migrations.CreateModel(
            name='Receipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(help_text='回执正文')),
                ('key_id', models.CharField(help_text='签名密钥编号，十六进制', max_length=8)),
                ('received_at', models.DateTimeField(help_text='受理时间')),
                ('include_by', models.DateTimeField(help_text='承诺入链期限')),
            ],
            options={
                'verbose_name': '回执',
                'constraints': [models.CheckConstraint(condition=models.Q(('include_by__gt', models.F('received_at'))), name='receipt_promise_after_received')],
            },
        ),
        migrations.CreateModel(
            name='StampRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('authority', models.CharField(help_text='时间戳机构编号', max_length=64)),
                ('requested_at', models.DateTimeField(help_text='排队时间')),
                ('outcome', models.CharField(blank=True, help_text='结果：stamped 已获、superseded 被更新的检查点取代、dropped 机构已停用', max_length=16)),
                ('checkpoint', models.ForeignKey(help_text='已发布检查点', on_delete=django.db.models.deletion.PROTECT, related_name='stamp_requests', to='ledger.publishedcheckpoint')),
            ],
            options={
                'verbose_name': '时间戳申请',
                'constraints': [models.UniqueConstraint(fields=('checkpoint', 'authority'), name='stamp_request_unique'), models.CheckConstraint(condition=models.Q(('outcome__in', ['', 'stamped', 'superseded', 'dropped'])), name='stamp_request_outcome_known')],
            },
        ),
        migrations.CreateModel(
            name='Timestamp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('size', models.BigIntegerField(help_text='该检查点的条目数')),
                ('authority', models.CharField(help_text='时间戳机构编号', max_length=64)),
                ('token', models.BinaryField(help_text='时间戳令牌原始字节')),
                ('gen_time', models.DateTimeField(help_text='令牌中的时间')),
                ('received_at', models.DateTimeField(help_text='收到时间')),
                ('checkpoint', models.ForeignKey(help_text='已发布检查点', on_delete=django.db.models.deletion.PROTECT, related_name='timestamps', to='ledger.publishedcheckpoint')),
            ],
            options={
                'verbose_name': '时间戳',
                'indexes': [models.Index(fields=['size', 'gen_time'], name='timestamp_first_covering')],
                'constraints': [models.UniqueConstraint(fields=('checkpoint', 'authority'), name='timestamp_unique_for_authority')],
            },
        ),
        GuardTable("ledger_logentry"),
        GuardTable("ledger_logbatch"),
        GuardTable("ledger_receipt"),
        GuardTable("ledger_checkpoint"),
        GuardTable("ledger_publishedcheckpoint"),
        GuardTable("ledger_timestamp"),
    ]
