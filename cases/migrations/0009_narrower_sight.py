"""A note is its writer's organisation's unless it was written as shared; what was submitted up to a record was so at a moment.

Notes from before are not shared: they were written for whoever sees the case, and nobody can be asked any more whether he meant another
agency. Of submissions from before, the moment is the revocation of their grant where it was revoked, else the submission. The column of
notes is added in place, on SQLite too: its table is not rebuilt, and its guards stay.
"""
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce


def date_submissions(apps: StateApps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    submitted, matters = apps.get_model("cases", "SubmittedCase"), apps.get_model("cases", "Matter")
    moment = matters.objects.filter(pk=OuterRef("matter_id")).values_list(
        Coalesce(F("grant__revoked_at"), F("submitted_at")))
    submitted.objects.filter(up_to__isnull=False).update(as_of=Subquery(moment))


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0008_purposes_of_any_length'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(
                "ALTER TABLE cases_note ADD COLUMN shared bool NOT NULL DEFAULT false", "ALTER TABLE cases_note DROP COLUMN shared")],
            state_operations=[migrations.AddField(
                model_name='note',
                name='shared',
                field=models.BooleanField(db_default=False, default=False, help_text='是否供可查看案件档案的其他机构查看'),
            )],
        ),
        migrations.AddField(
            model_name='submittedcase',
            name='as_of',
            field=models.DateTimeField(help_text='上述范围确定的时间：提交时，或授权撤销时；为空表示整个案件', null=True),
        ),
        migrations.RunPython(date_submissions, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='submittedcase',
            constraint=models.CheckConstraint(
                condition=models.Q(('as_of', None), ('up_to', None)) | models.Q(('as_of__isnull', False), ('up_to__isnull', False)),
                name='submitted_case_up_to_a_moment'),
        ),
    ]
