"""When an original was copied to the second store, and since when one is being repaired from there."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0002_encryption'),
    ]

    operations = [
        migrations.AddField(
            model_name='storedobject',
            name='copied_at',
            field=models.DateTimeField(help_text='第二副本核对无误并落盘的时间；没有则为空', null=True),
        ),
        migrations.AddField(
            model_name='storedobject',
            name='mending_since',
            field=models.DateTimeField(help_text='开始以第二副本修复的时间；没有或已修复则为空', null=True),
        ),
        migrations.AddIndex(
            model_name='storedobject',
            index=models.Index(condition=models.Q(('copied_at', None)), fields=['id'], name='stored_object_not_copied'),
        ),
    ]
