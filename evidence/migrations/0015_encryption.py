"""Keys of records and of their originals, wrapped; empty for what was deposited before encryption."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0014_orders_by_name'),
        ('vault', '0002_encryption'),
    ]

    operations = [
        migrations.AddField(
            model_name='applicationpaper',
            name='wrapped_key',
            field=models.BinaryField(help_text='原件密钥，由运营方的密钥加密；加密之前入库的为空', null=True),
        ),
        migrations.AddField(
            model_name='evidence',
            name='wrapped_key',
            field=models.BinaryField(help_text='存证密钥，由所属机构的密钥加密；加密之前入库的为空，销毁后为空', null=True),
        ),
        migrations.AddField(
            model_name='evidencefile',
            name='content_key',
            field=models.BinaryField(help_text='原件密钥，由存证密钥加密；没有原件或加密之前入库的为空', null=True),
        ),
        migrations.AddConstraint(
            model_name='evidencefile',
            constraint=models.CheckConstraint(condition=models.Q(('content_key', None), ('stored_object__isnull', False), _connector='OR'), name='evidence_file_key_of_an_original'),
        ),
    ]
