"""The case file: creditors, loan, parties, notes, stage, caps, imports. The tables of notes and revisions are append-only."""
import django.db.models.deletion
from django.db import migrations, models

from common.append_only import GuardTable


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_people_and_kinds'),
        ('cases', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Agreement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(help_text='授信或借款合同编号', max_length=128)),
                ('signed_on', models.DateField(help_text='签订日期')),
                ('day_count', models.CharField(help_text='计息天数惯例', max_length=10)),
                ('penalty_uplift', models.DecimalField(decimal_places=8, help_text='罚息上浮比例，0.5 为加收百分之五十', max_digits=10)),
                ('compound', models.BooleanField(help_text='是否计收复利')),
                ('designation', models.BooleanField(help_text='债务人能否指定清偿的借据')),
                ('within', models.CharField(blank=True, help_text='合同约定的款项抵充顺序，逗号分隔；为空依法定', max_length=80)),
                ('between', models.CharField(help_text='合同约定的债务抵充顺序，逗号分隔；空值依法定', max_length=40, null=True)),
                ('clauses', models.JSONField(default=dict, help_text='合同条款编号，按事项')),
                ('case', models.OneToOneField(help_text='案件', on_delete=django.db.models.deletion.CASCADE, related_name='agreement', to='cases.case')),
            ],
            options={
                'verbose_name': '合同',
                'constraints': [models.CheckConstraint(condition=models.Q(('day_count__in', ['actual/360', 'actual/365', '30/360'])), name='agreement_day_count_known'), models.CheckConstraint(condition=models.Q(('penalty_uplift__gte', 0), ('penalty_uplift__lte', 10)), name='agreement_uplift_in_range')],
            },
        ),
        migrations.CreateModel(
            name='CaseImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='导入编号：16 字节随机数，十六进制', max_length=32)),
                ('format', models.CharField(help_text='csv 或 xlsx', max_length=4)),
                ('sha256', models.BinaryField(help_text='所核对文件的 SHA-256；文件删除后为空', max_length=32, null=True)),
                ('sealed_file', models.BinaryField(help_text='所核对的文件，加密；导入或到期后为空', null=True)),
                ('rows', models.PositiveIntegerField(help_text='数据行数')),
                ('faults', models.PositiveIntegerField(help_text='有误之处的数目；为零方可导入')),
                ('checked_at', models.DateTimeField(help_text='核对时间')),
                ('checked_by', models.CharField(help_text='核对人编号', max_length=64)),
                ('imported_at', models.DateTimeField(help_text='导入时间', null=True)),
                ('cases', models.PositiveIntegerField(default=0, help_text='导入的案件数')),
                ('organisation', models.ForeignKey(help_text='所属机构', on_delete=django.db.models.deletion.PROTECT, to='accounts.organisation')),
            ],
            options={
                'verbose_name': '案件导入',
                'constraints': [models.UniqueConstraint(fields=('ref',), name='case_import_ref_unique'), models.CheckConstraint(condition=models.Q(('format__in', ['csv', 'xlsx'])), name='case_import_format_known'), models.CheckConstraint(condition=models.Q(models.Q(('sealed_file', None), ('sha256', None)), models.Q(('sealed_file__isnull', False), ('sha256__isnull', False)), _connector='OR'), name='case_import_file_with_its_digest'), models.CheckConstraint(condition=models.Q(models.Q(('cases', 0), ('imported_at', None)), models.Q(('faults', 0), ('imported_at__isnull', False), ('sealed_file', None)), _connector='OR'), name='case_import_of_a_sound_file_that_is_gone')],
            },
        ),
        migrations.CreateModel(
            name='CaseRevision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveIntegerField(help_text='序号，从 1 起')),
                ('at', models.DateTimeField(help_text='发生时间')),
                ('change', models.CharField(help_text='变更种类', max_length=16)),
                ('detail', models.CharField(help_text='版本号或阶段，不含个人信息', max_length=64)),
                ('actor', models.CharField(help_text='行为人编号', max_length=64)),
                ('case', models.ForeignKey(db_index=False, help_text='案件', on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='cases.case')),
            ],
            options={
                'verbose_name': '案件变更',
                'constraints': [models.UniqueConstraint(fields=('case', 'sequence'), name='case_revision_sequence_unique'), models.CheckConstraint(condition=models.Q(('change__in', ['file', 'stage', 'import'])), name='case_revision_change_known')],
            },
        ),
        migrations.CreateModel(
            name='Charge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(help_text='费用编号', max_length=128)),
                ('drawdown', models.CharField(help_text='所属借据编号', max_length=128)),
                ('charged_on', models.DateField(help_text='发生日')),
                ('amount', models.DecimalField(decimal_places=2, help_text='金额（元）', max_digits=15)),
                ('is_fee', models.BooleanField(help_text='是否为约定费用；否则为实现债权的费用')),
                ('case', models.ForeignKey(db_index=False, help_text='案件', on_delete=django.db.models.deletion.CASCADE, related_name='charges', to='cases.case')),
            ],
            options={
                'verbose_name': '费用',
                'constraints': [models.UniqueConstraint(fields=('case', 'reference'), name='charge_reference_unique_in_case'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='charge_amount_above_zero')],
            },
        ),
        migrations.CreateModel(
            name='Party',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(help_text='当事人在案件中的代号', max_length=64)),
                ('role', models.CharField(help_text='在案件中的身份', max_length=16)),
                ('kind', models.CharField(help_text='自然人或组织', max_length=16)),
                ('sealed_name', models.BinaryField(help_text='姓名或名称，加密；依法删除后为空', null=True)),
                ('name_index', models.BinaryField(help_text='姓名的机构级 HMAC，用于精确检索', max_length=32, null=True)),
                ('sealed_identity', models.BinaryField(help_text='证件号码，加密；未知或依法删除后为空', null=True)),
                ('identity_index', models.BinaryField(help_text='证件号码的机构级 HMAC', max_length=32, null=True)),
                ('erased_at', models.DateTimeField(help_text='个人信息删除时间', null=True)),
                ('case', models.ForeignKey(db_index=False, help_text='案件', on_delete=django.db.models.deletion.CASCADE, related_name='parties', to='cases.case')),
            ],
            options={
                'verbose_name': '当事人',
                'indexes': [models.Index(fields=['name_index'], name='party_name_index'), models.Index(fields=['identity_index'], name='party_identity_index')],
                'constraints': [models.UniqueConstraint(fields=('case', 'reference'), name='party_reference_unique_in_case'), models.CheckConstraint(condition=models.Q(('role__in', ['debtor', 'co_debtor', 'guarantor', 'spouse', 'agent'])), name='party_role_known'), models.CheckConstraint(condition=models.Q(('kind__in', ['person', 'organisation'])), name='party_kind_known'), models.CheckConstraint(condition=models.Q(models.Q(('erased_at', None), ('name_index__isnull', False), ('sealed_name__isnull', False)), models.Q(('erased_at__isnull', False), ('name_index', None), ('sealed_identity', None), ('sealed_name', None)), _connector='OR'), name='party_named_or_erased'), models.CheckConstraint(condition=models.Q(models.Q(('identity_index', None), ('sealed_identity', None)), models.Q(('identity_index__isnull', False), ('sealed_identity__isnull', False)), _connector='OR'), name='party_identity_with_its_index'), models.UniqueConstraint(condition=models.Q(('role', 'debtor')), fields=('case',), name='party_one_debtor_in_case')],
            },
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='序号，从 1 起')),
                ('kind', models.CharField(help_text='同意事项', max_length=24)),
                ('document', models.CharField(blank=True, help_text='载明同意的文件及条款', max_length=200)),
                ('record', models.CharField(blank=True, help_text='该文件的存证编号', max_length=25)),
                ('given_on', models.DateField(help_text='作出日期')),
                ('withdrawn_on', models.DateField(help_text='撤回日期', null=True)),
                ('party', models.ForeignKey(db_index=False, help_text='当事人', on_delete=django.db.models.deletion.CASCADE, related_name='consents', to='cases.party')),
            ],
            options={
                'verbose_name': '同意',
                'constraints': [models.UniqueConstraint(fields=('party', 'position'), name='consent_position_unique'), models.CheckConstraint(condition=models.Q(('kind__in', ['personal_information', 'provision', 'electronic_service', 'service_address', 'recording', 'enforcement', 'arbitration'])), name='consent_kind_known'), models.CheckConstraint(condition=models.Q(('document', ''), ('record', ''), _negated=True), name='consent_has_a_document_or_record'), models.CheckConstraint(condition=models.Q(('withdrawn_on', None), ('withdrawn_on__gte', models.F('given_on')), _connector='OR'), name='consent_withdrawn_after_it_was_given')],
            },
        ),
        migrations.CreateModel(
            name='ContactPoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='序号，从 1 起')),
                ('kind', models.CharField(help_text='联系方式种类', max_length=16)),
                ('sealed_value', models.BinaryField(help_text='联系方式，加密；依法删除后为空', null=True)),
                ('value_index', models.BinaryField(help_text='联系方式的机构级 HMAC', max_length=32, null=True)),
                ('basis', models.CharField(help_text='取得依据', max_length=16)),
                ('confirmed', models.BooleanField(help_text='是否经当事人确认')),
                ('last_active_at', models.DateTimeField(help_text='最近一次确认可联系的时间', null=True)),
                ('erased_at', models.DateTimeField(help_text='个人信息删除时间', null=True)),
                ('party', models.ForeignKey(db_index=False, help_text='当事人', on_delete=django.db.models.deletion.CASCADE, related_name='contact_points', to='cases.party')),
            ],
            options={
                'verbose_name': '联系方式',
                'indexes': [models.Index(fields=['value_index'], name='contact_point_value_index')],
                'constraints': [models.UniqueConstraint(fields=('party', 'position'), name='contact_point_position_unique'), models.CheckConstraint(condition=models.Q(('kind__in', ['mobile', 'telephone', 'email', 'address', 'wechat'])), name='contact_point_kind_known'), models.CheckConstraint(condition=models.Q(('basis__in', ['contract', 'declared', 'repaired', 'public'])), name='contact_point_basis_known'), models.CheckConstraint(condition=models.Q(models.Q(('erased_at', None), ('sealed_value__isnull', False), ('value_index__isnull', False)), models.Q(('erased_at__isnull', False), ('sealed_value', None), ('value_index', None)), _connector='OR'), name='contact_point_valued_or_erased')],
            },
        ),
        migrations.CreateModel(
            name='CreditorSide',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveIntegerField(help_text='序号：1 为原债权人一方，其后每次债权转让加一')),
                ('assigned_on', models.DateField(help_text='债权转让日期；原债权人一方为空', null=True)),
                ('notice_record', models.CharField(blank=True, help_text='债权转让通知的存证编号；未知为空', max_length=25)),
                ('claimant_name', models.CharField(blank=True, help_text='代表全体债权人主张权利者；为空则各自主张', max_length=200)),
                ('claimant_basis', models.CharField(blank=True, help_text='其依据，例如联合贷款协议条款', max_length=200)),
                ('case', models.ForeignKey(db_index=False, help_text='案件', on_delete=django.db.models.deletion.CASCADE, related_name='creditor_sides', to='cases.case')),
            ],
            options={
                'verbose_name': '债权人一方',
                'constraints': [models.UniqueConstraint(fields=('case', 'sequence'), name='creditor_side_sequence_unique'), models.CheckConstraint(condition=models.Q(models.Q(('assigned_on', None), ('notice_record', ''), ('sequence', 1)), models.Q(('assigned_on__isnull', False), ('sequence__gt', 1)), _connector='OR'), name='creditor_side_assigned_on_a_day'), models.CheckConstraint(condition=models.Q(models.Q(('claimant_name', ''), _negated=True), ('claimant_basis', ''), _connector='OR'), name='creditor_side_basis_has_a_claimant')],
            },
        ),
        migrations.CreateModel(
            name='Creditor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='序号，从 1 起')),
                ('name', models.CharField(help_text='债权人名称（机构）', max_length=200)),
                ('credit_code', models.CharField(blank=True, help_text='统一社会信用代码；未知为空', max_length=18)),
                ('share', models.DecimalField(decimal_places=8, help_text='份额，一方合计为 1', max_digits=9)),
                ('side', models.ForeignKey(db_index=False, help_text='债权人一方', on_delete=django.db.models.deletion.CASCADE, related_name='creditors', to='cases.creditorside')),
            ],
            options={
                'verbose_name': '债权人',
                'constraints': [models.UniqueConstraint(fields=('side', 'position'), name='creditor_position_unique'), models.CheckConstraint(condition=models.Q(('share__gt', 0), ('share__lte', 1)), name='creditor_share_above_zero_to_one')],
            },
        ),
        migrations.CreateModel(
            name='Drawdown',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(help_text='借据编号', max_length=128)),
                ('principal', models.DecimalField(decimal_places=2, help_text='本金（元）', max_digits=15)),
                ('drawn_on', models.DateField(help_text='放款日')),
                ('annual_rate', models.DecimalField(decimal_places=8, help_text='年利率，0.145 为百分之十四点五', max_digits=10)),
                ('months', models.PositiveIntegerField(help_text='期数（月）')),
                ('repayment', models.CharField(help_text='还款方式', max_length=20)),
                ('due_day', models.PositiveSmallIntegerField(help_text='每月还款日；空值为放款日的对日', null=True)),
                ('security', models.DecimalField(decimal_places=2, default=0, help_text='担保金额（元）', max_digits=15)),
                ('accelerated_on', models.DateField(help_text='宣布提前到期日', null=True)),
                ('case', models.ForeignKey(db_index=False, help_text='案件', on_delete=django.db.models.deletion.CASCADE, related_name='drawdowns', to='cases.case')),
            ],
            options={
                'verbose_name': '借据',
                'constraints': [models.UniqueConstraint(fields=('case', 'reference'), name='drawdown_reference_unique_in_case'), models.CheckConstraint(condition=models.Q(('principal__gt', 0)), name='drawdown_principal_above_zero'), models.CheckConstraint(condition=models.Q(('annual_rate__gte', 0), ('annual_rate__lte', 10)), name='drawdown_rate_in_range'), models.CheckConstraint(condition=models.Q(('months__gte', 1), ('months__lte', 360)), name='drawdown_months_in_range'), models.CheckConstraint(condition=models.Q(('repayment__in', ['equal-instalments', 'equal-principal', 'interest-first', 'bullet'])), name='drawdown_repayment_known'), models.CheckConstraint(condition=models.Q(('due_day', None), models.Q(('due_day__gte', 1), ('due_day__lte', 31)), _connector='OR'), name='drawdown_due_day_in_range'), models.CheckConstraint(condition=models.Q(('security__gte', 0)), name='drawdown_security_not_negative'), models.CheckConstraint(condition=models.Q(('accelerated_on', None), ('accelerated_on__gt', models.F('drawn_on')), _connector='OR'), name='drawdown_accelerated_after_it_was_drawn')],
            },
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveIntegerField(help_text='序号，从 1 起')),
                ('at', models.DateTimeField(help_text='记录时间')),
                ('actor', models.CharField(help_text='记录人编号', max_length=64)),
                ('organisation_ref', models.CharField(help_text='记录人所在机构编号', max_length=64)),
                ('case', models.ForeignKey(db_index=False, help_text='案件', on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='cases.case')),
            ],
            options={
                'verbose_name': '案件备注',
                'constraints': [models.UniqueConstraint(fields=('case', 'sequence'), name='note_sequence_unique')],
            },
        ),
        migrations.CreateModel(
            name='NoteText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sealed_text', models.BinaryField(help_text='备注内容，加密；依法删除后为空', null=True)),
                ('erased_at', models.DateTimeField(help_text='删除时间', null=True)),
                ('note', models.OneToOneField(help_text='备注', on_delete=django.db.models.deletion.PROTECT, related_name='text', to='cases.note')),
            ],
            options={
                'verbose_name': '备注内容',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('erased_at', None), ('sealed_text__isnull', False)), models.Q(('erased_at__isnull', False), ('sealed_text', None)), _connector='OR'), name='note_text_there_or_erased')],
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(help_text='收款编号', max_length=128)),
                ('received_on', models.DateField(help_text='收款日')),
                ('amount', models.DecimalField(decimal_places=2, help_text='金额（元）', max_digits=15)),
                ('designation', models.CharField(blank=True, help_text='债务人指定清偿的借据；未指定为空', max_length=128)),
                ('case', models.ForeignKey(db_index=False, help_text='案件', on_delete=django.db.models.deletion.CASCADE, related_name='payments', to='cases.case')),
            ],
            options={
                'verbose_name': '收款',
                'constraints': [models.UniqueConstraint(fields=('case', 'reference'), name='payment_reference_unique_in_case'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='payment_amount_above_zero')],
            },
        ),
        migrations.CreateModel(
            name='RateCapRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('annual_rate', models.DecimalField(decimal_places=8, help_text='综合年化上限，0.24 为百分之二十四', max_digits=10)),
                ('effective_from', models.DateField(help_text='施行日')),
                ('effective_until', models.DateField(help_text='失效日（不含）；空值为现行', null=True)),
                ('day_count', models.CharField(help_text='计算天数惯例', max_length=10)),
                ('source', models.CharField(help_text='出处：文件名称、文号、条款', max_length=300)),
                ('stated_by', models.CharField(help_text='由谁主张适用', max_length=200)),
                ('organisation', models.ForeignKey(db_index=False, help_text='所属机构', on_delete=django.db.models.deletion.PROTECT, to='accounts.organisation')),
            ],
            options={
                'verbose_name': '利率上限',
                'constraints': [models.UniqueConstraint(fields=('organisation', 'effective_from'), name='rate_cap_one_from_a_day'), models.CheckConstraint(condition=models.Q(('annual_rate__gte', 0), ('annual_rate__lte', 10)), name='rate_cap_in_range'), models.CheckConstraint(condition=models.Q(('effective_until', None), ('effective_until__gt', models.F('effective_from')), _connector='OR'), name='rate_cap_ends_after_it_begins'), models.CheckConstraint(condition=models.Q(('day_count__in', ['actual/360', 'actual/365', '30/360'])), name='rate_cap_day_count_known'), models.CheckConstraint(condition=models.Q(models.Q(('source', ''), _negated=True), models.Q(('stated_by', ''), _negated=True)), name='rate_cap_has_its_source')],
            },
        ),
        migrations.AddField(
            model_name='case',
            name='file_version',
            field=models.BigIntegerField(db_default=0, default=0, help_text='案件档案的版本；0 表示只有存证，尚无档案'),
        ),
        migrations.AddField(
            model_name='case',
            name='stage',
            field=models.CharField(choices=[('open', '在管'), ('entrusted', '委外催收'), ('demanded', '已催告'), ('notary', '公证办理中'), ('arbitration', '仲裁中'), ('litigation', '诉讼中'), ('enforcement', '执行中'), ('settled', '已结清'), ('closed', '已结案')], db_default='open', default='open', help_text='案件阶段', max_length=16),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['open', 'entrusted', 'demanded', 'notary', 'arbitration', 'litigation', 'enforcement', 'settled', 'closed'])), name='case_stage_known'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(('file_version__gte', 0)), name='case_file_version_not_negative'),
        ),
        GuardTable("cases_caserevision"),
        GuardTable("cases_note"),
    ]
