"""The first tables of `notifications`."""
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='对外使用的随机编号，32 位十六进制', max_length=32)),
                ('url', models.CharField(help_text='接收地址', max_length=500)),
                ('created_at', models.DateTimeField(help_text='建立时间')),
                ('failures', models.PositiveIntegerField(default=0, help_text='自上次成功以来连续失败的轮数')),
                ('failing_since', models.DateTimeField(help_text='连续失败的开始时间', null=True)),
                ('rests_until', models.DateTimeField(help_text='失败后在此之前不再尝试', null=True)),
                ('disabled_at', models.DateTimeField(help_text='停用时间', null=True)),
                ('disabled_for', models.CharField(blank=True, help_text='停用原因：gone 接收方答复 410、failing 长期失败', max_length=16)),
                ('organisation', models.ForeignKey(help_text='所属机构', on_delete=django.db.models.deletion.PROTECT, related_name='webhooks', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '事件推送地址',
                'constraints': [models.UniqueConstraint(fields=('ref',), name='webhook_endpoint_ref_unique'), models.CheckConstraint(condition=models.Q(models.Q(('disabled_at', None), ('disabled_for', '')), models.Q(('disabled_at__isnull', False), ('disabled_for__in', ['gone', 'failing'])), _connector='OR'), name='webhook_endpoint_disabled_for_a_reason'), models.CheckConstraint(condition=models.Q(models.Q(('failing_since', None), ('failures', 0), ('rests_until', None)), models.Q(('failing_since__isnull', False), ('failures__gt', 0)), _connector='OR'), name='webhook_endpoint_fails_since_a_time')],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.CharField(help_text='消息编号，每次尝试相同', max_length=64)),
                ('event', models.CharField(help_text='事件种类', max_length=40)),
                ('body', models.TextField(help_text='发送的正文')),
                ('created_at', models.DateTimeField(help_text='生成时间')),
                ('attempts', models.PositiveIntegerField(default=0, help_text='已尝试次数')),
                ('next_attempt_at', models.DateTimeField(help_text='下次尝试时间')),
                ('outcome', models.CharField(blank=True, help_text='结果：delivered 已送达、failed 次数用尽、dropped 因停用放弃', max_length=16)),
                ('ended_at', models.DateTimeField(help_text='结束时间', null=True)),
                ('endpoint', models.ForeignKey(db_index=False, help_text='推送地址', on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='notifications.webhookendpoint')),
            ],
            options={
                'verbose_name': '事件推送',
                'indexes': [models.Index(condition=models.Q(('outcome', '')), fields=['endpoint', 'next_attempt_at'], name='webhook_delivery_due'), models.Index(fields=['endpoint', '-id'], name='webhook_delivery_log'), models.Index(fields=['ended_at'], name='webhook_delivery_ended')],
                'constraints': [models.UniqueConstraint(fields=('message_id',), name='webhook_delivery_message_unique'), models.UniqueConstraint(condition=models.Q(('event', 'webhook.test'), ('outcome', '')), fields=('endpoint',), name='webhook_delivery_one_open_test'), models.CheckConstraint(condition=models.Q(('attempts__lte', 10)), name='webhook_delivery_attempts_bounded'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('outcome', '')), models.Q(('ended_at__isnull', False), ('outcome__in', ['delivered', 'failed', 'dropped'])), _connector='OR'), name='webhook_delivery_outcome_known')],
            },
        ),
        migrations.CreateModel(
            name='WebhookSecret',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sealed', models.BinaryField(help_text='加密保存的签名密钥', max_length=128)),
                ('created_at', models.DateTimeField(help_text='生成时间')),
                ('ends_at', models.DateTimeField(help_text='此后不再用于签名；为空表示当前密钥', null=True)),
                ('endpoint', models.ForeignKey(help_text='推送地址', on_delete=django.db.models.deletion.PROTECT, related_name='secrets', to='notifications.webhookendpoint')),
            ],
            options={
                'verbose_name': '推送签名密钥',
                'constraints': [models.UniqueConstraint(condition=models.Q(('ends_at', None)), fields=('endpoint',), name='webhook_secret_one_current'), models.UniqueConstraint(condition=models.Q(('ends_at__isnull', False)), fields=('endpoint',), name='webhook_secret_one_ending')],
            },
        ),
        migrations.CreateModel(
            name='WebhookSubscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(help_text='事件种类', max_length=40)),
                ('endpoint', models.ForeignKey(db_index=False, help_text='推送地址', on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='notifications.webhookendpoint')),
            ],
            options={
                'verbose_name': '订阅的事件',
                'constraints': [models.UniqueConstraint(fields=('endpoint', 'event'), name='webhook_subscription_unique'), models.CheckConstraint(condition=models.Q(('event__in', ['record.timestamped'])), name='webhook_subscription_event_known')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='对外使用的随机编号，32 位十六进制', max_length=32)),
                ('kind', models.CharField(help_text='种类', max_length=40)),
                ('subject', models.CharField(help_text='涉及对象的编号，不含个人信息', max_length=64)),
                ('created_at', models.DateTimeField(help_text='通知时间')),
                ('read_at', models.DateTimeField(help_text='阅读时间', null=True)),
                ('organisation', models.ForeignKey(db_index=False, help_text='所属机构', on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '站内通知',
                'indexes': [models.Index(fields=['organisation', '-id'], name='notice_inbox')],
                'constraints': [models.UniqueConstraint(fields=('ref',), name='notice_ref_unique'), models.CheckConstraint(condition=models.Q(('kind__in', ['webhook-gone', 'webhook-failing'])), name='notice_kind_known'), models.CheckConstraint(condition=models.Q(('read_at', None), ('read_at__gte', models.F('created_at')), _connector='OR'), name='notice_read_after_it_came')],
            },
        ),
        migrations.CreateModel(
            name='WebhookAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='第几次尝试，从 1 起')),
                ('at', models.DateTimeField(help_text='开始时间')),
                ('duration_ms', models.PositiveIntegerField(help_text='用时（毫秒）')),
                ('status', models.PositiveIntegerField(help_text='应答的 HTTP 状态码；为空表示没有应答', null=True)),
                ('trouble', models.CharField(blank=True, help_text='没有应答的原因代码', max_length=40)),
                ('answer', models.CharField(blank=True, help_text='应答正文的开头，控制字符已替换', max_length=200)),
                ('delivery', models.ForeignKey(db_index=False, help_text='推送', on_delete=django.db.models.deletion.PROTECT, related_name='log', to='notifications.webhookdelivery')),
            ],
            options={
                'verbose_name': '推送尝试',
                'constraints': [models.UniqueConstraint(fields=('delivery', 'number'), name='webhook_attempt_number_unique'), models.CheckConstraint(condition=models.Q(('number__gte', 1), ('number__lte', 10)), name='webhook_attempt_number_in_range'), models.CheckConstraint(condition=models.Q(models.Q(('status__isnull', False), ('trouble', '')), models.Q(('status', None), models.Q(('trouble', ''), _negated=True)), _connector='OR'), name='webhook_attempt_answer_or_trouble')],
            },
        ),
    ]
