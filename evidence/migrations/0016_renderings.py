"""Renderings of files and their parts, behind the second gate: who sees the file's row sees its rendering's (docs/adr/0019, 0024).

Only the worker writes them, which owns the tables.
"""
from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

before = import_module("evidence.migrations.0011_row_level_security")

POLICIES = {
    "evidence_rendering": before.there("evidence_evidencefile", "evidence_rendering.file_id"),
    "evidence_renderingpart": before.there("evidence_rendering", "evidence_renderingpart.rendering_id"),
}


def close(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        for table, using in POLICIES.items():
            cursor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
            cursor.execute("SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class WHERE oid = %s::regclass", [table])
            [owner] = cursor.fetchone()
            cursor.execute(f"CREATE POLICY cunzheng_owner ON {table} TO {owner} USING (true) WITH CHECK (true)")
            cursor.execute(f"CREATE POLICY cunzheng_select ON {table} FOR SELECT USING ({using})")


def open_again(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        for table in POLICIES:
            cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
            for name in ("owner", "select"):
                cursor.execute(f"DROP POLICY cunzheng_{name} ON {table}")


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0015_encryption'),
        ('vault', '0002_encryption'),
    ]

    operations = [
        migrations.CreateModel(
            name='Rendering',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(help_text='渲染程序的版本；程序更新后重新生成')),
                ('kind', models.CharField(blank=True, help_text='渲染方式；未渲染时为空', max_length=8)),
                ('refused', models.CharField(blank=True, help_text='未渲染的原因代码', max_length=12)),
                ('cut', models.CharField(blank=True, help_text='未展示部分的代码；全部展示时为空', max_length=10)),
                ('total', models.PositiveIntegerField(help_text='全文的页数、行数、字数或秒数；不详时为空', null=True)),
                ('made_at', models.DateTimeField(help_text='生成时间')),
                ('file', models.OneToOneField(help_text='证据文件', on_delete=django.db.models.deletion.PROTECT, related_name='rendering', to='evidence.evidencefile')),
            ],
            options={
                'verbose_name': '渲染件',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('cut', ''), ('kind', ''), ('total', None), models.Q(('refused', ''), _negated=True)), models.Q(('refused', ''), models.Q(('kind', ''), _negated=True)), _connector='OR'), name='rendering_shows_or_says_why')],
            },
        ),
        migrations.CreateModel(
            name='RenderingPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='序号，从 1 起')),
                ('media_type', models.CharField(help_text='本系统编码的类型', max_length=20)),
                ('width', models.PositiveIntegerField(help_text='宽（像素）；不是图像时为空', null=True)),
                ('height', models.PositiveIntegerField(help_text='高（像素）；不是图像时为空', null=True)),
                ('rendering', models.ForeignKey(db_index=False, help_text='渲染件', on_delete=django.db.models.deletion.PROTECT, related_name='parts', to='evidence.rendering')),
                ('stored_object', models.OneToOneField(help_text='保管库中的内容', on_delete=django.db.models.deletion.PROTECT, related_name='rendering_part', to='vault.storedobject')),
                ('content_key', models.BinaryField(help_text='内容密钥，由记录密钥封存')),
            ],
            options={
                'verbose_name': '渲染件的部分',
                'constraints': [models.UniqueConstraint(fields=('rendering', 'position'), name='rendering_part_position_unique'), models.CheckConstraint(condition=models.Q(('position__gt', 0)), name='rendering_part_position_from_one'), models.CheckConstraint(condition=models.Q(('media_type__in', ['application/json', 'image/png', 'image/jpeg', 'audio/wav', 'audio/mpeg'])), name='rendering_part_media_type_known')],
            },
        ),
        migrations.RunPython(close, open_again),
    ]
