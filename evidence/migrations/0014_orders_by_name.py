"""A court names cases on an order as it knows them: by the lender and the lender's own reference, or by the number of a record.

Functions of the tables' owner tell the ref of a lender's case by such a name, to a court alone; they tell nothing else of it, and nothing
of a name that is not letter for letter its own (docs/adr/0019). SQLite has nothing of this.
"""
# ruff: noqa: S608 - every part of these statements is a text of the migrations
from importlib import import_module

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

before = import_module("evidence.migrations.0011_row_level_security")
FOR_A_COURT = f"EXISTS (SELECT 1 FROM accounts_organisation v WHERE v.id = {before.ORG} AND v.kind = 'court')"
OF_A_LENDER = "EXISTS (SELECT 1 FROM accounts_organisation l WHERE l.id = c.organisation_id AND l.kind = 'lender')"

FUNCTIONS = {
    "cunzheng_cases_named(bigint, text[])": before.function(
        "cunzheng_cases_named(owner bigint, names text[])", "TABLE (name varchar, ref varchar)",
        "SELECT c.client_reference, c.ref FROM cases_case c"
        f" WHERE c.organisation_id = owner AND c.client_reference = ANY(names) AND {OF_A_LENDER} AND {FOR_A_COURT}", language="sql"),
    "cunzheng_cases_of_records(text[])": before.function(
        "cunzheng_cases_of_records(numbers text[])", "TABLE (name varchar, ref varchar)",
        "SELECT e.record, c.ref FROM evidence_evidence e JOIN cases_case c ON c.id = e.case_id"
        f" WHERE e.record = ANY(numbers) AND {OF_A_LENDER} AND {FOR_A_COURT}", language="sql"),
}


def tell(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        [schema] = cursor.fetchone()
        for statement in FUNCTIONS.values():
            cursor.execute(statement % {"schema": schema})


def tell_no_more(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP FUNCTION {', '.join(FUNCTIONS)}", params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0013_narrower_sight'),
    ]

    operations = [migrations.RunPython(tell, tell_no_more)]
