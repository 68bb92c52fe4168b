"""Rules of sign-in for each organisation, identities of its provider, and its append-only audit log."""
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from common.append_only import GuardTable


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_credentials_of_machines'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveBigIntegerField(help_text='机构内序号，从 1 起连续')),
                ('at', models.DateTimeField(help_text='时间')),
                ('event', models.CharField(help_text='事件', max_length=40)),
                ('actor', models.CharField(blank=True, help_text='行为人：person:、api_key: 加编号，或 command；为空表示尚未证明身份', max_length=40)),
                ('subject', models.CharField(blank=True, help_text='涉及对象的编号', max_length=64)),
                ('detail', models.CharField(blank=True, help_text='补充的固定用语：状态、角色、因素', max_length=40)),
                ('method', models.CharField(blank=True, help_text='登录方式', max_length=64)),
                ('network', models.CharField(blank=True, help_text='网络地址，仅保留 IPv4 前 24 位或 IPv6 前 48 位', max_length=49)),
                ('request_id', models.CharField(blank=True, help_text='同一请求的各条相同', max_length=16)),
                ('previous', models.CharField(blank=True, help_text='上一条的摘要；首条为空', max_length=64)),
                ('digest', models.CharField(help_text='本条除摘要外全部内容的 SHA-256', max_length=64)),
                ('organisation', models.ForeignKey(db_index=False, help_text='机构', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '审计记录',
                'indexes': [models.Index(fields=['organisation', 'event', '-number'], name='audit_entry_by_event')],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'number'), name='audit_entry_number_unique'), models.CheckConstraint(condition=models.Q(models.Q(('number', 1), ('previous', '')), models.Q(('number__gt', 1), models.Q(('previous', ''), _negated=True)), _connector='OR'), name='audit_entry_follows_another')],
            },
        ),
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveBigIntegerField(help_text='最近一条的序号')),
                ('digest', models.CharField(help_text='最近一条的摘要', max_length=64)),
                ('organisation', models.OneToOneField(help_text='机构', on_delete=django.db.models.deletion.PROTECT, related_name='audit_head', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '审计日志末端',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('digest', ''), ('number', 0)), models.Q(('number__gte', 1), models.Q(('digest', ''), _negated=True)), _connector='OR'), name='audit_head_has_a_digest')],
            },
        ),
        migrations.CreateModel(
            name='IdentityProvider',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issuer', models.CharField(help_text='签发方地址，逐字符与身份令牌中的一致', max_length=255)),
                ('client_id', models.CharField(help_text='客户端标识', max_length=255)),
                ('sealed_secret', models.BinaryField(help_text='加密保存的客户端密钥', max_length=600)),
                ('changed_at', models.DateTimeField(help_text='登记或最近变更时间')),
                ('organisation', models.OneToOneField(help_text='机构', on_delete=django.db.models.deletion.PROTECT, related_name='identity_provider', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '机构身份提供方',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('issuer', ''), _negated=True), models.Q(('client_id', ''), _negated=True)), name='identity_provider_is_named')],
            },
        ),
        migrations.CreateModel(
            name='LinkedIdentity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issuer', models.CharField(help_text='签发方地址', max_length=255)),
                ('subject', models.CharField(help_text='签发方内部的人员标识', max_length=255)),
                ('linked_at', models.DateTimeField(help_text='首次登录时间')),
                ('organisation', models.ForeignKey(db_index=False, help_text='机构', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('person', models.ForeignKey(help_text='人员', on_delete=django.db.models.deletion.PROTECT, related_name='linked_identities', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '已关联身份',
                'constraints': [models.UniqueConstraint(fields=('organisation', 'issuer', 'subject'), name='linked_identity_is_one_person'), models.UniqueConstraint(fields=('organisation', 'issuer', 'person'), name='linked_identity_one_for_each_person')],
            },
        ),
        migrations.CreateModel(
            name='SignInRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('networks', models.TextField(blank=True, help_text='工作站所在网段（CIDR），以空格分隔；为空时催收员不能进入')),
                ('idle_minutes', models.PositiveSmallIntegerField(default=10, help_text='工作站闲置多少分钟后锁定，5 至 30')),
                ('organisation', models.OneToOneField(help_text='机构', on_delete=django.db.models.deletion.PROTECT, related_name='sign_in_rules', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '登录规则',
                'constraints': [models.CheckConstraint(condition=models.Q(('idle_minutes__gte', 5), ('idle_minutes__lte', 30)), name='sign_in_rules_idle_in_range')],
            },
        ),
        GuardTable('accounts_auditentry'),
    ]
