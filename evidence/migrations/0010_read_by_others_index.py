"""The index by which dashboards find who else read; it rebuilds no table, so the guards of the trail stay."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0009_paper_tickets'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='custodyevent',
            index=models.Index(condition=models.Q(('root__in', ('assigned', 'granted', 'accepted', 'ordered'))), fields=['at'], name='custody_read_by_others'),
        ),
    ]
