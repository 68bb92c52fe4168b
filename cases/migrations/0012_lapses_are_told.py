"""When both sides of a contract or a grant were told that its period ended; before, nobody was told of that."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_operators_by_two'),
        ('cases', '0011_imports_by_jobs'),
    ]

    operations = [
        migrations.AddField(
            model_name='entrustment',
            name='lapse_told_at',
            field=models.DateTimeField(help_text='双方获告期间届满的时间；提前终止的为空', null=True),
        ),
        migrations.AddField(
            model_name='grant',
            name='lapse_told_at',
            field=models.DateTimeField(help_text='双方获告期间届满的时间；撤销的或从未生效的为空', null=True),
        ),
        migrations.AddIndex(
            model_name='entrustment',
            index=models.Index(condition=models.Q(('ended_at', None), ('lapse_told_at', None)), fields=['ends_at'], name='entrustment_lapse_untold'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('lapse_told_at', None), ('revoked_at', None)), fields=['ends_at'], name='grant_lapse_untold'),
        ),
        migrations.AddConstraint(
            model_name='entrustment',
            constraint=models.CheckConstraint(condition=models.Q(('lapse_told_at', None), ('lapse_told_at__gte', models.F('ends_at')), _connector='OR'), name='entrustment_lapse_told_after_it'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(('lapse_told_at', None), ('lapse_told_at__gte', models.F('ends_at')), _connector='OR'), name='grant_lapse_told_after_it'),
        ),
    ]
