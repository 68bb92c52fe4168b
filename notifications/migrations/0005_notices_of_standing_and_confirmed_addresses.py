"""Notices of an organisation's standing and of withdrawn applications; e-mail addresses are confirmed, by letters about them."""
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_platform_agreement'),
        ('notifications', '0004_inbox_and_messages'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AddressLetter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='信件编号，每次尝试相同', max_length=32)),
                ('kind', models.CharField(help_text='confirm 请确认邮箱、replaced 邮箱不再使用、decided 准入申请有了结果', max_length=10)),
                ('sealed_address', models.BinaryField(help_text='加密保存的邮箱', max_length=400)),
                ('language', models.CharField(blank=True, help_text='语言；为空则两种语言', max_length=10)),
                ('created_at', models.DateTimeField(help_text='生成时间')),
                ('attempts', models.PositiveIntegerField(default=0, help_text='已尝试次数')),
                ('next_attempt_at', models.DateTimeField(help_text='下次尝试时间')),
                ('trouble', models.CharField(blank=True, help_text='最近一次未成功的原因代码', max_length=40)),
                ('outcome', models.CharField(blank=True, help_text='结果：sent 已送出、failed 失败、dropped 未发送', max_length=10)),
                ('ended_at', models.DateTimeField(help_text='结束时间', null=True)),
                ('token_sha256', models.BinaryField(help_text='确认链接令牌的 SHA-256；令牌本身不保存', max_length=32, null=True)),
                ('expires_at', models.DateTimeField(help_text='确认链接的失效时间', null=True)),
                ('used_at', models.DateTimeField(help_text='确认链接的使用时间', null=True)),
            ],
            options={
                'verbose_name': '邮箱信件',
            },
        ),
        migrations.RemoveConstraint(
            model_name='notice',
            name='notice_kind_known',
        ),
        migrations.AddField(
            model_name='channel',
            name='confirmed_at',
            field=models.DateTimeField(help_text='邮箱由其持有人确认的时间；为空则不向其发送通知', null=True),
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed_at', None), ('kind', 'email'), _connector='OR'), name='channel_confirmed_is_email'),
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed_at', None), ('confirmed_at__gte', models.F('changed_at')), _connector='OR'), name='channel_confirmed_after_it_was_chosen'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['application-checked', 'application-received', 'application-withdrawn', 'cases-assigned', 'cases-given', 'cases-granted', 'cases-ordered', 'cases-taken', 'cases-withdrawn', 'entrustment-ended', 'grant-revoked', 'grant-waiting', 'matter-accepted', 'matter-closed', 'matter-submitted', 'order-waiting', 'organisation-activated', 'organisation-reinstated', 'organisation-suspended', 'platform-fact-ending', 'review-due', 'trial-begun', 'webhook-failing', 'webhook-gone'])), name='notice_kind_known'),
        ),
        migrations.AddField(
            model_name='addressletter',
            name='application',
            field=models.ForeignKey(help_text='准入申请；此时收件人是其联系邮箱', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.application'),
        ),
        migrations.AddField(
            model_name='addressletter',
            name='person',
            field=models.ForeignKey(db_index=False, help_text='邮箱所属人员', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='addressletter',
            index=models.Index(fields=['person', '-id'], name='address_letter_of_person'),
        ),
        migrations.AddIndex(
            model_name='addressletter',
            index=models.Index(fields=['ended_at'], name='address_letter_ended'),
        ),
        migrations.AddConstraint(
            model_name='addressletter',
            constraint=models.UniqueConstraint(fields=('ref',), name='address_letter_ref_unique'),
        ),
        migrations.AddConstraint(
            model_name='addressletter',
            constraint=models.UniqueConstraint(fields=('token_sha256',), name='address_letter_token_unique'),
        ),
        migrations.AddConstraint(
            model_name='addressletter',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('application', None), ('kind__in', ['confirm', 'replaced']), ('person__isnull', False)), models.Q(('application__isnull', False), ('kind', 'decided'), ('person', None)), _connector='OR'), name='address_letter_to_somebody'),
        ),
        migrations.AddConstraint(
            model_name='addressletter',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('expires_at', None), ('token_sha256', None)), models.Q(('expires_at__isnull', False), ('kind', 'confirm'), ('token_sha256__isnull', False), ('used_at', None)), _connector='OR'), name='address_letter_token_is_live'),
        ),
        migrations.AddConstraint(
            model_name='addressletter',
            constraint=models.CheckConstraint(condition=models.Q(('used_at', None), ('kind', 'confirm'), _connector='OR'), name='address_letter_used_to_confirm'),
        ),
        migrations.AddConstraint(
            model_name='addressletter',
            constraint=models.CheckConstraint(condition=models.Q(('attempts__lte', 6)), name='address_letter_attempts_bounded'),
        ),
        migrations.AddConstraint(
            model_name='addressletter',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('outcome', '')), models.Q(('ended_at__isnull', False), ('outcome__in', ['sent', 'failed', 'dropped'])), _connector='OR'), name='address_letter_outcome_known'),
        ),
    ]
