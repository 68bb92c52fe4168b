"""A lender is told that a court opened its cases by an order."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_people_and_kinds'),
        ('notifications', '0002_notices_of_endings'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='notice',
            name='notice_kind_known',
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['webhook-gone', 'webhook-failing', 'platform-fact-ending', 'cases-ordered'])), name='notice_kind_known'),
        ),
    ]
