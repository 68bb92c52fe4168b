"""The planted defects are kept up: each patch applies, its tests exist, the page is current; and the program that judges them can tell.

That the suite catches each of them is `make test-planted`, a stage of `.ci/run`.
"""
import ast
import re
from pathlib import Path

import pytest

from tests.databases import ROOT
from tests.planted.__main__ import main
from tests.planted.defects import Defect, read_defect, read_defects, table
from tests.planted.judging import applies

DEFECTS = read_defects()
PROGRAM = "def larger(one, other):\n    return max(one, other)\n"
TEST, OTHER_TEST = "tests/test_program.py::test_the_larger_one_is_given", "tests/test_other.py::test_nothing_much"
CHECKOUT = {
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\naddopts = ['-p', 'no:django']\n",
    "program.py": PROGRAM,
    "tests/test_program.py": "from program import larger\n\n\ndef test_the_larger_one_is_given():\n    assert larger(1, 2) == 2\n",
    "tests/test_other.py": "def test_nothing_much():\n    assert True\n",
    "docs/planted.md": "",
}


@pytest.mark.parametrize("defect", DEFECTS, ids=[each.title for each in DEFECTS])
def test_a_patch_applies_and_its_tests_exist(defect: Defect) -> None:
    assert applies(defect.patch, ROOT, check_only=True) == ""
    changed = re.findall(r"^\+\+\+ b/(\S+)", defect.patch.read_text(encoding="utf-8"), re.MULTILINE)
    assert changed
    assert not any(path.startswith("tests/") for path in changed), "a defect is planted in the program, never in the suite"
    for test in defect.tests:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test


def test_numbers_and_names_are_given_once() -> None:
    assert [each.number for each in DEFECTS] == [f"{number:02}" for number in range(1, len(DEFECTS) + 1)]
    assert len({each.name for each in DEFECTS}) == len(DEFECTS) >= 12


def test_the_page_is_current() -> None:
    page = (ROOT / "docs" / "planted.md").read_text(encoding="utf-8")
    assert page == table(DEFECTS), "write it with: .venv/bin/python -m tests.planted --write"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout with a program, its test, and a folder for patches."""
    for name, text in CHECKOUT.items():
        (tmp_path / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "checkout" / name).write_text(text)
    (tmp_path / "patches").mkdir()
    return tmp_path / "checkout"


def planted(checkout: Path, new: str, *tests: str, number: int = 1, old: str = "return max(one, other)") -> Path:
    """A patch of the program, written by hand as small ones are; the folder that holds it."""
    folder = checkout.parent / "patches"
    caught_by = "".join(f"Caught by: {test}\n" for test in tests or (TEST,))
    (folder / f"{number:02}-defect.patch").write_text(
        f"Defect: it does the wrong thing\nMade by: a common mistake\n{caught_by}\n"
        f"--- a/program.py\n+++ b/program.py\n@@ -1,2 +1,2 @@\n def larger(one, other):\n-    {old}\n+    {new}\n")
    return folder


def test_what_is_a_catch_and_what_is_none_is_told_apart(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planted(checkout, "return min(one, other)", number=1)
    planted(checkout, "return max(other, one)", number=2)
    planted(checkout, "return min(one, other)", TEST, OTHER_TEST, number=3)
    planted(checkout, "return other", number=4, old="return one")
    planted(checkout, "return one +", number=5)
    folder = planted(checkout, "return smaller(one, other)", number=6)
    assert main([], checkout=checkout, folder=folder) == 1
    first, *said = capsys.readouterr().out.splitlines()
    assert first.startswith("2 tests pass without any patch")
    assert said[0].startswith("caught  01 defect: test_the_larger_one_is_given: assert 1 == 2")
    assert said[1] == "MISSED  02 defect: not caught: every test passed"
    assert said[2] == f"MISSED  03 defect: not caught by {OTHER_TEST}"
    assert said[3].startswith("MISSED  04 defect: the patch is stale: error: patch failed: program.py")
    assert said[4].startswith("MISSED  05 defect: the suite could not run")
    assert any(line.startswith("MISSED  06 defect: the patch breaks the program instead of making it wrong: NameError") for line in said)
    assert said[-1].startswith("1 of 6 planted defects were caught")
    assert (checkout / "program.py").read_text() == PROGRAM


def test_the_whole_suite_may_be_asked_instead_of_the_named_test(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = planted(checkout, "return min(one, other)", OTHER_TEST)
    assert main(["01", "--whole"], checkout=checkout, folder=folder) == 0
    assert "caught  01 defect: test_the_larger_one_is_given" in capsys.readouterr().out


def test_a_test_that_fails_without_the_patch_shows_nothing(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "program.py").write_text(PROGRAM.replace("max", "min"))
    assert main([], checkout=checkout, folder=planted(checkout, "return one - other", old="return min(one, other)")) == 1
    assert "without any patch these tests do not pass" in capsys.readouterr().out


def test_a_defect_of_postgresql_alone_is_left_out_by_name_where_there_is_none_and_never_in_ci(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    folder = planted(checkout, "return min(one, other)")
    patch = planted(checkout, "return min(one, other)", number=2) / "02-defect.patch"
    patch.write_text(patch.read_text().replace("\n\n---", "\nOnly on: PostgreSQL\n\n---"))
    assert main([], checkout=checkout, folder=folder) == 0
    said = capsys.readouterr().out
    assert "left out 02 defect: name a PostgreSQL in DATABASE_URL" in said
    assert "1 of 1 planted defects were caught" in said
    monkeypatch.setenv("CI", "true")
    assert main([], checkout=checkout, folder=folder) == 1
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
    assert main([], checkout=checkout, folder=folder) == 0
    assert "2 of 2 planted defects were caught" in capsys.readouterr().out


def test_a_patch_that_does_not_say_what_it_is_stops_everything(checkout: Path) -> None:
    folder = planted(checkout, "return one")
    (folder / "01-defect.patch").write_text("--- a/program.py\n")
    with pytest.raises(ValueError, match=r"01-defect\.patch is not named or does not begin"):
        read_defect(folder / "01-defect.patch")


def test_the_page_is_written_from_the_patches(checkout: Path) -> None:
    folder = planted(checkout, "return one")
    assert main(["--write"], checkout=checkout, folder=folder) == 0
    [row] = [line for line in (checkout / "docs" / "planted.md").read_text().splitlines() if line.startswith("| 01 ")]
    assert row == f"| 01 | it does the wrong thing ([patch](../tests/planted/01-defect.patch)) | a common mistake | `{TEST}` |"
