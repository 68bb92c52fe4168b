"""The operator's inbox tells of facts of the platform that end."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0001_initial'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='notice',
            name='notice_kind_known',
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['webhook-gone', 'webhook-failing', 'platform-fact-ending'])), name='notice_kind_known'),
        ),
    ]
