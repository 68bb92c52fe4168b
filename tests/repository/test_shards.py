"""The suite in shards leaves nothing out, and a failure of one is told at the end."""
import os
import subprocess
import sys
from pathlib import Path

from tests.databases import ROOT
from tests.repository.shards import NO_TESTS, ON_POSTGRES, ON_POSTGRES_ALONE, ON_SQLITE_TOO, SHARDS, shards, unplaced


def test_every_folder_of_tests_has_one_shard() -> None:
    assert unplaced(ROOT / "tests") == set()
    parts = [part for each in SHARDS.values() for part in each]
    assert len(parts) == len(set(parts))
    assert {part.partition("/")[0] for part in ON_POSTGRES} <= set(parts)
    assert all((ROOT / "tests" / part).exists() for part in ON_POSTGRES)


def test_what_runs_on_postgresql_alone_runs_on_sqlite_where_there_is_none_and_everything_runs_somewhere() -> None:
    both, without = list(shards("postgresql://x/y", "redis://127.0.0.1:6379/15")), list(shards("", ""))
    assert {part for each in without for part in each.parts} == {part for parts in SHARDS.values() for part in parts}
    assert {part for each in both for part in each.parts} >= {part for parts in SHARDS.values() for part in parts}
    on_sqlite = {part for each in both if not each.postgres for part in each.parts}
    assert ON_POSTGRES_ALONE.isdisjoint(on_sqlite)
    assert set(ON_SQLITE_TOO) <= on_sqlite
    assert all((ROOT / "tests" / part).exists() for part in ON_SQLITE_TOO)
    assert {each.name for each in both if each.measured} >= {"evidence-on-postgresql", "cases-on-postgresql", "proofs"}


def test_a_folder_without_a_shard_is_named(tmp_path: Path) -> None:
    for parts in SHARDS.values():
        for part in parts:
            (tmp_path / part).mkdir(parents=True, exist_ok=True)
    for name in (*NO_TESTS, "a_new_room"):
        (tmp_path / name).mkdir()
    assert unplaced(tmp_path) == {"a_new_room"}


def test_no_two_shards_share_a_database_of_redis_or_a_file() -> None:
    all_of_them = list(shards("postgresql://x/y", "redis://127.0.0.1:6379/15"))
    brokers = [each.environment["CELERY_BROKER_URL"] for each in all_of_them if "DATABASE_URL" in each.environment]
    assert len(brokers) == len(set(brokers)) > 1
    assert len({each.name for each in all_of_them}) == len(all_of_them)


def test_what_failed_is_listed_last(tmp_path: Path) -> None:
    program = ("from tests.repository import shards\n"
               "shards.SHARDS = {'good': ('law/test_citation.py',), 'bad': ('law/test_no_such_file.py',)}\n"
               "shards.unplaced = lambda tests: set()\n"
               "raise SystemExit(shards.main([]))\n")
    # Its sum of measurements is not to stand where that of this run will.
    environment = {**os.environ, "COVERAGE_FILE": str(tmp_path / "coverage")}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "---- good: exit 0" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["---- all shards", "bad: exit 4"] or "bad: ERROR" in done.stdout.splitlines()[-1]
