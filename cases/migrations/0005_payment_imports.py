"""A checked file may be one of payments, and leaves payments on cases that are there; a drawdown is found by its number alone."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_platform_agreement'),
        ('cases', '0004_access'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='caseimport',
            name='case_import_leaves_cases_and_no_file',
        ),
        migrations.AddField(
            model_name='caseimport',
            name='kind',
            field=models.CharField(choices=[('cases', '案件'), ('payments', '收款')], db_default='cases', default='cases', help_text='文件种类：案件或收款', max_length=8),
        ),
        migrations.AddField(
            model_name='caseimport',
            name='payments',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='登记的收款笔数'),
        ),
        migrations.AlterField(
            model_name='caseimport',
            name='cases',
            field=models.PositiveIntegerField(default=0, help_text='导入的案件数；收款文件为登记了收款的案件数'),
        ),
        migrations.AddIndex(
            model_name='drawdown',
            index=models.Index(fields=['reference'], name='drawdown_by_reference'),
        ),
        migrations.AddConstraint(
            model_name='caseimport',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['cases', 'payments'])), name='case_import_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='caseimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cases', 0), ('imported_at', None), ('payments', 0)), models.Q(('cases__gt', 0), ('imported_at__isnull', False), ('kind', 'cases'), ('payments', 0), ('sealed_file', None)), models.Q(('cases', 0), ('imported_at__isnull', False), ('kind', 'payments'), ('payments', 0), ('sealed_file', None)), models.Q(('cases__gt', 0), ('imported_at__isnull', False), ('kind', 'payments'), ('payments__gte', models.F('cases')), ('sealed_file', None)), _connector='OR'), name='case_import_leaves_what_its_kind_has_and_no_file'),
        ),
    ]
