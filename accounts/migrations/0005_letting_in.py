"""How organisations are let in: applications, checks, agreements, trials, annual reviews.

Organisations that there are were never reviewed: their first review falls due a year after they were made.
"""
from datetime import timedelta

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from common.append_only import GuardTable


def date_first_reviews(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for each in apps.get_model("accounts", "Organisation").objects.filter(status__in=["active", "suspended"]).exclude(kind="operator"):
        each.review_due_at = each.created_at + timedelta(days=365)
        each.save(update_fields=["review_due_at"])


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_audit_and_sign_in_rules'),
    ]

    operations = [
        migrations.CreateModel(
            name='Agreement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.CharField(help_text='协议版本', max_length=20)),
                ('text_sha256', models.BinaryField(help_text='中文协议文本的 SHA-256', max_length=32)),
                ('accepted_at', models.DateTimeField(help_text='接受时间')),
                ('record', models.CharField(blank=True, help_text='存证编号', max_length=25)),
            ],
            options={
                'verbose_name': '接入协议',
            },
        ),
        migrations.CreateModel(
            name='AnnualReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(help_text='复核期限')),
                ('first_at', models.DateTimeField(help_text='首次确认时间')),
                ('second_at', models.DateTimeField(help_text='第二次确认时间', null=True)),
            ],
            options={
                'verbose_name': '年度复核',
            },
        ),
        migrations.CreateModel(
            name='Application',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(help_text='申请编号：随机，12 位十六进制', max_length=12)),
                ('token_sha256', models.BinaryField(help_text='申请人链接令牌的 SHA-256；令牌本身不保存', max_length=32)),
                ('kind', models.CharField(help_text='机构类别', max_length=20)),
                ('name', models.CharField(help_text='机构名称', max_length=200)),
                ('credit_code', models.CharField(help_text='统一社会信用代码', max_length=18)),
                ('contact_email', models.CharField(help_text='联系邮箱', max_length=254)),
                ('contact_phone', models.CharField(help_text='联系电话', max_length=32)),
                ('purpose', models.CharField(help_text='使用目的', max_length=500)),
                ('administrator_name', models.CharField(help_text='拟任管理员姓名', max_length=100)),
                ('administrator_login', models.CharField(help_text='拟任管理员登录名', max_length=254)),
                ('licence_number', models.CharField(blank=True, help_text='律师事务所执业许可证号，或公证机构执业证号', max_length=64)),
                ('practice_area', models.CharField(blank=True, help_text='公证机构的执业区域', max_length=200)),
                ('state', models.CharField(choices=[('open', '待核查'), ('passed', '已通过'), ('refused', '未通过'), ('withdrawn', '已撤回')], help_text='申请状态', max_length=10)),
                ('round', models.PositiveIntegerField(default=1, help_text='第几轮材料；补充材料后须重新核查')),
                ('created_at', models.DateTimeField(help_text='申请时间')),
            ],
            options={
                'verbose_name': '准入申请',
            },
        ),
        migrations.CreateModel(
            name='ApplicationCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.PositiveIntegerField(help_text='第几轮材料')),
                ('at', models.DateTimeField(help_text='核查时间')),
                ('passes', models.BooleanField(help_text='是否通过')),
                ('reason', models.CharField(help_text='理由', max_length=500)),
                ('credit_code_found', models.BooleanField(help_text='统一社会信用代码已在登记机关查询核对')),
                ('licence_valid', models.BooleanField(help_text='执业许可或设立文件有效')),
                ('letter_sealed', models.BooleanField(help_text='授权书已加盖公章')),
                ('contact_called', models.BooleanField(help_text='已按公开渠道的电话回访联系人')),
            ],
            options={
                'verbose_name': '准入核查',
            },
        ),
        migrations.CreateModel(
            name='TrialStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.CharField(choices=[('verified', '核验'), ('fetched', '调取证据包')], help_text='试用步骤', max_length=10)),
                ('actor', models.CharField(help_text='行为人编号', max_length=64)),
                ('at', models.DateTimeField(help_text='完成时间')),
            ],
            options={
                'verbose_name': '试用步骤',
            },
        ),
        migrations.RemoveConstraint(
            model_name='organisation',
            name='organisation_status_known',
        ),
        migrations.AddField(
            model_name='organisation',
            name='licence_number',
            field=models.CharField(blank=True, help_text='律师事务所执业许可证号，或公证机构执业证号', max_length=64),
        ),
        migrations.AddField(
            model_name='organisation',
            name='practice_area',
            field=models.CharField(blank=True, help_text='公证机构的执业区域', max_length=200),
        ),
        migrations.AddField(
            model_name='organisation',
            name='review_due_at',
            field=models.DateTimeField(help_text='下次年度复核的期限；为空表示从未转为正式', null=True),
        ),
        migrations.AlterField(
            model_name='organisation',
            name='status',
            field=models.CharField(choices=[('applied', '已申请'), ('checked', '已核查'), ('agreed', '已签协议'), ('trial', '试用'), ('active', '正式'), ('suspended', '已停用')], help_text='准入状态；停用立即生效', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='organisation',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['applied', 'checked', 'agreed', 'trial', 'active', 'suspended'])), name='organisation_status_known'),
        ),
        migrations.AddField(
            model_name='agreement',
            name='accepted_by',
            field=models.ForeignKey(help_text='接受人', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='agreement',
            name='organisation',
            field=models.ForeignKey(help_text='机构', on_delete=django.db.models.deletion.PROTECT, related_name='agreements', to='accounts.organisation'),
        ),
        migrations.AddField(
            model_name='annualreview',
            name='first_by',
            field=models.ForeignKey(help_text='首位复核人', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='annualreview',
            name='organisation',
            field=models.ForeignKey(help_text='机构', on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='accounts.organisation'),
        ),
        migrations.AddField(
            model_name='annualreview',
            name='second_by',
            field=models.ForeignKey(help_text='第二位复核人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='application',
            name='first_checker',
            field=models.ForeignKey(help_text='本轮首位核查人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='application',
            name='organisation',
            field=models.OneToOneField(help_text='通过后建立的机构', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='application', to='accounts.organisation'),
        ),
        migrations.AddField(
            model_name='application',
            name='second_checker',
            field=models.ForeignKey(help_text='本轮第二位核查人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='applicationcheck',
            name='application',
            field=models.ForeignKey(help_text='准入申请', on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='accounts.application'),
        ),
        migrations.AddField(
            model_name='applicationcheck',
            name='by',
            field=models.ForeignKey(help_text='核查人', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='trialstep',
            name='organisation',
            field=models.ForeignKey(help_text='机构', on_delete=django.db.models.deletion.PROTECT, related_name='trial_steps', to='accounts.organisation'),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.UniqueConstraint(fields=('organisation', 'version'), name='agreement_once_a_version'),
        ),
        migrations.AddConstraint(
            model_name='annualreview',
            constraint=models.UniqueConstraint(fields=('organisation', 'due_at'), name='annual_review_once_a_date'),
        ),
        migrations.AddConstraint(
            model_name='annualreview',
            constraint=models.CheckConstraint(condition=models.Q(('second_by', None), models.Q(('second_by', models.F('first_by')), _negated=True), _connector='OR'), name='annual_review_by_two_people'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.UniqueConstraint(fields=('reference',), name='application_reference_unique'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.UniqueConstraint(fields=('token_sha256',), name='application_token_unique'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['lender', 'collection_agency', 'notary_office', 'law_firm', 'arbitration_body', 'court', 'auditor'])), name='application_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'passed', 'refused', 'withdrawn'])), name='application_state_known'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.CheckConstraint(condition=models.Q(('second_checker', None), models.Q(('second_checker', models.F('first_checker')), _negated=True), _connector='OR'), name='application_checked_by_two_people'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('first_checker__isnull', False), ('organisation__isnull', False), ('second_checker__isnull', False), ('state', 'passed')), models.Q(models.Q(('state', 'passed'), _negated=True), ('organisation', None), ('second_checker', None)), _connector='OR'), name='application_passed_by_two_checks'),
        ),
        migrations.AddConstraint(
            model_name='applicationcheck',
            constraint=models.UniqueConstraint(fields=('application', 'round', 'by'), name='application_check_once_a_round'),
        ),
        migrations.AddConstraint(
            model_name='applicationcheck',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='application_check_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='applicationcheck',
            constraint=models.CheckConstraint(condition=models.Q(('passes', False), models.Q(('contact_called', True), ('credit_code_found', True), ('letter_sealed', True), ('licence_valid', True)), _connector='OR'), name='application_check_passes_complete'),
        ),
        migrations.AddConstraint(
            model_name='trialstep',
            constraint=models.UniqueConstraint(fields=('organisation', 'step'), name='trial_step_once'),
        ),
        migrations.AddConstraint(
            model_name='trialstep',
            constraint=models.CheckConstraint(condition=models.Q(('step__in', ['verified', 'fetched'])), name='trial_step_known'),
        ),
        GuardTable("accounts_applicationcheck"),
        migrations.RunPython(date_first_reviews, migrations.RunPython.noop),
    ]
