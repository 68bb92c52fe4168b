"""Whether a grant needs a second person is written with it. Grants from before are judged by their own cases, as they were then."""
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F, Q

APPROVED_BY_ANOTHER = Q(approved_at=None, approved_by="") | (
    Q(approved_at__isnull=False, approved_by__startswith="person:", granted_by__startswith="person:") & ~Q(approved_by=F("granted_by")))


def judge(apps: StateApps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("cases", "Grant").objects.filter(case_count__gt=100).update(needs_second=True)


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0006_orders_by_two_people'),
    ]

    operations = [
        migrations.AddField(
            model_name='grant',
            name='needs_second',
            field=models.BooleanField(default=False, help_text='授权时判定须由第二人复核；两道隔离都只看这一栏'),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name='grant',
            name='approved_at',
            field=models.DateTimeField(help_text='复核时间；须复核的授权此前不生效', null=True),
        ),
        migrations.AlterField(
            model_name='grant',
            name='document',
            field=models.CharField(help_text='依据文件：存证编号；向其他处理者提供的，为案件档案所载单独同意的文件', max_length=200),
        ),
        migrations.RunPython(judge, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(('case_count__lte', 100), ('needs_second', True), _connector='OR'), name='grant_of_many_needs_a_second'),
        ),
        migrations.RemoveConstraint(
            model_name='grant',
            name='grant_approved_by_another',
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=APPROVED_BY_ANOTHER, name='grant_approved_by_another'),
        ),
    ]
