"""What the operator keeps: papers of applications, facts of the platform with their documents, and reminders of their ends."""
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from common.append_only import GuardTable


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_letting_in'),
        ('evidence', '0003_stamps_told'),
        ('vault', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PlatformFact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('operating_entity', '运营主体'), ('relation', '与租户机构的关系'), ('log_runner', '日志运行方'), ('vault_runner', '保管库运行方'), ('witness_runner', '见证节点运行方'), ('filing', '区块链信息服务备案'), ('classified_protection', '网络安全等级保护'), ('crypto_assessment', '商用密码应用安全性评估'), ('certificate', '其他资质证书'), ('manual', '管理制度与操作手册'), ('software_version', '软件版本')], help_text='事项种类', max_length=24)),
                ('name', models.CharField(blank=True, help_text='同类事项中的名称：见证节点、证书或手册名', max_length=100)),
                ('relation', models.CharField(blank=True, choices=[('none', '无关联'), ('affiliate', '关联企业'), ('same_entity', '同一主体')], help_text='与该机构的关系', max_length=12)),
                ('told', models.CharField(help_text='内容', max_length=500)),
                ('number', models.CharField(blank=True, help_text='备案号或证书编号', max_length=100)),
                ('issuer', models.CharField(blank=True, help_text='备案或发证机关', max_length=200)),
                ('valid_from', models.DateField(help_text='起始日，含当日')),
                ('valid_until', models.DateField(help_text='截止日，含当日；为空表示未定', null=True)),
                ('record', models.CharField(help_text='文件的存证编号', max_length=25)),
                ('recorded_at', models.DateTimeField(help_text='登记时间')),
                ('organisation', models.ForeignKey(help_text='关系所及的租户机构', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='platform_facts', to='accounts.organisation')),
                ('recorded_by', models.ForeignKey(help_text='登记人', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('replaces', models.ForeignKey(help_text='更正的上一条', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='evidence.platformfact')),
            ],
            options={
                'verbose_name': '平台事项',
                'constraints': [models.UniqueConstraint(fields=('record',), name='platform_fact_record_unique'), models.UniqueConstraint(fields=('replaces',), name='platform_fact_replaced_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['operating_entity', 'relation', 'log_runner', 'vault_runner', 'witness_runner', 'filing', 'classified_protection', 'crypto_assessment', 'certificate', 'manual', 'software_version'])), name='platform_fact_kind_known'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'relation'), ('organisation__isnull', False), ('relation__in', ['none', 'affiliate', 'same_entity'])), models.Q(models.Q(('kind', 'relation'), _negated=True), ('organisation', None), ('relation', '')), _connector='OR'), name='platform_fact_relation_to_somebody'), models.CheckConstraint(condition=models.Q(('valid_until', None), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='platform_fact_ends_after_its_start')],
            },
        ),
        migrations.CreateModel(
            name='PlatformReminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.PositiveIntegerField(help_text='提前天数')),
                ('told_at', models.DateTimeField(help_text='通知时间')),
                ('fact', models.ForeignKey(help_text='平台事项', on_delete=django.db.models.deletion.PROTECT, related_name='reminders', to='evidence.platformfact')),
            ],
            options={
                'verbose_name': '平台事项到期提醒',
                'constraints': [models.UniqueConstraint(fields=('fact', 'days'), name='platform_reminder_once'), models.CheckConstraint(condition=models.Q(('days__in', [90, 30, 7])), name='platform_reminder_days_known')],
            },
        ),
        migrations.CreateModel(
            name='ApplicationPaper',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.PositiveIntegerField(help_text='第几轮材料')),
                ('kind', models.CharField(choices=[('licence', '营业执照、执业许可证或设立文件'), ('letter', '授权书'), ('other', '其他材料')], help_text='材料种类', max_length=10)),
                ('media_type', models.CharField(help_text='按内容判定的类型', max_length=20)),
                ('application', models.ForeignKey(help_text='准入申请', on_delete=django.db.models.deletion.PROTECT, related_name='papers', to='accounts.application')),
                ('stored_object', models.OneToOneField(help_text='保管库中的原件', on_delete=django.db.models.deletion.PROTECT, related_name='paper', to='vault.storedobject')),
            ],
            options={
                'verbose_name': '准入材料',
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['licence', 'letter', 'other'])), name='application_paper_kind_known'), models.CheckConstraint(condition=models.Q(('media_type__in', ['application/pdf', 'image/jpeg', 'image/png'])), name='application_paper_media_type_known')],
            },
        ),
        GuardTable("evidence_platformfact"),
    ]
