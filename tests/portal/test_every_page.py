"""What holds for every page, in every state and both languages: markup, policy, words."""
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from tests.portal.conftest import SECRETS, Deposit, Open
from tests.portal.pages import POLICY, Page

ROOT = Path(__file__).resolve().parent.parent.parent
LANGUAGES = ("zh-hans", "en")
STATES = ("received", "committed", "published", "stamped")
FORBIDDEN = ("司法级", "具有法律效力", "法院认可", "防伪")


@pytest.fixture
def record(request: pytest.FixtureRequest, make_record: Deposit, publish: Callable[[], None]) -> str:
    """A record in the state that the test's parameter names; its tree has seven leaves."""
    numbers = [make_record(2) for _ in range(7)]
    if request.param == "published":
        publish()
    elif request.param == "committed":
        request.getfixturevalue("commit")()
    elif request.param == "stamped":
        request.getfixturevalue("stamp")()
    return numbers[3]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("record", STATES, indirect=True)
def test_record_and_home_are_sound_in_every_state(record: str, language: str, open_page: Open) -> None:
    for path in ("/", f"/records/{record}"):
        page = open_page(path, language=language)
        assert page.all_faults() == []
        assert page.one("html").attributes["lang"] == language
        assert_words(page, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("path", "status"), [
    ("/records", 200), ("/records?number=abc", 400), ("/records/abc", 400), ("/records/CZ-20261123-01234-56789-W", 404), ("/nowhere", 404),
])
def test_other_pages_are_sound(service: str, path: str, status: int, language: str, open_page: Open) -> None:
    page = open_page(path, language=language, status=status)
    assert page.all_faults() == []
    assert_words(page, language)


def assert_words(page: Page, language: str) -> None:
    assert [word for word in FORBIDDEN if word in page.source] == []
    assert page.chinese() if language == "zh-hans" else page.chinese() == []


@pytest.mark.parametrize("record", ["stamped"], indirect=True)
def test_nothing_private_stands_on_any_page(record: str, client: Client) -> None:
    for path in ("/", "/records", f"/records/{record}"):
        body = client.get(path).content.decode()
        assert [secret for secret in SECRETS if secret in body] == []


def test_every_page_has_the_strict_policy(service: str, client: Client) -> None:
    for path in ("/", "/records", "/nowhere", "/records/abc", "/static/css/pages.css", "/healthz"):
        answer = client.get(path)
        assert answer.headers["Content-Security-Policy"] == POLICY
        answer.close()
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


def test_pages_are_never_cached(service: str, client: Client) -> None:
    for path in ("/", "/records", "/nowhere", "/records/abc"):
        assert "no-store" in client.get(path).headers["Cache-Control"]


def test_every_static_file_that_a_page_names_is_served(service: str, client: Client) -> None:
    page = Page(client.get("/").content.decode())
    paths = {value for element in page.elements for value in element.attributes.values() if value.startswith("/static/")}
    assert len(paths) >= 5
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.getvalue()
        answer.close()


@pytest.mark.parametrize("path", [
    "../config/settings.py", "..%2fconfig%2fsettings.py", "/etc/passwd", "css/../../manage.py", "x" * 300, "x" * 250])
def test_static_route_leaves_its_folder_for_nobody(service: str, client: Client, path: str) -> None:
    answer = client.get(f"/static/{path}")
    assert answer.status_code in (400, 404)
    assert b"DATABASES" not in answer.content


def test_no_source_of_ours_loads_from_elsewhere_or_writes_style_inline() -> None:
    for file in [*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/**/*.*")]:
        text = file.read_text(encoding="utf-8")
        foreign = [url for url in re.findall(r"https?://[^\s\"')]+", text) if "www.w3.org/2000/svg" not in url]
        assert foreign == [], file
        assert not re.search(r"\sstyle=|\son[a-z]+=|@import|innerHTML|\beval\(", text), file


def test_style_sheets_stay_small() -> None:
    assert sum(file.stat().st_size for file in ROOT.glob("static/css/*.css")) <= 18_432


def test_colours_are_chosen_in_one_place() -> None:
    for name in ("pages.css",):
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b", (ROOT / "static/css" / name).read_text()) == []
