"""A repair from the second copy ends a quarantine by nobody, and the scrub counts what was repaired."""
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0021_verified_index'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='fixityround',
            name='fixity_round_goes_on',
        ),
        migrations.RemoveConstraint(
            model_name='quarantine',
            name='quarantine_ended_by_somebody_for_a_reason',
        ),
        migrations.AddField(
            model_name='fixityround',
            name='repaired',
            field=models.BigIntegerField(default=0, help_text='以第二副本恢复的原件数'),
        ),
        migrations.AlterField(
            model_name='fixityround',
            name='wrong',
            field=models.BigIntegerField(default=0, help_text='不符或无法读取、且未能恢复的原件数'),
        ),
        migrations.AddConstraint(
            model_name='fixityround',
            constraint=models.CheckConstraint(condition=models.Q(('bytes_read__gte', 0), ('objects_read__gte', 0), ('repaired__gte', 0), ('seen_at__gte', models.F('began_at')), ('wrong__gte', 0), models.Q(('ended_at', None), ('ended_at__gte', models.F('began_at')), _connector='OR')), name='fixity_round_goes_on'),
        ),
        migrations.AddConstraint(
            model_name='quarantine',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ended_by', None), ('why_ended', '')), models.Q(('ended_at__gte', models.F('began_at')), models.Q(('ended_by__isnull', False), ('cause', 'fixity'), _connector='OR'), models.Q(('why_ended', ''), _negated=True)), _connector='OR'), name='quarantine_ended_by_somebody_for_a_reason'),
        ),
    ]
