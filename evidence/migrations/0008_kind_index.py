"""The index by which lists and dashboards find records of a kind."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0007_roots_of_access'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='evidence',
            index=models.Index(fields=['kind', 'case'], name='evidence_kind_in_case'),
        ),
    ]
