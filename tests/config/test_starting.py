"""Production does not start while anything is unsafe, whichever way it is started; a database that is away is waited for."""
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.fictitious import CODES, DOMAIN
from accounts.permissions import Role
from accounts.services import describe_organisation
from config.checks import nobody_is_fictitious
from config.starting import refuse_unsafe_start
from tests.accounts.people import make_organisation, make_person
from tests.config.test_checks import SAFE
from tests.databases import ROOT
from tests.faults.programs import wait_until
from tests.repository.production_check import pin_roots, production_environment

WEB = ["-m", "gunicorn", "config.wsgi", "--bind", "127.0.0.1:0", "--worker-class", "gthread", "--no-control-socket"]
STARTS = {
    "web by its application alone": WEB,
    "web as the guide says": [*WEB, "--config", "python:config.gunicorn"],
    "web that loads before it forks": [*WEB, "--preload"],
    "Celery worker": ["-m", "celery", "-A", "config", "worker", "--concurrency", "1"],
    "Celery beat": ["-m", "celery", "-A", "config", "beat", "--scheduler", "celery.beat:Scheduler"],
    "embedded worker": ["manage.py", "work"],
    "sequencer": ["manage.py", "sequence"],
}
# The embedded default with the one word "production" before it: what an operator has who forgets everything else.
REASONS = ("E002", "E003", "E004", "E005", "E006", "E007", "E008")
NOBODY = "postgresql://cunzheng:password@127.0.0.1:9/cunzheng"


def environment(var: Path, **changes: str) -> dict[str, str]:
    pin_roots(var, "first", "second")
    return {**production_environment(var), "C_FORCE_ROOT": "1", **changes}


@pytest.mark.parametrize("words", STARTS.values(), ids=STARTS)
def test_an_unsafe_production_says_each_reason_and_ends(words: list[str], service: str, var_dir: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("CUNZHENG_", "CELERY_"))}
    unsafe = {**bare, "CUNZHENG_PROFILE": "production", "CUNZHENG_VAR": str(var_dir), "DATABASE_URL": f"sqlite:///{var_dir / 'db.sqlite3'}",
              "C_FORCE_ROOT": "1"}
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=unsafe, capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    assert done.returncode not in (0, None), said
    assert [reason for reason in REASONS if f"cunzheng.{reason}" not in said] == [], said
    assert "Traceback" not in said


@pytest.mark.parametrize("words", [STARTS["web as the guide says"], STARTS["Celery worker"]], ids=["web", "Celery worker"])
def test_a_database_that_is_away_is_waited_for(words: list[str], var_dir: Path, tmp_path: Path) -> None:
    log = tmp_path / "said"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, env=environment(var_dir, DATABASE_URL=NOBODY), stdout=file, stderr=file,
            start_new_session=True)
    try:
        wait_until("it waits", lambda: b"waiting for the database" in log.read_bytes())
        time.sleep(2)
        assert process.poll() is None, log.read_text()
        process.kill()
        process.wait()
        wait_until("what it started ends with it", lambda: not is_there(process.pid), within_s=20)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert log.read_bytes().count(b"waiting for the database") == 1
    assert b"refusing to start" not in log.read_bytes()


def is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_check_before_a_deployment_asks_the_database(var_dir: Path) -> None:
    words = [sys.executable, "manage.py", "check", "--deploy", "--database", "default"]
    done = subprocess.run(words, cwd=ROOT, env=environment(var_dir, DATABASE_URL=NOBODY), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cunzheng.E013" in done.stderr


def test_a_safe_production_starts_and_keeps_no_connection(
    service: str, var_dir: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    pin_roots(var_dir, "a", "b")
    for name, value in SAFE.items():
        setattr(settings, name, value)
    if connection.vendor == "postgresql":
        refuse_unsafe_start(web=False)
        assert connection.connection is None
        return
    with pytest.raises(SystemExit):
        refuse_unsafe_start(web=False)
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple)] == ["cunzheng.E004"]


@pytest.mark.parametrize("words", [STARTS["web as the guide says"], STARTS["Celery worker"], STARTS["embedded worker"]],
                         ids=["web", "Celery worker", "embedded worker"])
def test_no_production_starts_with_people_whose_passwords_make_run_printed(words: list[str], service: str, var_dir: Path) -> None:
    make_person(f"judge@{DOMAIN}", Role.JUDGE)
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment(var_dir, DATABASE_URL=service), capture_output=True, text=True, timeout=60,
        check=False)
    said = done.stdout + done.stderr
    assert done.returncode not in (0, None), said
    assert "cunzheng.E023" in said
    assert "0 organisations and 1 people that make run made up" in said
    assert "Traceback" not in said


def test_each_mark_of_the_fictitious_is_found_and_nothing_else(service: str, settings: Settings) -> None:
    settings.EMBEDDED = False
    organisation, now = make_organisation(), timezone.now()
    make_person("judge@seed.invalid.example", Role.JUDGE)
    assert nobody_is_fictitious(databases=["default"]) == []
    describe_organisation(organisation, credit_code=CODES["lender"], contact_email="", contact_phone="", now=now)
    assert [each.id for each in nobody_is_fictitious(databases=["default"])] == ["cunzheng.E023"]
    assert nobody_is_fictitious(databases=None) == []
    settings.EMBEDDED = True
    assert nobody_is_fictitious(databases=["default"]) == []


def test_a_database_before_its_first_migration_holds_nobody(database: str, settings: Settings) -> None:
    settings.EMBEDDED = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_person RENAME TO accounts_somebody")
    assert nobody_is_fictitious(databases=["default"]) == []


def test_the_embedded_default_starts_with_what_production_refuses(
    database: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMBEDDED = False
    with pytest.raises(SystemExit):
        refuse_unsafe_start(web=True)
    assert "refusing to start" in caplog.text
    caplog.clear()
    settings.EMBEDDED = True
    refuse_unsafe_start(web=True)
    assert caplog.text == ""
