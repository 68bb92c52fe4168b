"""The sequencer's word that no witness answers."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0002_incidents_renewals'),
    ]

    operations = [
        migrations.CreateModel(
            name='WitnessSilence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(help_text='自何时起没有任何见证节点应答')),
                ('said_at', models.DateTimeField(help_text='最近一次确认的时间，约每秒一次')),
            ],
            options={
                'verbose_name': '见证节点均无应答',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='witness_silence_is_one_row'), models.CheckConstraint(condition=models.Q(('said_at__gte', models.F('since'))), name='witness_silence_said_after_its_start')],
            },
        ),
    ]
