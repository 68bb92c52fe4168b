"""The second gate draws the lines of `cases.sight`: an order for some kinds of evidence opens who is concerned and no more of a case's
file, and a note is its writer's organisation's unless it was written as shared. It knows no dates (docs/adr/0019).
"""
# ruff: noqa: S608 - every part of these statements is a text of the migrations
from importlib import import_module

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

before = import_module("evidence.migrations.0011_row_level_security")
ORG = before.ORG
column = import_module("evidence.migrations.0012_grants_that_need_a_second")
GRANTED = before.GRANTED.replace(column.BY_COUNT, column.BY_COLUMN)

FUNCTIONS = {
    # Cases of which the file is open, and not only the identity of those concerned.
    "cunzheng_open_files()": before.lists(
        "cunzheng_open_files", before.ASSIGNED, GRANTED, before.ACCEPTED, f"{before.ORDERED} AND NOT {before.OF_KINDS}"),
    # Of a case that is open: the number of its last note, which may be another's.
    "cunzheng_last_note(bigint)": before.function("cunzheng_last_note(of_case bigint)", "integer", f"""
SELECT max(n.sequence) FROM cases_note n JOIN cases_case c ON c.id = n.case_id
WHERE c.id = of_case AND (c.organisation_id = {ORG} OR c.id IN (SELECT cunzheng_open_cases()))""", language="sql"),
}


def open_file(case: str) -> str:
    return f"({case}.organisation_id = {ORG} OR {case}.id IN (SELECT cunzheng_open_files()))"


def of_open_file(table: str, more: str = "") -> str:
    return f"EXISTS (SELECT 1 FROM cases_case up WHERE up.id = {table}.case_id AND ({open_file('up')}{more}))"


def of_open_party(table: str) -> str:
    return (
        "EXISTS (SELECT 1 FROM cases_party up JOIN cases_case c ON c.id = up.case_id"
        f" WHERE up.id = {table}.party_id AND {open_file('c')})")


WRITTEN_BY_OWN = f"cases_note.organisation_ref = (SELECT n.ref FROM accounts_organisation n WHERE n.id = {ORG})"
POLICIES = {
    **{table: of_open_file(table) for table in (
        "cases_caserevision", "cases_agreement", "cases_drawdown", "cases_payment", "cases_charge")},
    "cases_party": of_open_file("cases_party", " OR cases_party.role = 'debtor' AND up.id IN (SELECT cunzheng_open_cases())"),
    **{table: of_open_party(table) for table in ("cases_contactpoint", "cases_consent")},
    "cases_note": (
        f"({WRITTEN_BY_OWN} AND {before.there('cases_case', 'cases_note.case_id')})"
        f" OR (cases_note.shared AND {of_open_file('cases_note')})"),
}


def _replace(schema_editor: BaseDatabaseSchemaEditor, conditions: dict[str, str]) -> None:
    for table, condition in conditions.items():
        schema_editor.execute(f"ALTER POLICY cunzheng_select ON {table} USING ({condition})", params=None)


def narrow(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        [schema] = cursor.fetchone()
        for statement in FUNCTIONS.values():
            cursor.execute(statement % {"schema": schema})
    _replace(schema_editor, POLICIES)


def widen(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    _replace(schema_editor, {table: before.POLICIES[table]["SELECT"][0] for table in POLICIES})
    schema_editor.execute(f"DROP FUNCTION {', '.join(FUNCTIONS)}", params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0009_narrower_sight'),
        ('evidence', '0012_grants_that_need_a_second'),
    ]

    operations = [migrations.RunPython(narrow, widen)]
