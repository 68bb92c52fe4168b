"""How an object is kept; everything from before encryption is plain until `encrypt_vault` has been there."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='storedobject',
            name='cipher',
            field=models.CharField(choices=[('plain', '明文（加密之前入库）'), ('tink-aes256-gcm-hkdf-1mb', 'Tink 流式认证加密')], default='plain', help_text='存储方式', max_length=32),
        ),
        migrations.AddField(
            model_name='storedobject',
            name='clear_name',
            field=models.CharField(help_text='已加密、尚待删除的明文原件的存储名；没有则为空', max_length=80, null=True),
        ),
        migrations.AlterField(
            model_name='storedobject',
            name='size_bytes',
            field=models.BigIntegerField(help_text='原件字节数，不是密文的'),
        ),
        migrations.AddConstraint(
            model_name='storedobject',
            constraint=models.CheckConstraint(condition=models.Q(('cipher__in', ['plain', 'tink-aes256-gcm-hkdf-1mb'])), name='stored_object_cipher_known'),
        ),
    ]
