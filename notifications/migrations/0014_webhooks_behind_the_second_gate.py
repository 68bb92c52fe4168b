"""Row-level security of webhooks (docs/adr/0019): on PostgreSQL an organisation's endpoints are its own, and so are their secrets and log.

The five tables are read and written by whoever was told to the session as that organisation, by a key or by a page of its own; what is sent
is inserted and delivered by the worker, who is the owner of the tables. SQLite has nothing of this.
"""
# ruff: noqa: S608 - every part of these statements is a text of this file
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# In a sub-select, so that it is asked once for a statement and not for each row; false for a session that was told nothing.
OWN = "organisation_id = (SELECT nullif(current_setting('cunzheng.organisation', true), '')::bigint)"


def there(table: str, column: str) -> str:
    """Whether the row that `column` refers to is visible, which is what that row's own policy says."""
    return f"EXISTS (SELECT 1 FROM {table} up WHERE up.id = {column})"


OF_ENDPOINT = {
    f"notifications_webhook{name}": there("notifications_webhookendpoint", f"notifications_webhook{name}.endpoint_id")
    for name in ("subscription", "secret", "delivery")
}
CONDITIONS = {
    "notifications_webhookendpoint": OWN, **OF_ENDPOINT,
    "notifications_webhookattempt": there("notifications_webhookdelivery", "notifications_webhookattempt.delivery_id"),
}


def close(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        for table, condition in CONDITIONS.items():
            cursor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
            # FORCE binds the owner too: the workers and the commands, which work for every organisation.
            cursor.execute("SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class WHERE oid = %s::regclass", [table])
            [owner] = cursor.fetchone()
            cursor.execute(f"CREATE POLICY cunzheng_owner ON {table} TO {owner} USING (true) WITH CHECK (true)")
            for command, conditions in (
                ("SELECT", f"USING ({condition})"), ("INSERT", f"WITH CHECK ({condition})"),
                ("UPDATE", f"USING ({condition}) WITH CHECK ({condition})"), ("DELETE", f"USING ({condition})"),
            ):
                cursor.execute(f"CREATE POLICY cunzheng_{command.lower()} ON {table} FOR {command} {conditions}")


def open_again(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        for table in reversed(CONDITIONS):
            cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
            for name in ("owner", "select", "insert", "update", "delete"):
                cursor.execute(f"DROP POLICY IF EXISTS cunzheng_{name} ON {table}")


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0013_lapses_are_told'),
    ]

    operations = [migrations.RunPython(close, open_again)]
