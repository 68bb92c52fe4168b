"""Who deposited for whom, and by which root a record was read. Both columns are added in place: the guards of custody rows stay."""
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_people_and_kinds'),
        ('evidence', '0006_mistakes_and_tickets'),
    ]

    operations = [
        migrations.AddField(
            model_name='custodyevent',
            name='root',
            field=models.CharField(help_text='访问根据；只有读取才有', max_length=16, null=True),
        ),
        migrations.AddField(
            model_name='evidence',
            name='deposited_by',
            field=models.ForeignKey(db_index=False, help_text='受托存证的机构；为空表示所属机构自己存证', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation'),
        ),
        migrations.AlterField(
            model_name='evidence',
            name='organisation',
            field=models.ForeignKey(help_text='存证所属机构，即案件所属机构', on_delete=django.db.models.deletion.PROTECT, to='accounts.organisation'),
        ),
    ]
