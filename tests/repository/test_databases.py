"""A database that a test used is given to the next one as good as new, or not at all."""
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from tests.databases import ROOT, Template, administrator, drop_left_behind, renamed

SESSION = "INSERT INTO django_session SELECT i, 'x', now() FROM generate_series(1, 300) AS i"


@pytest.fixture(scope="module")
def fresh(database_template: Template) -> Iterator[str]:
    """What a dump of a copy says that was made of the template just now."""
    name = database_template.run.name("fresh")
    with administrator(database_template.url) as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {database_template.name}")
        yield dump(renamed(database_template.url, name))
        cursor.execute(f"DROP DATABASE {name}")


def dump(url: str) -> str:
    """Schema, privileges, policies, rows and sequences as text, without what names the database or is drawn by lot."""
    done = subprocess.run(["pg_dump", "--create", url], check=True, capture_output=True, text=True)
    told = done.stdout.replace(urlsplit(url).path[1:], "NAME")
    return "\n".join(line for line in told.splitlines() if not line.startswith(("\\restrict", "\\unrestrict", "--")))


def number(url: str) -> int:
    """The database's oid, which stays when it is renamed."""
    with administrator(url) as cursor:
        cursor.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        [(oid,)] = cursor.fetchall()
    return int(oid)


DIRT = {
    "nothing": "SELECT 1",
    "rows": SESSION,
    "rows that were rolled back": f"BEGIN; {SESSION}; ROLLBACK",
    "rows that are append-only": "SET session_replication_role = replica; INSERT INTO ledger_logentry SELECT (jsonb_populate_record("
    "NULL::ledger_logentry, '{\"index\": 7, \"entry\": \"a\", \"leaf_hash\": \"b\", \"committed_at\": \"2026-01-01T00:00Z\"}')).*",
    "rows of the template changed": "UPDATE django_migrations SET name = 'x'; UPDATE auth_permission SET name = name || '!' WHERE id < 9",
    "rows of the template gone": "SET session_replication_role = replica; DELETE FROM django_content_type; DELETE FROM evidence_stampstold",
    "rows added to those of the template": "INSERT INTO django_content_type (app_label, model) VALUES ('x', 'y')",
    "sequences": "SELECT nextval('accounts_organisation_id_seq'), setval('django_migrations_id_seq', 5)",
    "statistics": f"{SESSION}; ANALYZE; CREATE TEMPORARY TABLE passing (id int)",
    "DDL that was rolled back": "BEGIN; DROP TRIGGER ledger_logentry_no_update ON ledger_logentry; ROLLBACK",
}
DAMAGE = {
    "trigger dropped": "DROP TRIGGER ledger_logentry_no_update ON ledger_logentry",
    "trigger disabled": "ALTER TABLE ledger_logentry DISABLE TRIGGER ledger_logentry_no_delete",
    "column added": "ALTER TABLE evidence_evidence ADD COLUMN more int",
    "column's default": "ALTER TABLE evidence_evidence ALTER COLUMN record SET DEFAULT 'x'",
    "constraint dropped": "ALTER TABLE evidence_stampstold DROP CONSTRAINT evidence_stampstold_pkey CASCADE",
    "index made": "CREATE INDEX another ON django_session (expire_date)",
    "table made": "CREATE TABLE another (id int)",
    "table dropped": "DROP TABLE django_session",
    "table emptied as a whole": "TRUNCATE django_session",
    "policy dropped": "DROP POLICY cunzheng_owner ON evidence_evidence",
    "policies off": "ALTER TABLE evidence_evidence NO FORCE ROW LEVEL SECURITY",
    "right given": "GRANT DELETE ON ledger_logentry TO {web}",
    "right on a column given": "GRANT UPDATE (entry) ON ledger_logentry TO {web}",
    "right taken": "REVOKE INSERT ON evidence_evidence FROM {web}",
    "right of everybody on the schema": "GRANT CREATE ON SCHEMA public TO public",
    "rights of tables to come": "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO public",
    "right on the database": "GRANT CREATE ON DATABASE {name} TO {web}",
    "setting of the database": "ALTER DATABASE {name} SET timezone = 'Asia/Shanghai'",
    "connections limited": "ALTER DATABASE {name} CONNECTION LIMIT 3",
    "schema made": "CREATE SCHEMA another",
    "function replaced": "CREATE OR REPLACE FUNCTION another() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "function of PostgreSQL's own forbidden": "REVOKE EXECUTE ON FUNCTION pg_sleep(double precision) FROM public",
    "sequence's step": "ALTER SEQUENCE accounts_organisation_id_seq INCREMENT 2",
    "large object": "SELECT lo_create(0)",
    "comment": "COMMENT ON TABLE django_session IS 'x'",
}


@pytest.mark.parametrize("dirt", DIRT)
def test_what_is_only_rows_is_cleaned(dirt: str, database_template: Template, fresh: str, tmp_path: Path) -> None:
    with database_template.copy(tmp_path) as url:
        before = number(url)
        with administrator(url) as cursor:
            cursor.execute(DIRT[dirt])
    judge_again(url, before, database_template, fresh, tmp_path)


def test_what_a_service_wrote_is_cleaned(database_template: Template, fresh: str, tmp_path: Path) -> None:
    with database_template.copy(tmp_path) as url:
        before = number(url)
        database_template.manage(url, "init_service", "-v0")
        assert dump(url) != fresh
    judge_again(url, before, database_template, fresh, tmp_path)


def judge_again(url: str, before: int, template: Template, fresh: str, folder: Path) -> None:
    """The next database is the same one, it is like a new one to everybody, and nobody finds it under the name that it had."""
    with template.copy(folder) as again:
        assert number(again) == before
        assert dump(again) == fresh
        assert planned(again) == planned(renamed(template.url, template.name))
        with pytest.raises(psycopg2.OperationalError, match="does not exist"):
            psycopg2.connect(url)


def planned(url: str) -> list[tuple[object, ...]]:
    """What the planner knows of each table, and how many bytes a table has."""
    with administrator(url) as cursor:
        cursor.execute(
            "SELECT relname, relpages, reltuples, pg_relation_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname")
        return cursor.fetchall()


def test_a_session_that_was_left_open_is_ended(database_template: Template, tmp_path: Path) -> None:
    with database_template.copy(tmp_path) as url:
        before = number(url)
        forgotten = psycopg2.connect(url)
        with forgotten.cursor() as old:
            old.execute("LOCK TABLE django_session")
    with pytest.raises(psycopg2.OperationalError), forgotten.cursor() as old:
        old.execute("SELECT 1")
    with database_template.copy(tmp_path) as again:
        assert number(again) == before


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_more_than_rows_is_seen(damage: str, database_template: Template, tmp_path: Path) -> None:
    with database_template.copy(tmp_path) as url, administrator(url) as cursor:
        mark = database_template.original.mark(cursor)
        assert database_template.original.unchanged(cursor, mark)
        cursor.execute("BEGIN;" + DAMAGE[damage].format(web=database_template.web, name=urlsplit(url).path[1:]))
        assert not database_template.original.unchanged(cursor, mark)
        cursor.execute("ROLLBACK")
        assert database_template.original.unchanged(cursor, mark)


@pytest.mark.parametrize("damage", ["trigger dropped", "column added", "right given", "setting of the database"])
def test_what_is_more_than_rows_costs_a_new_database(damage: str, database_template: Template, fresh: str, tmp_path: Path) -> None:
    with database_template.copy(tmp_path) as url:
        before = number(url)
        with administrator(url) as cursor:
            cursor.execute(DAMAGE[damage].format(web=database_template.web, name=urlsplit(url).path[1:]))
    with database_template.copy(tmp_path) as another, administrator(another) as cursor:
        assert number(another) != before
        assert dump(another) == fresh
        cursor.execute("SELECT count(*) FROM pg_database WHERE oid = %s", [before])
        assert cursor.fetchone() == (0,)


def test_a_role_with_rights_in_it_costs_a_new_database(database_template: Template, tmp_path: Path) -> None:
    name = database_template.run.name("role")
    with database_template.copy(tmp_path) as url:
        before = number(url)
        with administrator(url) as cursor:
            cursor.execute(f"CREATE ROLE {name}; GRANT SELECT ON django_session TO {name}")
    with database_template.copy(tmp_path) as another:
        assert number(another) != before
        with administrator(another) as cursor:
            cursor.execute(f"DROP ROLE {name}")


def test_a_database_that_is_away_or_shut_costs_a_new_one(database_template: Template, tmp_path: Path) -> None:
    for ruin in ("DROP DATABASE {name} WITH (FORCE)", "ALTER DATABASE {name} ALLOW_CONNECTIONS false"):
        with database_template.copy(tmp_path) as url, administrator(database_template.url) as cursor:
            cursor.execute(ruin.format(name=urlsplit(url).path[1:]))
        with database_template.copy(tmp_path) as another:
            assert number(another)


def test_a_database_that_grew_much_is_not_kept(database_template: Template, tmp_path: Path) -> None:
    with database_template.copy(tmp_path) as url:
        before = number(url)
        with administrator(url) as cursor:
            cursor.execute("INSERT INTO django_session SELECT i, repeat(i::text, 200), now() FROM generate_series(100000, 125000) AS i")
    with database_template.copy(tmp_path) as another:
        assert number(another) != before


DYING = (
    "import os, signal\n"
    "from tests.databases import Run, administrator\n"
    "run = Run(os.environ['DATABASE_URL'])\n"
    "with administrator(run.url) as cursor:\n"
    "    cursor.execute(f\"CREATE DATABASE {run.name('test')}\")\n"
    "    cursor.execute(f\"CREATE ROLE {run.name('web')}\")\n"
    "print(run.prefix, flush=True)\n"
    "os.kill(os.getpid(), signal.SIGKILL)\n"
)


def named(template: Template, prefix: str) -> int:
    with administrator(template.url) as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM pg_database WHERE starts_with(datname, %(it)s))"
            " + (SELECT count(*) FROM pg_roles WHERE starts_with(rolname, %(it)s))", {"it": prefix})
        [(count,)] = cursor.fetchall()
    return int(count)


def test_the_next_run_drops_what_a_killed_one_left_and_nothing_of_a_living_one(database_template: Template) -> None:
    done = subprocess.run([sys.executable, "-c", DYING], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    dead, mine = done.stdout.strip(), database_template.run.prefix
    living = named(database_template, mine)
    assert living >= 2
    dropped = drop_left_behind(database_template.url)
    assert named(database_template, dead) == 0
    assert mine not in dropped
    assert named(database_template, mine) == living
