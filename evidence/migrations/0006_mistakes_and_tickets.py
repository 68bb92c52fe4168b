"""Records deposited by mistake, and leave to fetch an original once."""
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from common.append_only import GuardTable


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_people_and_kinds'),
        ('evidence', '0005_people_deposit'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OriginalTicket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_sha256', models.BinaryField(help_text='地址令牌的 SHA-256；令牌本身不保存', max_length=32)),
                ('made_at', models.DateTimeField(help_text='签发时间')),
                ('expires_at', models.DateTimeField(help_text='失效时间')),
                ('used_at', models.DateTimeField(help_text='取用时间', null=True)),
                ('file', models.ForeignKey(db_index=False, help_text='证据文件', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='evidence.evidencefile')),
                ('organisation', models.ForeignKey(db_index=False, help_text='取用人所在机构', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('person', models.ForeignKey(db_index=False, help_text='取用人', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '原件取用凭据',
                'constraints': [models.UniqueConstraint(fields=('token_sha256',), name='original_ticket_token_unique'), models.CheckConstraint(condition=models.Q(('used_at', None), models.Q(('used_at__gte', models.F('made_at')), ('used_at__lt', models.F('expires_at'))), _connector='OR'), name='original_ticket_used_in_time')],
            },
        ),
        migrations.CreateModel(
            name='Supersession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('correction', models.ForeignKey(db_index=False, help_text='更正记录', on_delete=django.db.models.deletion.PROTECT, related_name='corrects', to='evidence.evidence')),
                ('replaced_by', models.ForeignKey(db_index=False, help_text='应以此为准的记录；没有则为空', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='evidence.evidence')),
                ('superseded', models.ForeignKey(db_index=False, help_text='误存的记录', on_delete=django.db.models.deletion.PROTECT, related_name='supersessions', to='evidence.evidence')),
            ],
            options={
                'verbose_name': '误存更正',
                'constraints': [models.UniqueConstraint(fields=('superseded',), name='supersession_of_a_record_once'), models.UniqueConstraint(fields=('correction',), name='supersession_by_a_record_once'), models.CheckConstraint(condition=models.Q(models.Q(('superseded', models.F('correction')), _negated=True), models.Q(('replaced_by', None), models.Q(models.Q(('replaced_by', models.F('superseded')), _negated=True), models.Q(('replaced_by', models.F('correction')), _negated=True)), _connector='OR')), name='supersession_by_another_record')],
            },
        ),
        GuardTable("evidence_supersession"),
    ]
