"""Notices to one person, who has read which, and messages about them by e-mail and SMS."""
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_letting_in'),
        ('notifications', '0003_cases_ordered'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Channel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(help_text='email 电子邮件、sms 短信', max_length=8)),
                ('sealed_address', models.BinaryField(help_text='加密保存的邮箱或手机号码', max_length=400)),
                ('language', models.CharField(help_text='语言', max_length=10)),
                ('changed_at', models.DateTimeField(help_text='选择时间')),
            ],
            options={
                'verbose_name': '通知方式',
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='消息编号，每次尝试相同', max_length=32)),
                ('channel', models.CharField(help_text='email 电子邮件、sms 短信', max_length=8)),
                ('created_at', models.DateTimeField(help_text='生成时间')),
                ('attempts', models.PositiveIntegerField(default=0, help_text='已尝试次数')),
                ('asked', models.PositiveIntegerField(default=0, help_text='已查询状态的次数')),
                ('next_attempt_at', models.DateTimeField(help_text='下次尝试或查询的时间')),
                ('gateway_id', models.CharField(blank=True, help_text='短信网关的受理编号', max_length=64)),
                ('trouble', models.CharField(blank=True, help_text='最近一次未成功的原因代码', max_length=40)),
                ('outcome', models.CharField(blank=True, help_text='结果：sent 已送出、accepted 网关已受理、failed 失败、dropped 未发送', max_length=10)),
                ('ended_at', models.DateTimeField(help_text='结束时间', null=True)),
            ],
            options={
                'verbose_name': '通知消息',
            },
        ),
        migrations.CreateModel(
            name='NoticeReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(help_text='阅读时间')),
            ],
            options={
                'verbose_name': '通知阅读',
            },
        ),
        migrations.RemoveConstraint(
            model_name='notice',
            name='notice_kind_known',
        ),
        migrations.AddField(
            model_name='notice',
            name='count',
            field=models.PositiveIntegerField(help_text='涉及的案件数', null=True),
        ),
        migrations.AddField(
            model_name='notice',
            name='person',
            field=models.ForeignKey(db_index=False, help_text='只与此人有关；为空则与机构有关', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='notice',
            name='read_at',
            field=models.DateTimeField(help_text='机构系统的阅读时间', null=True),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['application-checked', 'application-received', 'cases-assigned', 'cases-given', 'cases-granted', 'cases-ordered', 'cases-taken', 'cases-withdrawn', 'entrustment-ended', 'grant-revoked', 'grant-waiting', 'matter-accepted', 'matter-closed', 'matter-submitted', 'order-waiting', 'platform-fact-ending', 'review-due', 'trial-begun', 'webhook-failing', 'webhook-gone'])), name='notice_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('count', None), ('count__gt', 0), _connector='OR'), name='notice_counts_something'),
        ),
        migrations.AddField(
            model_name='channel',
            name='person',
            field=models.ForeignKey(db_index=False, help_text='人员', on_delete=django.db.models.deletion.PROTECT, related_name='channels', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='message',
            name='notice',
            field=models.ForeignKey(db_index=False, help_text='通知', on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='notifications.notice'),
        ),
        migrations.AddField(
            model_name='message',
            name='person',
            field=models.ForeignKey(db_index=False, help_text='收件人', on_delete=django.db.models.deletion.PROTECT, related_name='messages', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='noticereading',
            name='notice',
            field=models.ForeignKey(db_index=False, help_text='通知', on_delete=django.db.models.deletion.PROTECT, related_name='readings', to='notifications.notice'),
        ),
        migrations.AddField(
            model_name='noticereading',
            name='person',
            field=models.ForeignKey(help_text='阅读人', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.UniqueConstraint(fields=('person', 'kind'), name='channel_one_of_a_kind'),
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['email', 'sms'])), name='channel_kind_known'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['person', '-id'], name='message_of_person'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['ended_at'], name='message_ended'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('ref',), name='message_ref_unique'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('notice', 'person', 'channel'), name='message_once_by_each_channel'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('channel__in', ['email', 'sms'])), name='message_channel_known'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('attempts__lte', 6)), name='message_attempts_bounded'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('outcome', '')), models.Q(('ended_at__isnull', False), ('outcome__in', ['sent', 'accepted', 'failed', 'dropped'])), _connector='OR'), name='message_outcome_known'),
        ),
        migrations.AddConstraint(
            model_name='noticereading',
            constraint=models.UniqueConstraint(fields=('notice', 'person'), name='notice_read_once'),
        ),
    ]
