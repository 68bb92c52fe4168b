"""The first tables of `common`."""
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation_id', models.BigIntegerField(help_text='所属机构')),
                ('key', models.CharField(help_text='客户端给出的幂等键', max_length=128)),
                ('fingerprint', models.BinaryField(help_text='请求指纹：SHA-256', max_length=32)),
                ('answer_id', models.BigIntegerField(help_text='首次受理时生成的回执编号')),
                ('created_at', models.DateTimeField(help_text='首次受理时间')),
            ],
            options={
                'verbose_name': '幂等键',
                'constraints': [models.UniqueConstraint(fields=('organisation_id', 'key'), name='idempotency_key_unique_in_organisation')],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(help_text='任务种类', max_length=64)),
                ('subject_id', models.BigIntegerField(help_text='处理对象的编号')),
                ('attempts', models.PositiveIntegerField(default=0, help_text='已尝试次数')),
                ('next_attempt_at', models.DateTimeField(help_text='下次尝试时间')),
                ('lease_until', models.DateTimeField(help_text='占用至', null=True)),
                ('done_at', models.DateTimeField(help_text='完成时间', null=True)),
                ('last_error', models.CharField(blank=True, help_text='最近一次失败的代码', max_length=100)),
            ],
            options={
                'verbose_name': '后台任务',
                'indexes': [models.Index(condition=models.Q(('done_at', None)), fields=['next_attempt_at'], name='job_due')],
                'constraints': [models.UniqueConstraint(fields=('kind', 'subject_id'), name='job_unique_for_subject')],
            },
        ),
    ]
