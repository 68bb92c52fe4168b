"""Language and display: chosen by a button, kept in a cookie, without a script and without leading astray."""
import pytest
from django.test import Client

from tests.portal.conftest import Open
from tests.portal.pages import Page


def page_of(client: Client, path: str = "/") -> Page:
    return Page(client.get(path).content.decode())


def test_chinese_is_the_default_and_english_what_a_browser_asks_for(service: str, client: Client, open_page: Open) -> None:
    assert page_of(client).one("html").attributes["lang"] == "zh-hans"
    for asked in ("zh-CN", "zh-TW", "fr", "de-DE,de;q=0.9", "nonsense;;;"):
        assert open_page("/", language=asked).one("html").attributes["lang"] == "zh-hans"
    for asked in ("en", "en-US,en;q=0.9", "en-GB"):
        assert open_page("/", language=asked).one("html").attributes["lang"] == "en"


def test_language_button_changes_the_language_and_returns_to_the_page(service: str, client: Client) -> None:
    answer = client.post("/preferences", {"language": "en", "next": "/records?number=abc"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/records?number=abc")
    assert page_of(client).one("html").attributes["lang"] == "en"
    client.post("/preferences", {"language": "zh-hans", "next": "/"})
    assert page_of(client).one("html").attributes["lang"] == "zh-hans"


@pytest.mark.parametrize(("referer", "back"), [
    ("http://testserver/platform-facts?on=2026-11-30", "/platform-facts?on=2026-11-30"), ("http://testserver", "/"), ("", "/"),
    ("https://evil.example/platform-facts", "/"), ("http://[x", "/"), ("javascript:alert(1)", "/")])
def test_after_a_form_the_button_returns_to_the_forms_page(service: str, client: Client, referer: str, back: str) -> None:
    answer = client.post("/records", {}, headers={"Referer": referer} if referer else {})
    fields = [each for each in Page(answer.content.decode()).all("input") if each.attributes.get("name") == "next"]
    assert {each.attributes["value"] for each in fields} == {back}, answer.status_code


def test_display_button_turns_large_print_on_and_off(service: str, client: Client) -> None:
    assert "data-display" not in page_of(client).one("html").attributes
    client.post("/preferences", {"display": "large", "next": "/"})
    assert page_of(client).one("html").attributes["data-display"] == "large"
    client.post("/preferences", {"display": "plain", "next": "/"})
    assert "data-display" not in page_of(client).one("html").attributes


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(service: str, client: Client) -> None:
    client.post("/preferences", {"display": "large", "language": "en", "next": "/"})
    for cookie in client.cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize("target", [
    "https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "///evil.example", "\\\\evil.example", "",
    "records", "/\t/evil.example", "https:evil.example",
])
def test_button_leads_nowhere_else(service: str, client: Client, target: str) -> None:
    answer = client.post("/preferences", {"language": "en", "next": target})
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("data", [{"language": "xx"}, {"language": "../../etc"}, {"display": "huge"}, {}])
def test_unknown_choice_changes_nothing(service: str, client: Client, data: dict[str, str]) -> None:
    client.post("/preferences", data)
    assert not client.cookies


def test_hostile_cookies_do_no_harm(service: str, client: Client) -> None:
    client.cookies["cunzheng_display"] = '"><script>'
    client.cookies["django_language"] = "../../x"
    page = page_of(client)
    assert page.all_faults() == []
    assert "data-display" not in page.one("html").attributes


def test_preferences_are_changed_by_post_only(service: str, client: Client) -> None:
    assert client.get("/preferences?language=en").status_code == 405
