"""Leave to fetch a paper of an application once, from the evidence origin."""
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0008_kind_index'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PaperTicket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_sha256', models.BinaryField(help_text='地址令牌的 SHA-256；令牌本身不保存', max_length=32)),
                ('made_at', models.DateTimeField(help_text='签发时间')),
                ('expires_at', models.DateTimeField(help_text='失效时间')),
                ('used_at', models.DateTimeField(help_text='取用时间', null=True)),
                ('paper', models.ForeignKey(db_index=False, help_text='准入材料', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='evidence.applicationpaper')),
                ('person', models.ForeignKey(db_index=False, help_text='取用的运营人员', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '准入材料取用凭据',
                'constraints': [models.UniqueConstraint(fields=('token_sha256',), name='paper_ticket_token_unique'), models.CheckConstraint(condition=models.Q(('used_at', None), models.Q(('used_at__gte', models.F('made_at')), ('used_at__lt', models.F('expires_at'))), _connector='OR'), name='paper_ticket_used_in_time')],
            },
        ),
    ]
