"""Telephone numbers are confirmed by a code; those from before get no notice until their holder asked for one and typed it."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_operators_by_two'),
        ('notifications', '0008_operators_by_two'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='addressletter',
            name='address_letter_to_somebody',
        ),
        migrations.RemoveConstraint(
            model_name='addressletter',
            name='address_letter_token_is_live',
        ),
        migrations.RemoveConstraint(
            model_name='addressletter',
            name='address_letter_used_to_confirm',
        ),
        migrations.RemoveConstraint(
            model_name='channel',
            name='channel_confirmed_is_email',
        ),
        migrations.AddField(
            model_name='addressletter',
            name='sealed_code',
            field=models.BinaryField(help_text='加密保存的验证码；使用、作废后不再保存', max_length=400, null=True),
        ),
        migrations.AddField(
            model_name='addressletter',
            name='tries',
            field=models.PositiveSmallIntegerField(default=0, help_text='验证码已输入的次数'),
        ),
        migrations.AlterField(
            model_name='addressletter',
            name='kind',
            field=models.CharField(help_text='confirm 请确认邮箱、replaced 邮箱不再使用、decided 准入申请有了结果、code 手机验证码', max_length=10),
        ),
        migrations.AlterField(
            model_name='addressletter',
            name='sealed_address',
            field=models.BinaryField(help_text='加密保存的邮箱或手机号码', max_length=400),
        ),
        migrations.AlterField(
            model_name='addressletter',
            name='used_at',
            field=models.DateTimeField(help_text='确认链接或验证码的使用时间', null=True),
        ),
        migrations.AlterField(
            model_name='channel',
            name='confirmed_at',
            field=models.DateTimeField(help_text='邮箱或号码由其持有人确认的时间；为空则不向其发送通知', null=True),
        ),
        migrations.AddConstraint(
            model_name='addressletter',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('application', None), ('kind__in', ['confirm', 'replaced', 'code']), ('person__isnull', False)), models.Q(('application__isnull', False), ('kind', 'decided'), ('person', None)), _connector='OR'), name='address_letter_to_somebody'),
        ),
        migrations.AddConstraint(
            model_name='addressletter',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('expires_at', None), ('sealed_code', None), ('token_sha256', None)), models.Q(('expires_at__isnull', False), ('kind', 'confirm'), ('sealed_code', None), ('token_sha256__isnull', False), ('used_at', None)), models.Q(('expires_at__isnull', False), ('kind', 'code'), ('sealed_code__isnull', False), ('token_sha256', None), ('used_at', None)), _connector='OR'), name='address_letter_token_is_live'),
        ),
        migrations.AddConstraint(
            model_name='addressletter',
            constraint=models.CheckConstraint(condition=models.Q(('used_at', None), ('kind__in', ['confirm', 'code']), _connector='OR'), name='address_letter_used_to_confirm'),
        ),
        migrations.AddConstraint(
            model_name='addressletter',
            constraint=models.CheckConstraint(condition=models.Q(('tries__lte', 5)), name='address_letter_tries_bounded'),
        ),
    ]
