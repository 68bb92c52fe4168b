"""People deposit too: a record has the machine's key or the person who made it, and exactly one of them."""
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_people_and_kinds'),
        ('evidence', '0004_operators_papers'),
    ]

    operations = [
        migrations.AlterField(
            model_name='evidence',
            name='credential',
            field=models.ForeignKey(db_index=False, help_text='提交所用接口密钥；人员提交时为空', null=True, on_delete=django.db.models.deletion.PROTECT, to='accounts.apikey'),
        ),
        migrations.AddField(
            model_name='evidence',
            name='person',
            field=models.ForeignKey(db_index=False, help_text='提交人员；接口密钥提交时为空', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deposits', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('credential', None), ('person__isnull', False)), models.Q(('credential__isnull', False), ('person', None)), _connector='OR'), name='evidence_depositor_is_one'),
        ),
        migrations.AddIndex(
            model_name='evidence',
            index=models.Index(condition=models.Q(('person__isnull', False)), fields=['person', 'received_at'], name='evidence_by_person'),
        ),
    ]
