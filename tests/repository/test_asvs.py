"""docs/asvs.md: a row for each requirement of OWASP ASVS 5.0.0 that we answer for, and each test that it names exists."""
import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs/asvs.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)

# SPEC: OWASP ASVS 5.0.0, 5.0/docs_en/OWASP_Application_Security_Verification_Standard_5.0.0_en.csv, column L.
LEVEL_1 = re.findall(r"\S+", """
1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.5.1 2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1 3.5.2 3.5.3 4.1.1 4.4.1
5.2.1 5.2.2 5.3.1 5.3.2 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1 6.3.2 6.4.1 6.4.2 7.2.1 7.2.2 7.2.3 7.2.4 7.4.1
7.4.2 8.1.1 8.2.1 8.2.2 8.3.1 9.1.1 9.1.2 9.1.3 9.2.1 10.4.1 10.4.2 10.4.3 10.4.4 10.4.5 11.3.1 11.3.2 11.4.1 12.1.1 12.2.1 12.2.2
13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 15.3.1
""")
# Files, sessions, access control.
LEVEL_2 = re.findall(r"\S+", """
5.1.1 5.2.3 5.4.1 5.4.2 5.4.3 7.1.1 7.1.2 7.1.3 7.3.1 7.3.2 7.4.3 7.4.4 7.4.5 7.5.1 7.5.2 7.6.1 7.6.2 8.1.2 8.2.3 8.4.1
""")


def test_every_requirement_has_one_row_and_no_other_has() -> None:
    assert len(LEVEL_1) == 70
    told = [(number, level) for number, level, _ in ROW.findall(PAGE)]
    assert sorted(told) == sorted([(number, "1") for number in LEVEL_1] + [(number, "2") for number in LEVEL_2])
    assert len(told) == sum(line.startswith("| ") and not line.startswith("| requirement ") for line in PAGE.splitlines())


def test_every_row_names_a_test_or_says_why_none() -> None:
    silent = [number for number, _, shown in ROW.findall(PAGE) if "::" not in shown and not re.search("(does not apply|not met): ", shown)]
    assert silent == []


def test_every_test_that_a_row_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 80
    assert len(named) == PAGE.count("::")
    missing = [f"{file}::{name}" for file, name in named if name not in written_in(file)]
    assert missing == []


def written_in(file: str) -> set[str]:
    path = ROOT / file
    body = ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else []
    return {node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
