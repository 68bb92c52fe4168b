"""How far owners were told of timestamps. What was stamped before this version is not told: nobody had subscribed."""
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def begin(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    state = apps.get_model("ledger", "LogState").objects.filter(pk=1).first()
    apps.get_model("evidence", "StampsTold").objects.create(pk=1, size=0 if state is None else state.stamped_size)


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0002_record_timestamps'),
        ('ledger', '0002_incidents_renewals'),
    ]

    operations = [
        migrations.CreateModel(
            name='StampsTold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('size', models.BigIntegerField(default=0, help_text='日志中在此之前的条目，其获得时间戳一事已通知')),
            ],
            options={
                'verbose_name': '时间戳通知进度',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1), ('size__gte', 0)), name='stamps_told_is_one_row')],
            },
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
