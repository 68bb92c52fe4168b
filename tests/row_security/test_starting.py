"""Production refuses a web that row-level security does not bind, and workers that it binds; the command makes the role."""
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from common.web_role import make_web_role
from config.checks import DATABASE_AWAY, web_is_bound_by_row_security, what_is_behind_the_web_sees_everything
from config.starting import refuse_unsafe_start
from tests.config.test_checks import SAFE
from tests.repository.production_check import pin_roots
from tests.web_role import acting_as


@pytest.fixture
def production(service: str, var_dir: Path, settings: Settings) -> None:
    pin_roots(var_dir, "a", "b")
    for name, value in SAFE.items():
        setattr(settings, name, value)


@contextmanager
def who_is(attribute: str) -> Iterator[str]:
    """A role with this attribute, and all that the web's role has."""
    name = f"cunzheng_{attribute.lower()}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE IF EXISTS {name}; CREATE ROLE {name} {attribute}")
    try:
        yield name
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def web_ids() -> list[str]:
    return [str(each.id) for each in web_is_bound_by_row_security(databases=["default"])]


def test_the_web_starts_as_its_role_and_as_nobody_else(production: None, web: str, caplog: pytest.LogCaptureFixture) -> None:
    with acting_as(web):
        assert web_ids() == []
    assert web_ids() == ["cunzheng.E024"]
    with pytest.raises(SystemExit):
        refuse_unsafe_start(web=True)
    assert "cunzheng.E024" in caplog.text


def test_workers_start_as_the_owner_and_not_as_the_web(production: None, web: str) -> None:
    assert what_is_behind_the_web_sees_everything() == []
    with acting_as(web):
        assert [each.id for each in what_is_behind_the_web_sees_everything()] == ["cunzheng.E026"]


def test_a_role_that_passes_policies_by_is_refused_by_the_check_and_by_the_command(production: None) -> None:
    with who_is("BYPASSRLS") as name:
        with acting_as(name):
            assert web_ids()[0] == "cunzheng.E024"
        with pytest.raises(CommandError, match="has BYPASSRLS"):
            call_command("web_role", name)


def test_who_may_become_the_owner_is_refused(production: None) -> None:
    with who_is("NOLOGIN") as name:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT format('GRANT %I TO {name}', current_user)")
            cursor.execute(cursor.fetchone()[0])
        with pytest.raises(CommandError, match="may become who does"):
            call_command("web_role", name)


def test_a_table_without_the_webs_privileges_is_told(production: None, web: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"REVOKE INSERT ON evidence_evidence FROM {web}")
    with acting_as(web):
        [found] = web_is_bound_by_row_security(databases=["default"])
    assert found.id == "cunzheng.E025"
    assert "evidence_evidence" in found.msg
    assert make_web_role(web) is False
    with acting_as(web):
        assert web_ids() == []


def test_a_database_that_is_away_is_said_to_be(production: None, settings: Settings) -> None:
    connection.close()
    before = dict(connection.settings_dict)
    connection.settings_dict.update(HOST="127.0.0.1", PORT="9")
    try:
        assert web_ids() == [DATABASE_AWAY]
        assert [each.id for each in what_is_behind_the_web_sees_everything()] == [DATABASE_AWAY]
    finally:
        connection.settings_dict.update(before)


def test_the_command_says_what_to_do_next(production: None) -> None:
    name = "cunzheng_told"
    said = StringIO()
    try:
        call_command("web_role", name, stdout=said)
        call_command("web_role", name, stdout=said)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
    text = said.getvalue()
    assert f"{name}: made" in text
    assert f"{name}: was there" in text
    assert f'ALTER ROLE "{name}" PASSWORD' in text
    assert f"DATABASE_URL=postgresql://{name}:PASSWORD@" in text


def test_the_embedded_default_asks_nothing(database: str) -> None:
    assert web_ids() == []
    assert what_is_behind_the_web_sees_everything() == []
