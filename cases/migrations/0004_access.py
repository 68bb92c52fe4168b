"""Entrustments, grants, matters, orders, and the trail of who saw a case."""
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from common.append_only import GuardTable


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_people_and_kinds'),
        ('cases', '0003_checked_imports'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Entrustment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='对外使用的随机编号，32 位十六进制', max_length=32)),
                ('agency_kind', models.CharField(help_text='受托机构类别，抄自机构，供约束使用', max_length=20)),
                ('number', models.CharField(help_text='合同编号', max_length=64)),
                ('scope', models.CharField(help_text='委托范围；不得转委托', max_length=500)),
                ('document', models.CharField(help_text='合同的存证编号', max_length=25)),
                ('starts_at', models.DateTimeField(help_text='起始时间')),
                ('ends_at', models.DateTimeField(help_text='届满时间')),
                ('created_at', models.DateTimeField(help_text='登记时间')),
                ('created_by', models.CharField(help_text='登记人编号', max_length=64)),
                ('ended_at', models.DateTimeField(help_text='提前终止时间', null=True)),
                ('ended_by', models.CharField(blank=True, help_text='终止人编号', max_length=64)),
                ('agency', models.ForeignKey(help_text='受托的催收机构', on_delete=django.db.models.deletion.PROTECT, related_name='entrustments_held', to='accounts.organisation')),
                ('lender', models.ForeignKey(help_text='委托的出借机构', on_delete=django.db.models.deletion.PROTECT, related_name='entrustments_given', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '委托合同',
                'constraints': [models.UniqueConstraint(fields=('ref',), name='entrustment_ref_unique'), models.UniqueConstraint(fields=('lender', 'number'), name='entrustment_number_unique_for_lender'), models.CheckConstraint(condition=models.Q(('agency_kind', 'collection_agency')), name='entrustment_is_to_an_agency'), models.CheckConstraint(condition=models.Q(('document', ''), _negated=True), name='entrustment_has_document'), models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='entrustment_ends_after_start')],
            },
        ),
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='对外使用的随机编号，32 位十六进制', max_length=32)),
                ('includes_all', models.BooleanField(default=False, help_text='是否包括出借机构与其他机构在本案的证据')),
                ('assigned_at', models.DateTimeField(help_text='委案时间')),
                ('assigned_by', models.CharField(help_text='委案人编号', max_length=64)),
                ('withdrawn_at', models.DateTimeField(help_text='退案时间', null=True)),
                ('withdrawn_by', models.CharField(blank=True, help_text='退案人编号', max_length=64)),
                ('case', models.ForeignKey(help_text='案件', on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='cases.case')),
                ('entrustment', models.ForeignKey(help_text='委托合同', on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='cases.entrustment')),
            ],
            options={
                'verbose_name': '委案',
                'constraints': [models.UniqueConstraint(fields=('ref',), name='assignment_ref_unique'), models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('entrustment', 'case'), name='assignment_live_once'), models.CheckConstraint(condition=models.Q(('withdrawn_at', None), ('withdrawn_at__gte', models.F('assigned_at')), _connector='OR'), name='assignment_withdrawn_after_it_began')],
            },
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='对外使用的随机编号，32 位十六进制', max_length=32)),
                ('receiver_kind', models.CharField(help_text='被授权机构类别，抄自机构，供约束使用', max_length=20)),
                ('basis', models.CharField(choices=[('entrusted', '委托处理'), ('provided', '向其他处理者提供'), ('duty', '履行法定职责或义务')], help_text='法律依据', max_length=10)),
                ('document', models.CharField(help_text='依据文件：存证编号，或单独同意的编号', max_length=64)),
                ('purpose', models.CharField(help_text='目的', max_length=200)),
                ('starts_at', models.DateTimeField(help_text='起始时间')),
                ('ends_at', models.DateTimeField(help_text='届满时间')),
                ('case_count', models.PositiveIntegerField(help_text='案件数')),
                ('created_at', models.DateTimeField(help_text='授权时间')),
                ('granted_by', models.CharField(help_text='授权人编号', max_length=64)),
                ('approved_at', models.DateTimeField(help_text='复核时间；逾百案的授权此前不生效', null=True)),
                ('approved_by', models.CharField(blank=True, help_text='复核人编号', max_length=64)),
                ('revoked_at', models.DateTimeField(help_text='撤销时间', null=True)),
                ('revoked_by', models.CharField(blank=True, help_text='撤销人编号', max_length=64)),
                ('lender', models.ForeignKey(help_text='授权的出借机构', on_delete=django.db.models.deletion.PROTECT, related_name='grants_given', to='accounts.organisation')),
                ('receiver', models.ForeignKey(help_text='被授权的机构', on_delete=django.db.models.deletion.PROTECT, related_name='grants_held', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '授权',
                'constraints': [models.UniqueConstraint(fields=('ref',), name='grant_ref_unique'), models.CheckConstraint(condition=models.Q(('receiver_kind__in', ['notary_office', 'law_firm', 'arbitration_body', 'court', 'auditor'])), name='grant_receiver_may_receive'), models.CheckConstraint(condition=models.Q(('basis__in', ['entrusted', 'provided', 'duty'])), name='grant_basis_known'), models.CheckConstraint(condition=models.Q(('document', ''), _negated=True), name='grant_has_document'), models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='grant_ends_after_start'), models.CheckConstraint(condition=models.Q(('case_count__gt', 0)), name='grant_covers_cases'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at', None), ('approved_by', '')), models.Q(('approved_at__isnull', False), models.Q(('approved_by', ''), _negated=True), models.Q(('approved_by', models.F('granted_by')), _negated=True)), _connector='OR'), name='grant_approved_by_another')],
            },
        ),
        migrations.CreateModel(
            name='GrantedCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('case', models.ForeignKey(help_text='案件', on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='cases.case')),
                ('grant', models.ForeignKey(db_index=False, help_text='授权', on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='cases.grant')),
            ],
            options={
                'verbose_name': '授权的案件',
                'constraints': [models.UniqueConstraint(fields=('grant', 'case'), name='granted_case_unique')],
            },
        ),
        migrations.CreateModel(
            name='Matter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='对外使用的随机编号，32 位十六进制', max_length=32)),
                ('purpose', models.CharField(help_text='提交目的', max_length=200)),
                ('submitted_at', models.DateTimeField(help_text='提交时间')),
                ('submitted_by', models.CharField(help_text='提交人编号', max_length=64)),
                ('number', models.CharField(blank=True, help_text='受理机构的案号', max_length=64)),
                ('accepted_at', models.DateTimeField(help_text='受理时间', null=True)),
                ('accepted_by', models.CharField(blank=True, help_text='受理人编号', max_length=64)),
                ('file_days', models.PositiveIntegerField(help_text='结案后的存档期限（天），受理时确定', null=True)),
                ('closed_at', models.DateTimeField(help_text='结案时间', null=True)),
                ('closed_by', models.CharField(blank=True, help_text='结案人编号', max_length=64)),
                ('open_until', models.DateTimeField(help_text='存档期限届满时间', null=True)),
                ('grant', models.ForeignKey(help_text='据以提交的授权', on_delete=django.db.models.deletion.PROTECT, related_name='matters', to='cases.grant')),
                ('institution', models.ForeignKey(help_text='受理机构', on_delete=django.db.models.deletion.PROTECT, related_name='matters', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '受理事项',
                'constraints': [models.UniqueConstraint(fields=('ref',), name='matter_ref_unique'), models.CheckConstraint(condition=models.Q(models.Q(('accepted_at', None), ('accepted_by', ''), ('closed_at', None), ('file_days', None)), models.Q(('accepted_at__isnull', False), ('file_days__isnull', False), ('file_days__lte', 36500), models.Q(('accepted_by', ''), _negated=True)), _connector='OR'), name='matter_accepted_with_a_file_period'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('open_until', None)), models.Q(('closed_at__isnull', False), ('open_until__gte', models.F('closed_at')), ('open_until__isnull', False)), _connector='OR'), name='matter_closed_with_an_end')],
            },
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='对外使用的随机编号，32 位十六进制', max_length=32)),
                ('court_kind', models.CharField(help_text='机构类别，抄自机构，供约束使用', max_length=20)),
                ('number', models.CharField(help_text='文书编号', max_length=64)),
                ('document', models.CharField(help_text='调取令的存证编号', max_length=25)),
                ('scope', models.CharField(help_text='调取范围与事由', max_length=500)),
                ('starts_at', models.DateTimeField(help_text='起始时间')),
                ('ends_at', models.DateTimeField(help_text='届满时间')),
                ('uploaded_at', models.DateTimeField(help_text='上传时间')),
                ('uploaded_by', models.CharField(help_text='上传人编号', max_length=64)),
                ('opened_at', models.DateTimeField(help_text='启用时间', null=True)),
                ('opened_by', models.CharField(blank=True, help_text='启用人编号', max_length=64)),
                ('ended_at', models.DateTimeField(help_text='法院提前终止的时间', null=True)),
                ('ended_by', models.CharField(blank=True, help_text='终止人编号', max_length=64)),
                ('court', models.ForeignKey(help_text='签发法院', on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '调取令',
                'constraints': [models.UniqueConstraint(fields=('ref',), name='order_ref_unique'), models.UniqueConstraint(fields=('court', 'number'), name='order_number_unique_in_court'), models.CheckConstraint(condition=models.Q(('court_kind', 'court')), name='order_is_of_a_court'), models.CheckConstraint(condition=models.Q(('document', ''), _negated=True), name='order_has_document'), models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='order_ends_after_start'), models.CheckConstraint(condition=models.Q(models.Q(('opened_at', None), ('opened_by', '')), models.Q(('opened_at__isnull', False), models.Q(('opened_by', ''), _negated=True), models.Q(('opened_by', models.F('uploaded_by')), _negated=True)), _connector='OR'), name='order_opened_by_another')],
            },
        ),
        migrations.CreateModel(
            name='OrderedCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('case', models.ForeignKey(help_text='案件', on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='cases.case')),
                ('order', models.ForeignKey(db_index=False, help_text='调取令', on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='cases.order')),
            ],
            options={
                'verbose_name': '调取的案件',
                'constraints': [models.UniqueConstraint(fields=('order', 'case'), name='ordered_case_unique')],
            },
        ),
        migrations.CreateModel(
            name='OrderedKind',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(help_text='证据种类', max_length=64)),
                ('order', models.ForeignKey(db_index=False, help_text='调取令', on_delete=django.db.models.deletion.PROTECT, related_name='kinds', to='cases.order')),
            ],
            options={
                'verbose_name': '调取的证据种类',
                'constraints': [models.UniqueConstraint(fields=('order', 'kind'), name='ordered_kind_unique')],
            },
        ),
        migrations.CreateModel(
            name='SubmittedCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('up_to', models.BigIntegerField(help_text='提交至案件内第几份存证；为空表示整个案件', null=True)),
                ('case', models.ForeignKey(help_text='案件', on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='cases.case')),
                ('matter', models.ForeignKey(db_index=False, help_text='受理事项', on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='cases.matter')),
            ],
            options={
                'verbose_name': '提交的案件',
                'constraints': [models.UniqueConstraint(fields=('matter', 'case'), name='submitted_case_unique'), models.CheckConstraint(condition=models.Q(('up_to', None), ('up_to__gte', 0), _connector='OR'), name='submitted_case_up_to_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='AccessEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(help_text='时间')),
                ('what', models.CharField(help_text='读取的内容：case 案件与当事人信息、records 存证', max_length=16)),
                ('actor', models.CharField(help_text='行为人编号', max_length=64)),
                ('roles', models.CharField(help_text='当时的角色；接口密钥为空', max_length=200)),
                ('signed_in', models.CharField(help_text='登录方式：session 会话、key 接口密钥', max_length=16)),
                ('root', models.CharField(help_text='访问根据', max_length=16)),
                ('purpose', models.CharField(help_text='目的；本机构读取为空，即其岗位职责', max_length=500, null=True)),
                ('request_id', models.CharField(help_text='请求编号', max_length=64)),
                ('case', models.ForeignKey(db_index=False, help_text='案件', on_delete=django.db.models.deletion.PROTECT, related_name='accesses', to='cases.case')),
                ('organisation', models.ForeignKey(help_text='行为人所在机构', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '案件访问记录',
                'indexes': [models.Index(fields=['case', '-id'], name='access_event_of_case')],
                'constraints': [models.CheckConstraint(condition=models.Q(('what__in', ['case', 'records'])), name='access_event_what_known'), models.CheckConstraint(condition=models.Q(('root__in', ['own', 'assigned', 'granted', 'accepted', 'ordered'])), name='access_event_root_known'), models.CheckConstraint(condition=models.Q(('root', 'own'), ('purpose__isnull', False), _connector='OR'), name='access_event_of_others_has_purpose')],
            },
        ),
        migrations.CreateModel(
            name='Distribution',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(help_text='起始时间')),
                ('made_by', models.CharField(help_text='分案人编号', max_length=64)),
                ('until', models.DateTimeField(help_text='终止时间', null=True)),
                ('agent', models.ForeignKey(help_text='催收员', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('assignment', models.ForeignKey(db_index=False, help_text='委案', on_delete=django.db.models.deletion.PROTECT, related_name='distributions', to='cases.assignment')),
            ],
            options={
                'verbose_name': '分案',
                'indexes': [models.Index(fields=['assignment'], name='distribution_of_assignment')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('until', None)), fields=('assignment',), name='distribution_one_agent_at_a_time'), models.CheckConstraint(condition=models.Q(('until', None), ('until__gte', models.F('since')), _connector='OR'), name='distribution_ends_after_its_start')],
            },
        ),
        GuardTable("cases_accessevent"),
    ]
