"""What a browser adds to the pages: language, large text, the digest of a chosen file, and a keyboard instead of a mouse."""
import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.permissions import Kind, Role
from cases.models import Case
from tests.accounts.people import make_organisation
from tests.browser.accessibility import walk_by_tab
from tests.browser.cast import session_of
from tests.browser.conftest import Live, Visit
from tests.evidence.desk import Desk

CONTRACT = Path(__file__).resolve().parent.parent.parent / "samples" / "case" / "loan-contract.pdf"


def test_language_is_switched_in_place_and_stays(live: Live, visit: Visit) -> None:
    page = visit("/records?number=")
    before = page.url
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url == before
    page.goto("/sign-in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")


def test_large_text_makes_everything_larger_and_goes_back(live: Live, visit: Visit) -> None:
    page = visit("/sign-in")
    size = "parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)"
    plain = page.evaluate(size)
    page.get_by_role("button", name="大字高对比").click()
    expect(page.locator("html")).to_have_attribute("data-display", "large")
    page.wait_for_load_state()  # the attribute is there before the style sheets are
    assert page.evaluate(size) >= 1.2 * plain
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-display", "large")
    page.get_by_role("button", name="标准显示").click()
    page.goto("/sign-in")
    assert page.evaluate(size) == plain


def test_a_chosen_file_is_digested_here_and_never_sent(live: Live, visit: Visit, tmp_path: Path) -> None:
    original = CONTRACT
    digest = hashlib.sha256(original.read_bytes()).hexdigest()
    page = visit(f"/records/{live.records[0]}")
    sent: list[bytes] = []
    page.on("request", lambda request: sent.append(request.post_data_buffer or b"") if request.method == "POST" else None)
    page.locator("#file").set_input_files(original)
    expect(page.locator("#sha256")).to_have_value(digest)
    assert sent == [], "choosing sends nothing"
    page.keyboard.press("Enter")
    expect(page.locator("#check ~ .result.good")).to_contain_text("与存证时一致")
    assert len(sent) == 1
    assert digest.encode() in sent[0]
    assert len(sent[0]) < 200
    changed = tmp_path / original.name
    changed.write_bytes(original.read_bytes() + b" ")
    page.locator("#file").set_input_files(changed)
    expect(page.locator("#sha256")).to_have_value(hashlib.sha256(changed.read_bytes()).hexdigest())
    page.keyboard.press("Enter")
    expect(page.locator("#check ~ .result.bad")).to_contain_text("不一致")


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("name", ["sign-in", "record", "home"])
def test_tab_reaches_everything_and_shows_where_it_is(name: str, large: bool, live: Live, visit: Visit) -> None:
    path = {"sign-in": "/sign-in", "record": f"/records/{live.records[0]}", "home": "/"}[name]
    assert walk_by_tab(visit(path, large=large)) == ([], [])


def test_the_first_tab_leads_past_the_head_of_the_page(live: Live, visit: Visit) -> None:
    page = visit("/sign-in")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_list_of_cases_fits_a_screen_of_1280_pixels(language: str, live: Live, visit: Visit) -> None:
    """Also with a long name, a long reference and the longest stage."""
    lender = make_organisation(Kind.LENDER, "示例贷后管理股份有限公司" * 3)
    desk = Desk(Role.CASE_OFFICER, lender, f"wide-{language}")
    case = desk.case("LN-2026-" + "0123456789" * 8)
    desk.send(case, ("通话录音.wav", b"RIFF....", "audio/wav"), json=True)
    Case.objects.filter(pk=case.pk).update(stage=Case.Stage.ENTRUSTED)
    page = visit("/", language=language)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.context.add_cookies([{"name": name, "value": value, "url": live.url} for name, value in session_of(desk.person).items()])
    page.goto("/cases")
    expect(page.locator("main .scroll")).to_have_count(1)
    assert page.evaluate("(e => e.scrollWidth - e.clientWidth)(document.querySelector('main .scroll'))") == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
