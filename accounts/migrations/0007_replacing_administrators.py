"""An administrator whom the operator puts in: proposed by one, confirmed by another."""
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_platform_agreement'),
    ]

    operations = [
        migrations.CreateModel(
            name='Replacement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('login', models.CharField(help_text='新管理员的登录名', max_length=254)),
                ('display_name', models.CharField(help_text='新管理员姓名', max_length=100)),
                ('role', models.CharField(help_text='角色', max_length=30)),
                ('reason', models.CharField(help_text='理由', max_length=500)),
                ('proposed_at', models.DateTimeField(help_text='提出时间')),
                ('confirmed_at', models.DateTimeField(help_text='确认时间', null=True)),
                ('withdrawn_at', models.DateTimeField(help_text='撤回时间', null=True)),
                ('confirmed_by', models.ForeignKey(help_text='确认人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(help_text='机构', on_delete=django.db.models.deletion.PROTECT, related_name='replacements', to='accounts.organisation')),
                ('proposed_by', models.ForeignKey(help_text='提出人', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('replaces', models.ForeignKey(help_text='确认时终止的成员关系；为空表示只增加管理员', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.membership')),
                ('withdrawn_by', models.ForeignKey(help_text='撤回人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '更换管理员',
                'constraints': [models.UniqueConstraint(condition=models.Q(('confirmed_at', None), ('withdrawn_at', None)), fields=('organisation',), name='replacement_open_once'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='replacement_has_reason'), models.CheckConstraint(condition=models.Q(('role__in', ['agency_supervisor', 'auditor', 'body_admin', 'court_admin', 'firm_admin', 'lender_admin', 'office_admin'])), name='replacement_role_is_an_administrators'), models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at', None), ('confirmed_by', None)), models.Q(('confirmed_at__isnull', False), ('confirmed_by__isnull', False), models.Q(('confirmed_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='replacement_confirmed_by_another'), models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at', None), ('withdrawn_by', None)), models.Q(('confirmed_at', None), ('withdrawn_at__isnull', False), ('withdrawn_by__isnull', False)), _connector='OR'), name='replacement_withdrawn_instead')],
            },
        ),
    ]
