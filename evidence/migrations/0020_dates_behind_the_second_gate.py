"""The second gate knows the dates of `cases.sight`: of a matter accepted as of a moment it hides the rows that are dated later.

Payments, charges, drawdowns, the agreement, assignments of the debt with their creditors, consents, shared notes. What it cannot hide is a
later date in a column of an earlier row (the withdrawal of a consent, the acceleration of a loan, when a contact point was last in use):
policies are about rows, and for these the first gate holds alone (docs/adr/0019).
"""
# ruff: noqa: S608 - every part of these statements is a text of the migrations
from importlib import import_module

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

first = import_module("evidence.migrations.0011_row_level_security")
before = import_module("evidence.migrations.0013_narrower_sight")
ORG = first.ORG

FUNCTIONS = {
    # Cases of which the file is open as it is now, and those of which it is open as of a moment, whatever else opens them.
    "cunzheng_live_files()": first.lists(
        "cunzheng_live_files", first.ASSIGNED, before.GRANTED, f"{first.ACCEPTED} AND a.as_of IS NULL",
        f"{first.ORDERED} AND NOT {first.OF_KINDS}"),
    "cunzheng_dated_files()": first.lists("cunzheng_dated_files", f"{first.ACCEPTED} AND a.as_of IS NOT NULL"),
    # Of such a case: until when. Asked by the index of the case, for the rows of cases that nothing opens as they are now.
    "cunzheng_file_as_of(bigint)": first.function(
        "cunzheng_file_as_of(of_case bigint)", "timestamptz", first.told(f"""
    RETURN (SELECT max(a.as_of) FROM {first.ACCEPTED} AND a.case_id = of_case);"""), language="plpgsql"),
}


def until(case: str, dated: str, *, at: bool = False) -> str:
    """Whether this case's file is open, and to the day (with `at` the moment) that the row is dated. A day is one of China's."""
    as_of = f"cunzheng_file_as_of({case}.id)"
    last = as_of if at else f"({as_of} AT TIME ZONE 'UTC' + interval '8 hours')::date"
    return (
        f"({case}.organisation_id = {ORG} OR {case}.id IN (SELECT cunzheng_live_files())"
        f" OR ({case}.id IN (SELECT cunzheng_dated_files()) AND {dated} <= {last}))")


def of_file(table: str, column: str, *, at: bool = False) -> str:
    return f"EXISTS (SELECT 1 FROM cases_case up WHERE up.id = {table}.case_id AND {until('up', f'{table}.{column}', at=at)})"


# The sides of the debt are part of who is concerned, which an order for some kinds of evidence opens too.
NOT_DATED = "NOT (up.id IN (SELECT cunzheng_dated_files()))"
POLICIES = {
    **{f"cases_{name}": of_file(f"cases_{name}", column) for name, column in (
        ("agreement", "signed_on"), ("drawdown", "drawn_on"), ("payment", "received_on"), ("charge", "charged_on"))},
    "cases_creditorside": (
        "EXISTS (SELECT 1 FROM cases_case up WHERE up.id = cases_creditorside.case_id"
        f" AND (cases_creditorside.assigned_on IS NULL OR {NOT_DATED} OR {until('up', 'cases_creditorside.assigned_on')}))"),
    "cases_consent": (
        "EXISTS (SELECT 1 FROM cases_party up JOIN cases_case c ON c.id = up.case_id"
        f" WHERE up.id = cases_consent.party_id AND {until('c', 'cases_consent.given_on')})"),
    "cases_note": (
        f"({before.WRITTEN_BY_OWN} AND {first.there('cases_case', 'cases_note.case_id')})"
        f" OR (cases_note.shared AND {of_file('cases_note', 'at', at=True)})"),
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
    known = {table: commands["SELECT"][0] for table, commands in first.POLICIES.items()} | before.POLICIES
    _replace(schema_editor, {table: known[table] for table in POLICIES})
    schema_editor.execute(f"DROP FUNCTION {', '.join(FUNCTIONS)}", params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0019_custody_behind_the_second_gate'),
    ]

    operations = [migrations.RunPython(narrow, widen)]
