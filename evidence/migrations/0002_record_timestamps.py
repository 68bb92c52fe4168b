"""Timestamps of records' own statements."""
import django.db.models.deletion
from django.db import migrations, models

from common.append_only import GuardTable


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='RecordTimestamp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('authority', models.CharField(help_text='时间戳机构编号', max_length=64)),
                ('token', models.BinaryField(help_text='时间戳令牌原始字节')),
                ('gen_time', models.DateTimeField(help_text='令牌中的时间')),
                ('evidence', models.OneToOneField(help_text='存证记录', on_delete=django.db.models.deletion.PROTECT, related_name='own_timestamp', to='evidence.evidence')),
            ],
            options={
                'verbose_name': '存证自身的时间戳',
            },
        ),
        GuardTable("evidence_recordtimestamp"),
    ]
