"""axe finds nothing on any page that anybody can open, in both languages, in plain and in large display.

`make test-browser` judges every page in both languages, `.ci/run` every page in one of them, in turn; both in both displays.
Each form of these pages is sent as it came, without what it requires: what answers, mostly the form with what is wrong, is judged too.

The pages come from the URL resolver, and each is asked for by every kind of visitor: by nobody, half-way through the sign-in, on the way
in, and in each role. A route that opens for none of them, and is no act that only a form sends, fails until `cast.py` says how to come
there. Pages of one skeleton — the same elements with the same attributes, whatever the words — are judged once in each language
and display: a page is judged when its main part is new for its route, or when what stands around it was not seen before on any.
"""
import hashlib
import os
import re
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import resolve
from playwright.sync_api import Browser, Frame, Page

from tests.browser.accessibility import violations, violations_in_large_display
from tests.browser.cast import Somebody, addresses, everybody
from tests.browser.conftest import WAIT_MS, Live, Visit

# Answered by a redirect, to a script, or with a picture, whoever asks.
NO_PAGES = {
    "/records/{number}/check", *(f"/records/{{number}}/files/{{position}}/view/{part}" for part in ("state", "{part}")),
    "/sign-in/passkey", "/sign-in/at/{ref}/go", "/sign-in/at/{ref}/callback",
}

LANGUAGES = ("zh-hans", "en")
EVERY_LANGUAGE = os.environ["CUNZHENG_BROWSER"] == "all"


# Of each form that somebody fills in: where it goes, and the names of its fields. What is a button alone leads to a page judged anyway.
FORMS = """() => [...document.querySelectorAll("form")].map(form => form.method !== "post" ? null : [form.action, ...new Set(
  [...form.elements].filter(each => each.name && each.type !== "hidden" && each.type !== "submit").map(each => each.name))])
  .map(each => each || ["/"])"""
# Without the browser's own judgement, and without any script's: an input may be called `submit`.
SEND = "place => HTMLFormElement.prototype.submit.call(document.forms[place])"


@dataclass(frozen=True)
class Form:
    """The form at a place on a page as somebody sees it."""

    place: int
    somebody: Somebody
    address: str
    language: str


class Skeleton(HTMLParser):
    """The elements of a page with their attributes, without words, numbers and tokens: those within `main`, and those around it."""

    SAID = ("class", "role", "type", "lang", "aria-current", "scope", "method", "data-display")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.main: list[str] = []
        self.around: list[str] = []
        self.parts = self.around
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "main":
            self.parts = self.main
        self.parts.append(tag + "".join(f" {name}={value if name in self.SAID else bool(value)}" for name, value in sorted(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self.parts = self.around

    def handle_data(self, data: str) -> None:
        if data.strip() and self.parts[-1:] != ["text"]:
            self.parts.append("text")

    @staticmethod
    def digest(parts: list[str]) -> str:
        # A row more or less of the same kind is the same page.
        whole = re.sub(r"(\n?(?:[^\n]+\n){1,40}?)\1+", r"\1", "\n".join(parts) + "\n")
        return hashlib.sha256(whole.encode()).hexdigest()


def pages_of_everybody(live: Live, visit: Visit) -> tuple[dict[str, set[int]], list[tuple[str, Somebody, str]]]:
    """(statuses of each route over all visitors, (route, visitor, address) of the pages to be judged).

    Asked by a client of the test's own that has the visitor's cookies: by the browser it would take minutes.
    """
    statuses: dict[str, set[int]] = {}
    seen: set[str] = set()
    different: list[tuple[str, Somebody, str]] = []
    for somebody in everybody(live, visit):
        client = Client()
        client.cookies.load(somebody.cookies)
        for route, address in addresses(somebody, live, NO_PAGES):
            answer = client.get(address)
            statuses.setdefault(route, set()).add(answer.status_code)
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                skeleton = Skeleton(answer.content.decode())
                digests = {route + skeleton.digest(skeleton.main), skeleton.digest(skeleton.around)}
                if not digests <= seen:
                    different.append((route, somebody, address))
                    seen |= digests
    return statuses, different


def test_axe_finds_nothing_on_any_page_of_anybody(live: Live, visit: Visit, chromium: Browser) -> None:
    statuses, pages = pages_of_everybody(live, visit)
    opened = {route for route, _, _ in pages}
    began, forms = time.monotonic(), dict[tuple[str, ...], Form]()
    # A form sends what answers 405; what answered 200 and is no page is a download.
    nobodys = {route: found for route, found in statuses.items() if not found & {200, 405}}
    assert nobodys == {}, "a page that nobody opens"
    found: list[str] = []
    page = visit("/")
    for number, (route, somebody, address) in enumerate(pages):
        page.context.clear_cookies()
        for language in LANGUAGES if EVERY_LANGUAGE else (LANGUAGES[number % 2],):
            cookies = {**somebody.cookies, "django_language": language}
            page.context.add_cookies([{"name": name, "value": value, "url": live.url} for name, value in cookies.items()])
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 200, (route, somebody.name)
            lines = {"plain": violations(page), "large": violations_in_large_display(page)}
            found += [f"{route} as {somebody.name}, {language}, {display}: {line}" for display in lines for line in lines[display]]
        for place, (action, *names) in enumerate(page.evaluate(FORMS)):
            if not names:
                continue
            key = (resolve(urlsplit(action).path).route, *names)
            forms.setdefault(key, Form(place, somebody, address, LANGUAGES[len(forms) % 2]))
    judged = [each for each in (answer_of(chromium, live, form) for form in forms.values()) if each is not None]
    found += [line for lines in judged for line in lines]
    assert len(judged) > 30, "of some seventy forms with fields most answer with a page"
    languages = len(LANGUAGES) if EVERY_LANGUAGE else 1
    print(f"{len(pages)} pages of {len(opened)} routes, each in {languages} of two languages; {len(judged)} answers to {len(forms)} forms; "
          f"in {time.monotonic() - began:.0f} s")
    print(*found, sep="\n")
    assert found == []


def answer_of(chromium: Browser, live: Live, form: Form) -> list[str] | None:
    """`judge_answer` in a context of its own: where an answer leads elsewhere, that one is still on its way when the next form is sent."""
    context = chromium.new_context(base_url=live.url, locale="zh-CN")
    context.set_default_timeout(WAIT_MS)
    try:
        cookies = {**form.somebody.cookies, "django_language": form.language}
        context.add_cookies([{"name": name, "value": value, "url": live.url} for name, value in cookies.items()])
        return judge_answer(context.new_page(), form)
    finally:
        context.close()


def judge_answer(page: Page, form: Form) -> list[str] | None:
    """What axe finds on the page that answers a form sent as it came; None when the answer is a file or leads elsewhere."""
    arrived: list[Frame] = []
    page.goto(form.address)
    page.on("framenavigated", lambda frame: arrived.append(frame))  # noqa: PLW0108 - Playwright takes no method of a list
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.request.is_navigation_request()) as sent:
        page.evaluate(SEND, form.place)
    status, told = sent.value.status, sent.value.headers
    if not (status == 200 or 400 <= status < 500) or "attachment" in told.get("content-disposition", ""):
        return None
    until = time.monotonic() + WAIT_MS / 1000
    while not arrived:
        page.wait_for_timeout(10)
        assert time.monotonic() < until, f"the answer to a form of {form.address} is not shown"
    page.wait_for_load_state("load")
    return [f"answer {status} to a form of {form.address} as {form.somebody.name}, {form.language}: {line}" for line in violations(page)]


@pytest.mark.parametrize(("address", "status"), [
    ("/nowhere", 404), ("/records/abc", 400), ("/records?number=abc", 400), ("/invitations/x", 404)])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_axe_finds_nothing_on_a_refusal(address: str, status: int, language: str, live: Live, visit: Visit) -> None:
    page = visit("/", language=language)
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == status
    assert violations(page) == []


def test_axe_finds_nothing_on_a_form_that_was_not_taken(live: Live, visit: Visit) -> None:
    page = visit("/sign-in")
    page.locator("input[name=login]").fill("nobody")
    page.locator("input[name=password]").fill("wrong password")
    page.keyboard.press("Enter")
    page.locator("[role=alert]").wait_for()
    assert violations(page) == []


def test_axe_would_see_a_fault(live: Live, visit: Visit) -> None:
    page = visit("/sign-in")
    page.evaluate("document.querySelector('label').remove(); document.querySelector('h1').style.color = '#dddddd'")
    assert {line.partition(":")[0] for line in violations(page)} >= {"label", "color-contrast"}
