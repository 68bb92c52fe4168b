"""The first tables of `cases`."""
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Case',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(help_text='本服务的案件编号：16 字节随机数，十六进制', max_length=32)),
                ('client_reference', models.CharField(help_text='客户自己的案件编号，不写入日志与网址', max_length=128)),
                ('sequence', models.BigIntegerField(default=0, help_text='已存证份数')),
                ('head_sha256', models.BinaryField(help_text='最后一份证据声明的 SHA-256', max_length=32, null=True)),
                ('created_at', models.DateTimeField(help_text='建立时间')),
                ('organisation', models.ForeignKey(help_text='所属机构', on_delete=django.db.models.deletion.PROTECT, to='accounts.organisation')),
            ],
            options={
                'verbose_name': '案件',
                'constraints': [models.UniqueConstraint(fields=('ref',), name='case_ref_unique'), models.UniqueConstraint(fields=('organisation', 'client_reference'), name='case_reference_unique_in_organisation'), models.CheckConstraint(condition=models.Q(models.Q(('head_sha256', None), ('sequence', 0)), models.Q(('head_sha256__isnull', False), ('sequence__gt', 0)), _connector='OR'), name='case_head_matches_sequence')],
            },
        ),
    ]
