"""Trails know of assignments, matters and orders by which somebody read, as they know of grants; on PostgreSQL told by whoever sees both."""
from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

before = import_module("evidence.migrations.0011_row_level_security")
TABLE = "evidence_grantedtrail"
PAPERS = ("grant", "assignment", "matter", "order")


def condition(papers: tuple[str, ...]) -> str:
    of_paper = " OR ".join(before.there(f"cases_{paper}", f"{TABLE}.{paper}_id") for paper in papers)
    return f"{before.of_record(TABLE)} AND ({of_paper}) AND ended_at IS NULL"


def close(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER POLICY cunzheng_insert ON {TABLE} WITH CHECK ({condition(PAPERS)})", params=None)


def open_again(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER POLICY cunzheng_insert ON {TABLE} WITH CHECK ({condition(PAPERS[:1])})", params=None)


def of_one(paper: str) -> models.Q:
    return models.Q(*((f"{each}__isnull", each != paper) for each in PAPERS))


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0010_what_lists_tell'),
        ('evidence', '0026_closed_list_of_events'),
    ]

    operations = [
        migrations.AlterModelOptions(name='grantedtrail', options={'verbose_name': '访问根据的流转记录'}),
        migrations.AddField(
            model_name='grantedtrail',
            name='assignment',
            field=models.ForeignKey(help_text='委案', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.assignment'),
        ),
        migrations.AddField(
            model_name='grantedtrail',
            name='matter',
            field=models.ForeignKey(help_text='受理事项', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.matter'),
        ),
        migrations.AddField(
            model_name='grantedtrail',
            name='order',
            field=models.ForeignKey(help_text='调取令', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.order'),
        ),
        migrations.AlterField(
            model_name='grantedtrail',
            name='ended_at',
            field=models.DateTimeField(help_text='终止写入流转记录的时间', null=True),
        ),
        migrations.AlterField(
            model_name='grantedtrail',
            name='grant',
            field=models.ForeignKey(help_text='授权', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.grant'),
        ),
        *(migrations.AddConstraint(
            model_name='grantedtrail',
            constraint=models.UniqueConstraint(fields=('evidence', paper), name=f'granted_trail_{paper}_told_once'),
        ) for paper in PAPERS[1:]),
        migrations.AddConstraint(
            model_name='grantedtrail',
            constraint=models.CheckConstraint(
                condition=models.Q(*(of_one(paper) for paper in PAPERS), _connector='OR'), name='granted_trail_of_one_paper'),
        ),
        migrations.RunPython(close, open_again),
    ]
