"""One English name for each thing: `Agreement` is the loan's (`cases.models`), this is the platform's. The table keeps its name."""
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        # Undone, the new name is taken out of the content types again.
        ('contenttypes', '0002_remove_content_type_name'),
        ('accounts', '0005_letting_in'),
    ]

    operations = [
        migrations.AlterModelTable(name='agreement', table='accounts_agreement'),
        migrations.RenameModel(old_name='Agreement', new_name='PlatformAgreement'),
    ]
