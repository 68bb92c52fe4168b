"""A long file that was confirmed is imported by a job, which says how far it is and keeps a report of what it refused."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_operators_by_two'),
        ('cases', '0010_what_lists_tell'),
    ]

    operations = [
        migrations.AddField(
            model_name='caseimport',
            name='confirmed_at',
            field=models.DateTimeField(help_text='确认导入的时间', null=True),
        ),
        migrations.AddField(
            model_name='caseimport',
            name='confirmed_by',
            field=models.CharField(blank=True, db_default='', help_text='确认人编号', max_length=64),
        ),
        migrations.AddField(
            model_name='caseimport',
            name='faults',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='未导入时有问题的处数'),
        ),
        migrations.AddField(
            model_name='caseimport',
            name='refused_at',
            field=models.DateTimeField(help_text='后台处理时未导入的时间', null=True),
        ),
        migrations.AddField(
            model_name='caseimport',
            name='refused_for',
            field=models.CharField(blank=True, choices=[('rows', '核对之后案件有变化，有的行现在不对了'), ('right', '确认人已不能再导入，或机构已停用')], db_default='', help_text='未导入的原因', max_length=5),
        ),
        migrations.AddField(
            model_name='caseimport',
            name='sealed_report',
            field=models.BinaryField(help_text='未导入时的逐行问题，加密；保留三十天', null=True),
        ),
        migrations.AddField(
            model_name='caseimport',
            name='step',
            field=models.CharField(blank=True, db_default='', help_text='后台处理到的步骤：judging 或 writing；未开始时为空', max_length=8),
        ),
        migrations.AddIndex(
            model_name='caseimport',
            index=models.Index(fields=['organisation', '-checked_at'], name='case_imports_newest_first'),
        ),
        migrations.AddConstraint(
            model_name='caseimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('faults', 0), ('refused_at', None), ('refused_for', ''), ('sealed_report', None)), models.Q(('confirmed_at__isnull', False), ('faults', 0), ('imported_at', None), ('refused_at__isnull', False), ('refused_for', 'right'), ('sealed_file', None), ('sealed_report', None)), models.Q(('confirmed_at__isnull', False), ('faults__gt', 0), ('imported_at', None), ('refused_at__isnull', False), ('refused_for', 'rows'), ('sealed_file', None)), _connector='OR'), name='case_import_refused_with_a_reason_and_no_file'),
        ),
        migrations.AddConstraint(
            model_name='caseimport',
            constraint=models.CheckConstraint(condition=models.Q(('step', ''), models.Q(('confirmed_at__isnull', False), ('step__in', ['judging', 'writing'])), _connector='OR'), name='case_import_step_known_and_confirmed'),
        ),
    ]
