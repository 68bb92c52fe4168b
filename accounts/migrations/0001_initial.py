"""The first tables of `accounts`."""
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='对外使用的随机编号，32 位十六进制', max_length=32)),
                ('name', models.CharField(help_text='机构名称', max_length=200)),
                ('created_at', models.DateTimeField(help_text='建立时间')),
            ],
            options={
                'verbose_name': '机构',
                'constraints': [models.UniqueConstraint(fields=('ref',), name='organisation_ref_unique')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('prefix', models.CharField(help_text='密钥前缀，可展示', max_length=12)),
                ('secret_sha256', models.BinaryField(help_text='密钥的 SHA-256；密钥本身不保存', max_length=32)),
                ('label', models.CharField(help_text='用途说明', max_length=100)),
                ('created_at', models.DateTimeField(help_text='签发时间')),
                ('expires_at', models.DateTimeField(help_text='失效时间')),
                ('revoked_at', models.DateTimeField(help_text='撤销时间', null=True)),
                ('last_used_at', models.DateTimeField(help_text='最近使用时间，按分钟记录', null=True)),
                ('organisation', models.ForeignKey(help_text='所属机构', on_delete=django.db.models.deletion.PROTECT, related_name='api_keys', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '接口密钥',
                'constraints': [models.UniqueConstraint(fields=('prefix',), name='api_key_prefix_unique'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='api_key_expires_after_creation')],
            },
        ),
    ]
