"""What the house rules say about the code as a whole, counted: sizes, docstrings, names, imports, settings.

Import directions between rooms are import-linter's (`pyproject.toml`); this file judges what it cannot see.
"""
import ast
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import global_settings

from tests.repository.shards import ON_POSTGRES

ROOT = Path(__file__).resolve().parent.parent
APPS = ("accounts", "cases", "common", "evidence", "ledger", "notifications", "vault")
ROOMS = (*APPS, "config", "documents", "law", "samples", "sandbox", "tlog", "witness")
FILE_CAP, TEST_FILE_CAP, FILE_MEDIAN = 500, 700, 120
FUNCTION_CAP, TLOG_FUNCTION_CAP, FUNCTION_MEDIAN = 60, 80, 10
FORBIDDEN_MODULES = {"utils", "util", "helpers", "helper", "core", "managers", "misc", "common_functions", "signals"}

# What the pure core may import, beyond itself and the standard library; and what of the standard library it may not.
TLOG_PACKAGES = {"cryptography"}
TLOG_ASN1 = {"pyasn1"}
OUTSIDE_WORLD = {"asyncio", "ftplib", "http", "multiprocessing", "os", "random", "secrets", "smtplib", "socket", "socketserver", "sqlite3",
                 "ssl", "subprocess", "telnetlib", "time", "urllib", "xmlrpc"}
FILE_READERS = ("tlog/package.py", "tlog/__main__.py", "tlog/examination/")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Source(NamedTuple):
    """One Python file: its path from the root with slashes, its number of lines, its syntax tree."""

    path: str
    lines: int
    tree: ast.Module


@cache
def sources() -> tuple[Source, ...]:
    files = [ROOT / "manage.py", *(file for room in (*ROOMS, "bench", "tests") for file in sorted((ROOT / room).rglob("*.py")))]
    found = []
    for file in files:
        text = file.read_text(encoding="utf-8")
        found.append(Source(file.relative_to(ROOT).as_posix(), text.count("\n"), ast.parse(text)))
    return tuple(found)


def code() -> list[Source]:
    """The service itself: no tests, no migrations."""
    return [source for source in sources() if not source.path.startswith("tests/") and "/migrations/" not in source.path]


def functions(source: Source) -> Iterator[Function]:
    for node in ast.walk(source.tree):
        if isinstance(node, Function):
            yield node


def length(function: Function) -> int:
    """Lines from `def` to the end, without the docstring: telling what a function promises must not cost it lines."""
    first = function.body[0]
    told = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(function, clean=False) is not None else 0
    return (function.end_lineno or 0) - function.lineno + 1 - told


def imported(source: Source) -> set[str]:
    """Every module that a file names in an import, with what it takes from it: `a.b` and `a.b.c` for `from a.b import c`."""
    names: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_the_rooms_are_those_that_the_rules_know() -> None:
    found = {file.parent.name for file in ROOT.glob("*/__init__.py") if file.parent.name not in ("bench", "tests")}
    assert found <= set(ROOMS), "a new room needs its place in the import contracts, in coverage and here"


def test_no_file_is_longer_than_its_cap() -> None:
    long = [f"{source.path}: {source.lines}" for source in sources()
            if source.lines > (TEST_FILE_CAP if source.path.startswith("tests/") else FILE_CAP) and "/migrations/" not in source.path]
    assert long == []


def test_files_are_short_in_the_middle() -> None:
    lines = [source.lines for source in code() if source.lines > 3]
    median = statistics.median(lines)
    print(f"{len(lines)} files, median {median} lines")
    assert median <= FILE_MEDIAN


def test_no_function_is_longer_than_its_cap() -> None:
    long = [f"{source.path}:{function.lineno} {function.name}: {length(function)}" for source in code() for function in functions(source)
            if length(function) > (TLOG_FUNCTION_CAP if source.path.startswith("tlog/") else FUNCTION_CAP)]
    assert long == []


def test_functions_are_short_in_the_middle() -> None:
    lines = [length(function) for source in code() for function in functions(source)]
    median = statistics.median(lines)
    print(f"{len(lines)} functions, median {median} lines")
    assert median <= FUNCTION_MEDIAN


def test_every_module_says_what_it_is_for() -> None:
    judged = [source for source in sources() if source.lines and "/migrations/" not in source.path]
    silent = [source.path for source in judged if ast.get_docstring(source.tree) is None]
    assert silent == []


def public_functions(source: Source) -> Iterator[Function]:
    for node in source.tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (each for each in node.body if isinstance(each, Function) and not each.name.startswith("_"))


def test_public_functions_of_the_core_services_and_selectors_tell_their_contract() -> None:
    told = [source for source in code() if source.path.startswith("tlog/") or re.search(r"/(services|selectors)(/|\.py$)", source.path)]
    silent = [f"{source.path}:{function.lineno} {function.name}" for source in told for function in public_functions(source)
              if ast.get_docstring(function) is None and not overrides(function)]
    assert silent == []


def overrides(function: Function) -> bool:
    """A property, an overload or an override is told where it is declared."""
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in function.decorator_list}
    return bool(names & {"property", "overload", "override"})


def test_no_module_is_named_for_leftovers() -> None:
    named = [source.path for source in sources() if Path(source.path).stem in FORBIDDEN_MODULES]
    assert named == []


def test_no_signals_carry_domain_flow() -> None:
    using = [source.path for source in code() if any(name.startswith(("django.dispatch", "django.db.models.signals", "django.core.signals"))
                                                    for name in imported(source))]
    assert using == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    word = re.compile(r"\b(skip|skipif|xfail|importorskip|expectedFailure)\b")
    marked = [f"{source.path}:{node.lineno}" for source in sources() if source.path.startswith("tests/")
              for node in ast.walk(source.tree) if isinstance(node, ast.Attribute) and word.fullmatch(node.attr)]
    assert marked == []


# What `make test` does not collect: the file, and what runs it. There is no other way to leave a test out.
LEFT_OUT = {
    "tests/faults/test_server_kills.py": "kills a PostgreSQL server of its own: `make faults` with DATABASE_URL runs it",
    **dict.fromkeys(
        [f"tests/browser/test_{name}.py" for name in ("axe", "desk", "flows", "pages", "print", "renderings", "sign_in", "visit")],
        "needs Chromium: `make test-browser` runs it, and so does .ci/run"),
    **dict.fromkeys(
        [*(f"tests/row_security/test_{name}.py" for name in ("every_table", "gates", "policies", "starting")),
         "tests/repository/test_databases.py"],
        "needs PostgreSQL: `make test` with DATABASE_URL runs it, as `.ci/run` does"),
}


def test_no_test_is_left_out_without_its_reason() -> None:
    hooks = {"pytest_ignore_collect", "pytest_collection_modifyitems", "pytest_runtest_setup", "collect_ignore_glob", "__test__"}
    named, hooked = set(), []
    for source in (source for source in sources() if source.path.startswith("tests/")):
        for node in ast.walk(source.tree):
            if (isinstance(node, ast.Name) and node.id in hooks) or (isinstance(node, Function) and node.name in hooks):
                hooked.append(f"{source.path}:{node.lineno}")
            if isinstance(node, ast.Assign) and "collect_ignore" in map(ast.unparse, node.targets):
                named |= {f"{Path(source.path).parent}/{part.value}" for part in ast.walk(node.value)
                          if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.endswith(".py")}
    assert hooked == []
    assert named == set(LEFT_OUT)
    options = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.pytest.ini_options]")[2].partition("[tool.")[0]
    assert re.findall(r"--(?:ignore|deselect)|-[km]\b|norecursedirs|collect_ignore", options) == []


@pytest.mark.parametrize("path", LEFT_OUT)
def test_what_is_left_out_is_run_by_a_target_of_its_own(path: str) -> None:
    if path.startswith(("tests/row_security/", "tests/repository/")):
        assert 'shards --postgres "$database_admin/$database_name"' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
        assert {path.removeprefix("tests/"), Path(path).parent.name} & set(ON_POSTGRES)
        assert f"{path}::test_" in collected(str(Path(path).parent), "DATABASE_URL=postgresql://nobody@127.0.0.1:1/none")
        return
    target, switch = ("test-browser", "CUNZHENG_BROWSER=all") if path.startswith("tests/browser/") else ("faults", "CUNZHENG_FAULTS=full")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition(f"\n{target}:")[2].partition("\n\n")[0]
    assert switch in recipe
    folder = next(word for word in recipe.split() if path.startswith(word) and word.startswith("tests/"))
    assert f"{path}::test_" in collected(folder, switch)


@cache
def collected(folder: str, switch: str) -> str:
    """What pytest finds in the folder with the switch on; asked once, for it takes seconds."""
    environment = {**os.environ, **dict([switch.split("=")]), "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    words = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", folder]
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def test_our_own_code_is_not_patched_in_tests() -> None:
    patching = [source.path for source in sources() if source.path.startswith("tests/")
                and any(name.startswith(("unittest.mock", "pytest_mock")) for name in imported(source))]
    assert patching == []


@pytest.mark.parametrize("source", [source for source in sources() if source.path.startswith("tlog/")], ids=lambda source: source.path)
def test_core_module_imports_only_what_the_core_may(source: Source) -> None:
    allowed = TLOG_PACKAGES | (TLOG_ASN1 if source.path.startswith("tlog/timestamp/") else set())
    for name in imported(source):
        top = name.partition(".")[0]
        if top == "tlog" or top in allowed:
            continue
        assert top in sys.stdlib_module_names, f"{top} is not a package of the core"
        assert top not in OUTSIDE_WORLD or source.path.startswith(FILE_READERS), f"{top} has no business in the core"


def test_core_has_no_clock_no_chance_and_no_files_of_its_own() -> None:
    impure = re.compile(r"open|datetime\.(now|utcnow|today)|date\.today|\w+\.(read_bytes|read_text|write_bytes|write_text)")
    calls = [f"{source.path}:{node.lineno} {ast.unparse(node.func)}" for source in sources()
             if source.path.startswith("tlog/") and not source.path.startswith(FILE_READERS)
             for node in ast.walk(source.tree) if isinstance(node, ast.Call) and impure.fullmatch(ast.unparse(node.func))]
    assert calls == []


@pytest.mark.parametrize("module", ["merkle", "tiles", "note", "checkpoint", "policy", "proof", "fork", "receipt"])
def test_witness_side_of_the_core_needs_cryptography_alone(module: str) -> None:
    """The witness program imports these on a machine that has nothing else of ours."""
    assert loaded_by(f"tlog.{module}") & {"django", "pyasn1", "pyasn1_modules", "rfc3161ng", "rfc8785", "rest_framework"} == set()


def test_importing_the_core_loads_nothing_heavy() -> None:
    assert loaded_by("tlog") == {"tlog"}


def loaded_by(module: str) -> set[str]:
    """The top-level names that importing `module` adds to a fresh interpreter's."""
    program = f"import sys; old = set(sys.modules); import {module}; print(*{{name.partition('.')[0] for name in set(sys.modules) - old}})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def settings_defined() -> set[str]:
    tree = next(source.tree for source in sources() if source.path == "config/settings.py")
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id.isupper()}


def settings_read() -> dict[str, str]:
    """Setting → a place that reads it, for every `settings.NAME` of a module that imports Django's settings."""
    read: dict[str, str] = {}
    for source in sources():
        if "django.conf.settings" not in imported(source):
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "settings" and node.attr.isupper():
                read[node.attr] = f"{source.path}:{node.lineno}"
    return read


def test_every_setting_that_is_read_is_set() -> None:
    known = settings_defined() | set(dir(global_settings))
    assert {name: where for name, where in settings_read().items() if name not in known} == {}


def test_every_setting_of_ours_is_read_somewhere() -> None:
    prefixes = ("ACCOUNT_", "ALLAUTH_", "CELERY_", "MFA_", "OAUTH2_", "REST_FRAMEWORK", "ROOT_URLCONF", "SPECTACULAR_", "USERSESSIONS_")
    of_others = {name for name in settings_defined() if name.startswith(prefixes)}
    inside = next(source.tree for source in sources() if source.path == "config/settings.py")
    used_inside = {node.id for node in ast.walk(inside) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    dead = {name for name in settings_defined() - of_others - used_inside - set(settings_read()) if not hasattr(global_settings, name)}
    assert dead == set()
