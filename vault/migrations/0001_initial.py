"""The first tables of `vault`."""
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='StoredObject',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='存储名：机构/两位/128 位随机数', max_length=80)),
                ('size_bytes', models.BigIntegerField(help_text='字节数')),
                ('sha256_hmac', models.BinaryField(help_text='SHA-256 的机构级 HMAC，用于检索与完整性核对', max_length=32)),
                ('stored_at', models.DateTimeField(help_text='落盘时间')),
                ('organisation', models.ForeignKey(help_text='所属机构', on_delete=django.db.models.deletion.PROTECT, to='accounts.organisation')),
            ],
            options={
                'verbose_name': '原件',
                'constraints': [models.UniqueConstraint(fields=('name',), name='stored_object_name_unique'), models.CheckConstraint(condition=models.Q(('size_bytes__gte', 0)), name='stored_object_size_not_negative')],
            },
        ),
    ]
