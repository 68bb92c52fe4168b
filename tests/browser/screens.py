"""Pictures of the main pages in both languages: `make screens` writes `docs/screens/`.

The service is what `make run` starts, with its fictitious people and cases; whoever looks at a page is signed in with both factors.
What this does not do: judge. Look at each picture, and mend what looks wrong.
"""
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from playwright.sync_api import Browser, Page, Playwright, ViewportSize, sync_playwright

from tests.browser.program import ARGUMENTS, find_chromium, speaking, why_not_spoken
from tests.repository.free_ports import free_ports
from tests.repository.running import FIRST_START_S, ROOT, Place, running

SIZE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 390, "height": 780}
# Picture, the login's first part or "" for nobody, path; {number} is a record, {case} a case of the lender's.
PAGES = (
    ("home", "", "/"), ("verify", "", "/records/{number}"), ("desk", "case-officer", "/work"), ("start", "case-officer", "/home"),
    ("cases", "case-officer", "/cases"), ("case", "case-officer", "/cases/{case}"), ("evidence", "case-officer", "/evidence"),
    ("dashboard", "case-officer", "/dashboard"), ("access", "legal-officer", "/access"), ("docket", "notary", "/docket"),
    ("orders", "judge", "/orders"), ("inbox", "legal-officer", "/inbox"), ("operations", "operator", "/operations"),
    ("start-operator", "operator", "/home"), ("start-auditor", "auditor", "/home"), ("mandates", "lawyer", "/docket"),
    ("start-administrator", "lender-admin", "/home"),
    ("applications", "operator", "/applications"), ("audit", "auditor", "/audit"), ("visit", "collection-agent", "/visit"),
)
LANGUAGES = ("zh-hans", "en")


@contextmanager
def service_with_people(folder: Path) -> Iterator[tuple[str, str]]:
    """(its address, a record of the sample case); Django of this process stands on its database."""
    web, tsa, tsa2, notary, court, idp, sms = free_ports(7)
    place = Place(folder / "var", web, tsa, tsa2, notary, court, idp, sms)
    with running(place, folder) as service:
        ready = service.wait_until_ready(FIRST_START_S)
        os.environ.update(place.environment, DJANGO_SETTINGS_MODULE="config.settings", DJANGO_ALLOW_ASYNC_UNSAFE="true")
        django.setup()
        numbers = ready["records"]
        assert isinstance(numbers, list)
        yield f"http://127.0.0.1:{web}", str(numbers[0])


def sign_in(page: Page, url: str, login: str) -> None:
    from accounts.models import Person  # noqa: PLC0415 - Django knows its database only now
    from tests.browser.cast import session_of  # noqa: PLC0415

    page.context.clear_cookies()
    cookies = session_of(Person.objects.get(login=f"{login}@seed.invalid")) if login else {}
    page.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])


def fullest_case() -> str:
    """The fictitious lender's case with a file and the most evidence."""
    from django.db.models import Count  # noqa: PLC0415

    from accounts.fictitious import CODES  # noqa: PLC0415
    from evidence.models import Evidence  # noqa: PLC0415

    counted = Evidence.objects.filter(
        case__organisation__credit_code=CODES["lender"], case__file_version__gt=0).values("case__ref").annotate(count=Count("pk"))
    return str(counted.order_by("-count")[0]["case__ref"])


def launched(playwright: Playwright, language: str) -> Browser:
    """Chromium with its own words in the language of the page. Exits, saying what to install, where it has none."""
    browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS, env={**speaking(language)})
    page = browser.new_page()
    why = why_not_spoken(language, str(page.evaluate("navigator.language")))
    if why:
        sys.exit(why)
    page.close()
    return browser


def main() -> int:
    target = ROOT / "docs" / "screens"
    target.mkdir(exist_ok=True)
    with (tempfile.TemporaryDirectory(prefix="screens-") as temporary, service_with_people(Path(temporary)) as (url, number),
          sync_playwright() as playwright):
        case = fullest_case()
        for language in LANGUAGES:
            browser = launched(playwright, language)
            for name, login, path in PAGES:
                page = browser.new_context(viewport=NARROW if name == "visit" else SIZE, locale="zh-CN").new_page()
                sign_in(page, url, login)
                page.context.add_cookies([{"name": "django_language", "value": language, "url": url}])
                answer = page.goto(url + path.format(number=number, case=case))
                # What a script shows is there once it has run.
                page.wait_for_load_state("networkidle")
                page.screenshot(path=target / f"{name}.{language}.png")
                print(f"{name}.{language}.png  {answer.status if answer else '?'}  {path}")
                page.context.close()
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
