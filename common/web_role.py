"""The role of PostgreSQL that web processes work as: what it may do, and whether somebody who is connected is such a role.

It owns nothing and passes no policy by, so that row-level security binds it (docs/adr/0019). The log's tables it can add to and never
change; rows that are append-only neither. The owner of the tables works behind the web: migrations, sequencer, workers, commands.
"""
from typing import Final

from django.apps import apps
from django.db import connection

from common.append_only import AppendOnlyModel

LOG: Final = "ledger"
OWNERS_POLICY: Final = "cunzheng_owner"


class RoleUnsuitableError(Exception):
    """The role exists and cannot be the web's; the sentence says why."""


def privileges() -> dict[str, str]:
    """What the web's role may do, by table."""
    granted = {}
    for model in apps.get_models(include_auto_created=True):
        adds_only = issubclass(model, AppendOnlyModel) or model._meta.app_label == LOG
        granted[model._meta.db_table] = "SELECT, INSERT" if adds_only else "SELECT, INSERT, UPDATE, DELETE"
    return {**granted, "django_migrations": "SELECT"}


def make_web_role(name: str) -> bool:
    """Make the role unless it is there, and give it what it needs and no more; whether it was made. As often as one likes.

    To be called by the owner of the tables. Raises RoleUnsuitableError; nothing was changed then.
    """
    role = connection.ops.quote_name(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
        made = cursor.fetchone() is None
        if made:
            cursor.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
        elif found := why_no_web_role(name):
            raise RoleUnsuitableError(found)
        cursor.execute("SELECT quote_ident(current_database()), quote_ident(current_schema())")
        database, schema = cursor.fetchone()
        cursor.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}")
        cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}")
        for table, allowed in privileges().items():
            cursor.execute(f"REVOKE ALL ON {connection.ops.quote_name(table)} FROM {role}")
            cursor.execute(f"GRANT {allowed} ON {connection.ops.quote_name(table)} TO {role}")
        # Tables may have got another owner since the migration, for example when a dump was read.
        cursor.execute(
            "SELECT quote_ident(relname), quote_ident(pg_get_userbyid(relowner)) FROM pg_policy JOIN pg_class c ON c.oid = polrelid"
            " WHERE polname = %s AND relnamespace = current_schema()::regnamespace AND polroles <> ARRAY[relowner]", [OWNERS_POLICY])
        for table, owner in cursor.fetchall():
            cursor.execute(f"ALTER POLICY {OWNERS_POLICY} ON {table} TO {owner}")
    return made


def why_no_web_role(name: str | None = None) -> str | None:
    """Why row-level security does not bind this role, None: whoever is connected; None when it does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = coalesce(%s, current_user)", [name])
        role, is_superuser, bypasses = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FILTER (WHERE pg_has_role(%s, relowner, 'MEMBER')), count(*) FILTER (WHERE NOT relforcerowsecurity), count(*)"
            " FROM pg_class WHERE relrowsecurity AND relnamespace = current_schema()::regnamespace", [role])
        owned, not_forced, guarded = cursor.fetchone()
    reasons = (
        (is_superuser, f"{role} is a superuser"), (bypasses, f"{role} has BYPASSRLS"),
        (owned, f"{role} owns tables, or may become who does"),
        (not_forced or not guarded, "row-level security is not forced on the tables: run the migrations"),
    )
    return next((sentence for wrong, sentence in reasons if wrong), None)


def missing_privileges() -> list[str]:
    """Tables on which whoever is connected lacks what the web needs; [] when all is well, and after `make_web_role`."""
    wanted = privileges()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.name FROM unnest(%s, %s) AS w (name, allowed) WHERE to_regclass(quote_ident(w.name)) IS NULL OR EXISTS ("
            " SELECT 1 FROM unnest(string_to_array(w.allowed, ', ')) AS a (one) WHERE NOT has_table_privilege(quote_ident(w.name), a.one))"
            " ORDER BY 1", [list(wanted), list(wanted.values())])
        return [row[0] for row in cursor.fetchall()]


def works_for_everybody() -> bool:
    """Whether whoever is connected sees the rows of every organisation, as everything behind the web must."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(bool_and(pg_has_role(current_user, relowner, 'USAGE')), true)"
            " FROM pg_class WHERE relrowsecurity AND relnamespace = current_schema()::regnamespace")
        return bool(cursor.fetchone()[0])
