"""People, their memberships and invitations; organisations get a kind, a status, a credit code and contacts.

Every organisation that there is was made for a depositing machine: an active lender.
"""
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    # The tables of django-allauth and of django-oauth-toolkit point at Person, and their migrations only ask for the first migration of this app.
    run_before = [
        ('account', '0001_initial'),
        ('mfa', '0001_initial'),
        ('oauth2_provider', '0001_initial'),
        ('usersessions', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Person',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('login', models.CharField(help_text='登录名：电子邮箱或工作账号，小写', max_length=254)),
                ('display_name', models.CharField(help_text='显示姓名', max_length=100)),
                ('created_at', models.DateTimeField(help_text='建立时间')),
                ('deactivated_at', models.DateTimeField(help_text='停用时间；停用后不能登录，已有会话立即失效', null=True)),
            ],
            options={
                'verbose_name': '人员',
                'constraints': [models.UniqueConstraint(fields=('login',), name='person_login_unique'), models.CheckConstraint(condition=models.Q(('login', django.db.models.functions.text.Lower('login'))), name='person_login_is_lower_case')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation_kind', models.CharField(help_text='机构类别，抄自机构，供约束使用', max_length=20)),
                ('role', models.CharField(help_text='角色', max_length=30)),
                ('login', models.CharField(help_text='受邀人的登录名', max_length=254)),
                ('display_name', models.CharField(help_text='受邀人姓名', max_length=100)),
                ('licence_number', models.CharField(blank=True, help_text='律师执业证号', max_length=64)),
                ('certificate_number', models.CharField(blank=True, help_text='公证员执业证号', max_length=64)),
                ('resets', models.BooleanField(default=False, help_text='用于已有成员重设密码与第二因素')),
                ('token_sha256', models.BinaryField(help_text='链接令牌的 SHA-256；令牌本身不保存', max_length=32)),
                ('created_at', models.DateTimeField(help_text='发出时间')),
                ('expires_at', models.DateTimeField(help_text='失效时间')),
                ('withdrawn_at', models.DateTimeField(help_text='撤回时间', null=True)),
                ('accepted_at', models.DateTimeField(help_text='接受时间', null=True)),
                ('accepted_by', models.ForeignKey(help_text='接受者', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_by', models.ForeignKey(help_text='邀请人；首位运营人员没有邀请人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(help_text='机构', on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '邀请',
                'constraints': [models.UniqueConstraint(fields=('token_sha256',), name='invitation_token_unique'), models.CheckConstraint(condition=models.Q(models.Q(('organisation_kind', 'lender'), ('role__in', ['case_officer', 'legal_officer', 'compliance_officer', 'lender_admin'])), models.Q(('organisation_kind', 'collection_agency'), ('role__in', ['collection_agent', 'agency_supervisor'])), models.Q(('organisation_kind', 'notary_office'), ('role__in', ['notary', 'notary_approver', 'notary_assistant', 'office_admin'])), models.Q(('organisation_kind', 'law_firm'), ('role__in', ['lawyer', 'legal_assistant', 'firm_admin'])), models.Q(('organisation_kind', 'arbitration_body'), ('role__in', ['arbitrator', 'case_secretary', 'body_admin'])), models.Q(('organisation_kind', 'court'), ('role__in', ['judge', 'judge_assistant', 'court_clerk', 'enforcement_officer', 'court_admin'])), models.Q(('organisation_kind', 'auditor'), ('role__in', ['auditor'])), models.Q(('organisation_kind', 'operator'), ('role__in', ['operator'])), _connector='OR'), name='invitation_role_fits_kind'), models.CheckConstraint(condition=models.Q(models.Q(('role__in', ['lawyer']), _negated=True), models.Q(('licence_number', ''), _negated=True), _connector='OR'), name='invitation_lawyer_has_licence'), models.CheckConstraint(condition=models.Q(models.Q(('role__in', ['notary', 'notary_approver']), _negated=True), models.Q(('certificate_number', ''), _negated=True), _connector='OR'), name='invitation_notary_has_certificate'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='invitation_expires_after_creation'), models.CheckConstraint(condition=models.Q(models.Q(('accepted_at', None), ('accepted_by', None)), models.Q(('accepted_at__isnull', False), ('accepted_by__isnull', False), ('withdrawn_at', None)), _connector='OR'), name='invitation_accepted_by_somebody')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation_kind', models.CharField(help_text='机构类别，抄自机构，供约束使用', max_length=20)),
                ('role', models.CharField(help_text='角色', max_length=30)),
                ('licence_number', models.CharField(blank=True, help_text='律师执业证号', max_length=64)),
                ('certificate_number', models.CharField(blank=True, help_text='公证员执业证号', max_length=64)),
                ('since', models.DateTimeField(help_text='起始时间')),
                ('until', models.DateTimeField(help_text='终止时间', null=True)),
                ('organisation', models.ForeignKey(help_text='机构', on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='accounts.organisation')),
                ('person', models.ForeignKey(help_text='人员', on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '成员关系',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('organisation_kind', 'lender'), ('role__in', ['case_officer', 'legal_officer', 'compliance_officer', 'lender_admin'])), models.Q(('organisation_kind', 'collection_agency'), ('role__in', ['collection_agent', 'agency_supervisor'])), models.Q(('organisation_kind', 'notary_office'), ('role__in', ['notary', 'notary_approver', 'notary_assistant', 'office_admin'])), models.Q(('organisation_kind', 'law_firm'), ('role__in', ['lawyer', 'legal_assistant', 'firm_admin'])), models.Q(('organisation_kind', 'arbitration_body'), ('role__in', ['arbitrator', 'case_secretary', 'body_admin'])), models.Q(('organisation_kind', 'court'), ('role__in', ['judge', 'judge_assistant', 'court_clerk', 'enforcement_officer', 'court_admin'])), models.Q(('organisation_kind', 'auditor'), ('role__in', ['auditor'])), models.Q(('organisation_kind', 'operator'), ('role__in', ['operator'])), _connector='OR'), name='membership_role_fits_kind'), models.CheckConstraint(condition=models.Q(models.Q(('role__in', ['lawyer']), _negated=True), models.Q(('licence_number', ''), _negated=True), _connector='OR'), name='membership_lawyer_has_licence'), models.CheckConstraint(condition=models.Q(models.Q(('role__in', ['notary', 'notary_approver']), _negated=True), models.Q(('certificate_number', ''), _negated=True), _connector='OR'), name='membership_notary_has_certificate'), models.CheckConstraint(condition=models.Q(('until', None), ('until__gte', models.F('since')), _connector='OR'), name='membership_ends_after_its_start'), models.UniqueConstraint(condition=models.Q(('until', None)), fields=('person', 'organisation', 'role'), name='membership_held_once')],
            },
        ),
        migrations.AddField(
            model_name='organisation',
            name='contact_email',
            field=models.CharField(blank=True, help_text='联系邮箱', max_length=254),
        ),
        migrations.AddField(
            model_name='organisation',
            name='contact_phone',
            field=models.CharField(blank=True, help_text='联系电话', max_length=32),
        ),
        migrations.AddField(
            model_name='organisation',
            name='credit_code',
            field=models.CharField(help_text='统一社会信用代码；由程序建立的机构可以没有', max_length=18, null=True),
        ),
        migrations.AddField(
            model_name='organisation',
            name='kind',
            field=models.CharField(default='lender', help_text='机构类别，建立后不变', max_length=20),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='organisation',
            name='status',
            field=models.CharField(choices=[('applied', '已申请'), ('checked', '已核查'), ('trial', '试用'), ('active', '正式'), ('suspended', '已停用')], default='active', help_text='准入状态；停用立即生效', max_length=10),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name='organisation',
            constraint=models.UniqueConstraint(fields=('credit_code',), name='organisation_credit_code_unique'),
        ),
        migrations.AddConstraint(
            model_name='organisation',
            constraint=models.CheckConstraint(condition=models.Q(('credit_code', ''), _negated=True), name='organisation_credit_code_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='organisation',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['lender', 'collection_agency', 'notary_office', 'law_firm', 'arbitration_body', 'court', 'auditor', 'operator'])), name='organisation_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='organisation',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['applied', 'checked', 'trial', 'active', 'suspended'])), name='organisation_status_known'),
        ),
        migrations.AddConstraint(
            model_name='organisation',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'operator')), fields=('kind',), name='organisation_operator_is_one'),
        ),
    ]
