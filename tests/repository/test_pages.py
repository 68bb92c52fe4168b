"""What the pages of the repository claim is true of the code beside them."""
import ast
import re
from pathlib import Path

import pytest

from tests.browser import screens

ROOT = Path(__file__).resolve().parent.parent.parent
READMES = ("README.md", "README.zh-CN.md")
PAGES = sorted(file.relative_to(ROOT).as_posix() for file in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TABLE_ROW = re.compile(r"^\| `([A-Z0-9_]+)` \|", re.MULTILINE)
# Read by programs other than the service's own processes; they are no part of the table.
FOREIGN_VARIABLES = {"CI"}


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))


def variables_of_the_code() -> set[str]:
    """Every environment variable that settings, the orchestrator and the Procfile read."""
    found = set(re.findall(r"env\.\w+\(\"([A-Z0-9_]+)\"", text("config/settings.py")))
    found |= set(re.findall(r"\$\{?([A-Z][A-Z0-9_]+)", text("Procfile")))
    for file in ("sandbox/run.py", "sandbox/witnesses.py"):
        found |= set(re.findall(r"\"(CUNZHENG_[A-Z0-9_]+)\"", text(file)))
    return found - FOREIGN_VARIABLES


@pytest.mark.parametrize("page", READMES)
def test_configuration_table_names_every_variable_and_no_other(page: str) -> None:
    rows = TABLE_ROW.findall(text(page))
    assert sorted(rows) == sorted(variables_of_the_code())


def test_both_readmes_have_the_same_defaults() -> None:
    numbers = [re.findall(r"^\| `([A-Z0-9_]+)` \| `([^`]*)`", text(page), re.MULTILINE) for page in READMES]
    plain = [{name: default for name, default in rows if "<" not in default} for rows in numbers]
    assert plain[0] == plain[1]


def numeric_defaults() -> dict[str, float]:
    """Variable → default, for each `env.number` or `env.seconds` of the settings whose default is plain arithmetic."""
    found = {}
    for node in ast.walk(ast.parse(text("config/settings.py"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("env.number", "env.seconds"):
            name, default = node.args[:2]
            assert isinstance(name, ast.Constant)
            if not any(isinstance(part, ast.Name) for part in ast.walk(default)):
                found[str(name.value)] = float(eval(compile(ast.Expression(default), "settings", "eval"), {"__builtins__": {}}))
    return found


@pytest.mark.parametrize("page", READMES)
def test_configuration_table_tells_the_defaults_of_the_code(page: str) -> None:
    told = dict(re.findall(r"^\| `([A-Z0-9_]+)` \| `([0-9.]+)` \|", text(page), re.MULTILINE))
    assert len(numeric_defaults()) > 10
    assert {name: float(told.get(name, "nan")) for name in numeric_defaults()} == numeric_defaults()


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_a_page_names_exists(page: str) -> None:
    assert set(re.findall(r"`make ([a-z]+)", text(page))) <= make_targets()


def test_every_target_of_the_makefile_is_listed_by_help_and_named_in_the_readmes() -> None:
    listed = set(re.findall(r"^([a-z]+):.*## ", text("Makefile"), re.MULTILINE))
    assert listed == make_targets()
    for page in READMES:
        assert listed <= set(re.findall(r"make ([a-z]+)", text(page))), page


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_repository_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)", text(page))
    broken = [link for link in links if "://" not in link and not (ROOT / page).parent.joinpath(link).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_every_room_that_a_page_names_exists(page: str) -> None:
    rooms = set(re.findall(r"`([a-z]+)/`", text(page))) - {"log", "var"}
    assert {room for room in rooms if not (ROOT / room).is_dir()} == set()


def test_every_management_command_that_a_page_names_exists() -> None:
    builtin = {"check", "clearsessions", "collectstatic", "migrate"}
    named = {name for page in PAGES for name in re.findall(r"manage\.py ([a-z_]+)", text(page))}
    ours = {file.stem for file in ROOT.glob("*/management/commands/*.py")}
    assert named - builtin <= ours


def defined_names(tree: ast.Module) -> set[str]:
    """What a module defines or imports at its top level."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def is_in_the_code(dotted: str) -> bool:
    """Whether `room.module` or `room.module.Name` exists."""
    module = ROOT / dotted.replace(".", "/")
    if module.is_dir() or module.with_suffix(".py").is_file():
        return True
    parent, _, name = dotted.rpartition(".")
    above = ROOT / parent.replace(".", "/")
    files = [file for file in (above.with_suffix(".py"), above / "__init__.py") if file.is_file()]
    return any(name in defined_names(ast.parse(file.read_text(encoding="utf-8"))) for file in files)


def test_every_place_in_the_code_that_the_glossary_names_exists() -> None:
    rooms = "accounts|cases|common|documents|evidence|ledger|tlog|vault"
    named = re.findall(rf"`((?:{rooms})(?:\.\w+)+)`", text("docs/glossary.md"))
    assert len(named) > 15
    assert [dotted for dotted in named if not is_in_the_code(dotted)] == []


def requirement_names(file: str) -> list[str]:
    return [re.split(r"[\[<>=~!; ]", line)[0] for line in text(file).splitlines() if line and not line.startswith(("#", "-"))]


def test_every_runtime_dependency_has_its_reason_and_they_are_few() -> None:
    runtime = text("docs/dependencies.md").partition("## For development")[0]
    reasons = [re.split(r"[\[ ]", row)[0] for row in re.findall(r"^\| ([A-Za-z0-9_\[\]-]+) \|", runtime, re.MULTILINE) if row != "package"]
    assert sorted(reasons) == sorted(requirement_names("requirements.in"))
    assert len(reasons) <= 20


def test_every_decoder_has_its_reason_and_is_loaded_by_the_confined_process_alone() -> None:
    _, _, decoders = text("docs/dependencies.md").partition("## For the confined process")
    reasons = re.findall(r"^\| ([A-Za-z0-9_-]+) \|", decoders, re.MULTILINE)
    assert sorted(set(reasons) - {"package"}) == sorted(requirement_names("requirements-decoders.in"))
    assert not set(requirement_names("requirements-decoders.in")) & set(requirement_names("requirements.in"))
    loading = re.compile(r"^\s*(?:import|from) (?:PIL|pypdfium2|soundfile)\b", re.MULTILINE)
    rooms = ("accounts", "cases", "common", "config", "documents", "evidence", "ledger", "notifications", "vault")
    found = {path.parent for room in rooms for path in (ROOT / room).rglob("*.py") if loading.search(path.read_text())}
    assert found == {ROOT / "evidence" / "rendering"}


def test_every_development_dependency_is_listed() -> None:
    listed = text("docs/dependencies.md").partition("## For development")[2]
    missing = [name for name in requirement_names("requirements-dev.in") if not re.search(rf"\b{re.escape(name)}\b", listed)]
    assert missing == []


@pytest.mark.parametrize(("file", "more_than"), [("requirements.txt", 20), ("requirements-dev.txt", 20), ("requirements-decoders.txt", 5)])
def test_every_pinned_requirement_has_a_hash_and_no_foreign_source(file: str, more_than: int) -> None:
    blocks = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[a-z0-9,-]+\])?==[^\n]*((?:\n .*)*)", text(file), re.MULTILINE)
    assert len(blocks) > more_than
    assert [name for name, rest in blocks if "--hash=sha256:" not in rest] == []
    lines = [line for line in text(file).splitlines() if not line.lstrip().startswith("#")]
    assert [line for line in lines if re.search(r"--index-url|--extra-index-url|--find-links|://", line)] == []


def test_every_direct_requirement_is_pinned() -> None:
    for source, pinned in (("requirements.in", "requirements.txt"), ("requirements-dev.in", "requirements-dev.txt"),
                           ("requirements-decoders.in", "requirements-decoders.txt")):
        lines = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[a-z0-9,-]+\])?==", text(pinned), re.MULTILINE)
        names = {name.lower().replace("_", "-") for name in lines}
        assert {name.lower().replace("_", "-") for name in requirement_names(source)} <= names


def test_index_lists_every_decision_under_its_title() -> None:
    index = text("docs/adr/README.md")
    listed = re.findall(r"^\| (\d+) \| \[(.+)\]\((\d{4}-[a-z0-9-]+\.md)\) \| (\w+) \|$", index, re.MULTILINE)
    files = sorted(file.name for file in (ROOT / "docs/adr").glob("[0-9]*.md"))
    assert [name for _, _, name, _ in listed] == files
    for number, title, name, state in listed:
        page = text(f"docs/adr/{name}")
        assert page.startswith(f"# {number}. {title}\n"), name
        assert state.lower() in page.splitlines()[2].lower(), name


def test_decisions_fit_on_a_page() -> None:
    long = [file.name for file in (ROOT / "docs/adr").glob("[0-9]*.md") if file.read_text(encoding="utf-8").count("\n") > 60]
    assert long == []


def test_licence_is_the_whole_apache_licence() -> None:
    licence = text("LICENSE")
    assert "Apache License\n" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert licence.count("\n") > 190


def test_changelog_has_a_place_for_what_is_not_released() -> None:
    assert "## [Unreleased]" in text("CHANGELOG.md")


def test_pages_hold_no_word_that_the_glossary_forbids() -> None:
    forbidden = ("司法级", "具有法律效力", "法院认可", "防伪")
    pages = [page for page in PAGES if page != "docs/glossary.md"]
    assert [page for page in pages for word in forbidden if word in text(page)] == []


def written_tests(file: str) -> set[str]:
    found = ast.parse(text(file)).body if (ROOT / file).is_file() else []
    return {node.name for node in found if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def unshown(page: str) -> list[str]:
    """What a threat model says without a test behind it: rows that name none, names that no test has, names of another form."""
    rows = [row for row in page.splitlines() if row.startswith("| ") and not row.endswith("| shown by |")]
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    return [
        *[row for row in rows if "`tests/" not in row],
        *[f"{file}::{name}" for file, name in named if name not in written_tests(file)],
        *(["a test's name is misspelt"] if page.count("::") + page.count("`tests/") != 2 * len(named) else []),
    ]


def test_every_row_of_the_threat_model_names_a_test_that_exists() -> None:
    assert text("docs/threat-model.md").count("::test_") > 20
    assert unshown(text("docs/threat-model.md")) == []


@pytest.mark.parametrize("wrong", [
    "tests/repository/test_pages.py::test_nobody_wrote_this", "tests/repository/test_pages.py::unshown",
    "tests/repository/test_page.py::test_decisions_fit_on_a_page", "tests/repository/test_pages.py: test_decisions_fit_on_a_page",
    "tests/repository/test-pages.py::test_decisions_fit_on_a_page", "tests/repository/test_pages.py", "nothing",
])
def test_row_that_names_no_test_is_seen(wrong: str) -> None:
    model = "| who | shown by |\n|---|---|\n| nobody | `{}` |\n"
    assert unshown(model.format("tests/repository/test_pages.py::test_decisions_fit_on_a_page")) == []
    assert unshown(model.format(wrong)) != []


def test_the_pictures_are_those_of_the_pages_that_are_taken() -> None:
    taken = {f"{name}.{language}.png" for name, _, _ in screens.PAGES for language in screens.LANGUAGES}
    assert {file.name for file in (ROOT / "docs" / "screens").iterdir()} == taken
