"""What dashboards count of verifications, found without reading whole trails."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0020_dates_behind_the_second_gate'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='custodyevent',
            index=models.Index(condition=models.Q(('event', 'record:verified')), fields=['at'], name='custody_verified'),
        ),
    ]
