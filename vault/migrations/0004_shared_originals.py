"""An original may be that of several records: then none of them says when it was stored. When it was compared with others."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0003_second_copy'),
    ]

    operations = [
        migrations.AddField(
            model_name='storedobject',
            name='compared_at',
            field=models.DateTimeField(help_text='与本机构其他原件比较过内容的时间；尚未比较则为空', null=True),
        ),
        migrations.AlterField(
            model_name='storedobject',
            name='stored_at',
            field=models.DateTimeField(help_text='落盘时间；几份存证共用时为空，以各自的受理时间为准', null=True),
        ),
        migrations.AddIndex(
            model_name='storedobject',
            index=models.Index(condition=models.Q(('compared_at', None)), fields=['id'], name='stored_object_not_compared'),
        ),
    ]
