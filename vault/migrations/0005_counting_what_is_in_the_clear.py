"""Counting what lies in the clear reads an index that is empty once `encrypt_vault` has run."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_operators_by_two'),
        ('vault', '0004_shared_originals'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='storedobject',
            index=models.Index(condition=models.Q(('cipher', 'plain')), fields=['id'], name='stored_object_in_the_clear'),
        ),
        migrations.AddIndex(
            model_name='storedobject',
            index=models.Index(condition=models.Q(('clear_name__isnull', False)), fields=['id'], name='stored_object_clear_left'),
        ),
    ]
