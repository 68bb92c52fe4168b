"""A checked file of cases: one with faults is not kept, so nothing counts them; an import leaves cases and no file."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0002_case_file'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='caseimport',
            name='case_import_of_a_sound_file_that_is_gone',
        ),
        migrations.RemoveField(
            model_name='caseimport',
            name='faults',
        ),
        migrations.AddConstraint(
            model_name='caseimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cases', 0), ('imported_at', None)), models.Q(('cases__gt', 0), ('imported_at__isnull', False), ('sealed_file', None)), _connector='OR'), name='case_import_leaves_cases_and_no_file'),
        ),
    ]
