"""Two people answer for an order; a key that uploaded it is neither. An order that one person opened behind a key waits for a second one."""
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F, Q

OPENED_BY_ANOTHER = Q(opened_at=None, opened_by="") | (
    Q(opened_at__isnull=False, opened_by__startswith="person:", first_at__isnull=False) & ~Q(opened_by=F("first_by")))


def name_the_first(apps: StateApps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    orders = apps.get_model("cases", "Order").objects
    orders.filter(uploaded_by__startswith="person:").update(first_at=F("uploaded_at"), first_by=F("uploaded_by"))
    orders.filter(first_at=None, opened_at__isnull=False).update(
        first_at=F("opened_at"), first_by=F("opened_by"), opened_at=None, opened_by="")


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0005_payment_imports'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='first_at',
            field=models.DateTimeField(help_text='首位经办人登记或确认的时间；系统登记的，确认前为空', null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='first_by',
            field=models.CharField(blank=True, default='', help_text='首位经办人编号，必为自然人', max_length=64),
            preserve_default=False,
        ),
        migrations.RemoveConstraint(
            model_name='order',
            name='order_opened_by_another',
        ),
        migrations.RunPython(name_the_first, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('first_at', None), ('first_by', '')), models.Q(('first_at__isnull', False), ('first_by__startswith', 'person:')), _connector='OR'), name='order_first_by_a_person'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=OPENED_BY_ANOTHER, name='order_opened_by_another'),
        ),
    ]
