"""Applies a patch to a copy of the checkout, runs tests there, and says whether they caught it.

A defect is caught when each test that it names fails by what the suite asserts. That a patch does not apply any more, that a file can no
longer be imported, or that nothing was collected is no catch: it would prove nothing about the suite.

What this does not do: touch the checkout itself.
"""
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.planted.defects import Defect

TEST_S, SUITE_S = 300, 7200
FAILED = 1
"""pytest's exit status when tests were collected and ran, and some failed."""
BROKEN = ("ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError", "NameError", "UnboundLocalError", "AttributeError")
"""What a patch that only breaks the program raises. A planted defect works; it does the wrong thing."""
MADE = (".git", ".venv", "var", "dist", "__pycache__", ".*_cache", ".hypothesis", ".coverage*")
SERVICES = ("DATABASE_URL", "CELERY_BROKER_URL")
WHOLE = ("tests", "--ignore=tests/planted", "-x")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`caught`, and a few words: what failed, or why this is no catch."""

    caught: bool
    words: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run of pytest: its exit status, the tests that failed as {path::function: first message}, those that could not run, its words."""

    status: int
    failed: dict[str, str]
    errors: dict[str, str]
    said: str


def copied(checkout: Path, place: Path) -> None:
    """A copy of the checkout without what was made there: environment, caches, var with its keys."""
    shutil.copytree(checkout, place, symlinks=True, ignore=shutil.ignore_patterns(*MADE))


def applies(patch: Path, place: Path, *, check_only: bool = False) -> str:
    """Apply a patch; "" when it applies, else what git says."""
    # A copy below somebody's repository would otherwise be taken for a part of it, and the patch be skipped without a word.
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(place.parent)}
    words = ["git", "apply", *(["--check"] if check_only else []), str(patch)]
    done = subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True, check=False)
    return " ".join(done.stderr.split()) if done.returncode else ""


def run_tests(place: Path, words: Sequence[str], *, on_postgres: bool = False, timeout_s: float = TEST_S) -> Run:
    """Run pytest with these words in the copy, on SQLite or on the database of DATABASE_URL. Raises subprocess.TimeoutExpired."""
    report = place / "report.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *words]
    # What measures the suite's coverage would measure the copy too.
    kept_out = ("COVERAGE_", "PYTEST_", *(() if on_postgres else SERVICES))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(kept_out)}
    done = subprocess.run(
        command, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout_s, check=False)
    failed: dict[str, str] = {}
    errors: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase") if report.exists() else ():
        test = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').partition('[')[0]}"
        for kind, found in (("failure", failed), ("error", errors)):
            if (fault := case.find(kind)) is not None:
                found.setdefault(test, fault.get("message", "").partition("\n")[0])
    return Run(done.returncode, failed, errors, done.stdout[-2000:])


def judge(defect: Defect, sound: Path, place: Path, *, whole: bool = False) -> Verdict:
    """Copy the `sound` checkout, in which the tests pass, to `place`, apply the patch and run its tests; `place` is gone afterwards."""
    shutil.copytree(sound, place, symlinks=True)
    try:
        if stale := applies(defect.patch, place):
            return Verdict(False, f"the patch is stale: {stale}")
        run = run_tests(place, WHOLE if whole else defect.tests, on_postgres=defect.on_postgres, timeout_s=SUITE_S if whole else TEST_S)
    except subprocess.TimeoutExpired:
        return Verdict(False, "the tests did not end")
    finally:
        shutil.rmtree(place)
    return verdict(defect, run, whole=whole)


def verdict(defect: Defect, run: Run, *, whole: bool) -> Verdict:
    """What a run against the patch shows."""
    if run.status == 0:
        return Verdict(False, "not caught: every test passed")
    if run.status != FAILED or run.errors:
        return Verdict(False, f"the suite could not run: {next(iter(run.errors.values()), '') or ' '.join(run.said.split())}")
    if unharmed := [test for test in defect.tests if not whole and test not in run.failed]:
        return Verdict(False, f"not caught by {', '.join(unharmed)}")
    test, message = next(iter(run.failed.items()))
    if message.startswith(BROKEN):
        return Verdict(False, f"the patch breaks the program instead of making it wrong: {message}")
    return Verdict(True, f"{test.rpartition('::')[2]}: {message}")
