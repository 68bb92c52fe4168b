"""The second gate for what 0017 made, and rows that the service itself or somebody unknown leaves in the trail of a record that is visible."""
# ruff: noqa: S608 - every part of these statements is a text of the migrations
from importlib import import_module

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

before = import_module("evidence.migrations.0011_row_level_security")
TRAIL, HEAD, COMMITMENT, QUARANTINE, GRANTED = (
    "evidence_custodyevent", "evidence_custodyhead", "evidence_custodycommitment", "evidence_quarantine", "evidence_grantedtrail")
OWN_NAME = f"organisation_ref = (SELECT n.ref FROM accounts_organisation n WHERE n.id = {before.ORG})"
OF_RECORD = before.of_record(TRAIL)
# Whoever comes with a number and a digest alone has no organisation; and what the service does beside a request it does in its own name.
NOBODYS = "(organisation_ref = actor AND actor IN ('system', 'public'))"
POLICIES: dict[str, dict[str, tuple[str, str]]] = {
    HEAD: {"SELECT": (before.there(TRAIL, f"{HEAD}.event_id"), "")},
    # A statement is seen with the trail of which it tells; the others in it are salted digests to him.
    COMMITMENT: {"SELECT": (f"EXISTS (SELECT 1 FROM {HEAD} h WHERE h.commitment_id = {COMMITMENT}.id)", "")},
    QUARANTINE: {"SELECT": (before.of_record(QUARANTINE), ""), "INSERT": ("", f"{before.of_record(QUARANTINE)} AND ended_at IS NULL")},
    GRANTED: {
        "SELECT": (before.of_record(GRANTED), ""),
        "INSERT": ("", f"{before.of_record(GRANTED)} AND {before.there('cases_grant', 'grant_id')} AND ended_at IS NULL")},
}


def close(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        for table, policies in POLICIES.items():
            cursor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
            cursor.execute("SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class WHERE oid = %s::regclass", [table])
            [owner] = cursor.fetchone()
            cursor.execute(f"CREATE POLICY cunzheng_owner ON {table} TO {owner} USING (true) WITH CHECK (true)")
            for command, (using, check) in policies.items():
                conditions = (f" USING ({using})" if using else "") + (f" WITH CHECK ({check})" if check else "")
                cursor.execute(f"CREATE POLICY cunzheng_{command.lower()} ON {table} FOR {command}{conditions}")
        cursor.execute(f"ALTER POLICY cunzheng_insert ON {TRAIL} WITH CHECK (({OWN_NAME} OR {NOBODYS}) AND {OF_RECORD})")


def open_again(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        for table, policies in POLICIES.items():
            cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
            for name in ("owner", *map(str.lower, policies)):
                cursor.execute(f"DROP POLICY IF EXISTS cunzheng_{name} ON {table}")
        cursor.execute(f"ALTER POLICY cunzheng_insert ON {TRAIL} WITH CHECK ({OWN_NAME} AND {OF_RECORD})")


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0018_custody_in_the_log'),
    ]

    operations = [migrations.RunPython(close, open_again)]
