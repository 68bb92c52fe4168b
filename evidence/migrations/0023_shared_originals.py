"""Equal files of one organisation share an original, each record by a sealed key of its own."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0022_repairs'),
        ('vault', '0004_shared_originals'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='evidencefile',
            name='evidence_file_original_unique',
        ),
        migrations.AddIndex(
            model_name='evidencefile',
            index=models.Index(condition=models.Q(('stored_object__isnull', False)), fields=['stored_object'], name='evidence_file_original'),
        ),
    ]
