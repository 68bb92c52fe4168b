"""One live service for all browser tests, one Chromium, and a context of its own for each visitor.

The service is what `make run` starts: gunicorn, sequencer, worker, two witnesses, two timestamp authorities, on a fresh folder. People
are made in its database by the services that make real ones; what they do afterwards, they do in the browser.
"""
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django import DjangoDbBlocker

from config import env
from tests.browser.program import ARGUMENTS, MISSING, find_chromium
from tests.repository.free_ports import free_ports
from tests.repository.running import FIRST_START_S, Place, running

# `make test-browser` runs them: they need Chromium, and share one live service.
collect_ignore = [] if os.environ.get("CUNZHENG_BROWSER") else [
    "test_axe.py", "test_desk.py", "test_flows.py", "test_pages.py", "test_print.py", "test_renderings.py", "test_sign_in.py",
    "test_visit.py"]
# The synchronous Playwright runs an event loop in this very thread, and Django would take each query for one made inside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

WAIT_MS = 20_000

Visit = Callable[..., Page]


@dataclass(frozen=True)
class Live:
    """The running service: its address as a browser types it, its folder, its test identity provider, and the records of its sample."""

    url: str
    idp: str
    var: Path
    records: tuple[str, ...]


@pytest.fixture(scope="session")
def program() -> str:
    """Where Chromium is. Without it everything here fails, and nothing is skipped."""
    found = find_chromium()
    if found is None:
        pytest.fail(MISSING, pytrace=False)
    return found


@pytest.fixture(scope="session")
def live(program: str, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Live]:
    """Started once. Django's default connection of this process points to its database, the folder to its folder."""
    folder = tmp_path_factory.mktemp("live")
    web, tsa, tsa2, notary, court, idp, sms = free_ports(7)
    # By name, because a passkey belongs to a domain and an address of digits is none.
    url = f"http://localhost:{web}"
    more = {"CUNZHENG_URL": url, "CUNZHENG_EVIDENCE_ORIGIN": f"http://evidence.localhost:{web}",
            "CUNZHENG_HOSTS": "127.0.0.1 localhost evidence.localhost"}
    place = Place(folder / "var", web, tsa, tsa2, notary, court, idp, sms, more=more)
    with running(place, folder, "--without-people") as service, django_db_blocker.unblock():
        ready = service.wait_until_ready(FIRST_START_S)
        connection = connections["default"]
        connections.close_all()
        connection.settings_dict.update(env.database("", place.var))
        settings.VAR_DIR = place.var
        numbers = ready["records"]
        assert isinstance(numbers, list)
        yield Live(url, f"http://127.0.0.1:{idp}", place.var, tuple(map(str, numbers)))
        connections.close_all()


@pytest.fixture(scope="session")
def chromium(program: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(live: Live, chromium: Browser) -> Iterator[Visit]:
    """Opens a page in a browser of its own, with its own cookies: `visit("/sign-in", language="en", large=True)`."""
    contexts: list[BrowserContext] = []

    def open_page(path: str = "/", *, language: str = "zh-hans", large: bool = False, scripts: bool = True) -> Page:
        context = chromium.new_context(base_url=live.url, locale="zh-CN", java_script_enabled=scripts)
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        context.add_cookies([{"name": "django_language", "value": language, "url": live.url}])
        if large:
            context.add_cookies([{"name": "cunzheng_display", "value": "large", "url": live.url}])
        page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
