"""Renderings in the browser: the page that waits shows them by itself, a recording is played, nothing is blocked and nothing runs."""
from playwright.sync_api import ConsoleMessage, Page, expect

from accounts.permissions import Role
from evidence.models import Evidence
from tests.browser.accessibility import violations, violations_in_large_display
from tests.browser.cast import session_of
from tests.browser.conftest import Live, Visit
from tests.evidence.desk import Desk
from tests.evidence.drawn import LETTER, SMS, pdf, picture, sound
from tests.hostile.files import hostile_files

BEACON = "http://beacon.invalid/ran"
DRAWN_WITHIN_MS = 60_000


def deposited(desk: Desk, case: str, *files: tuple[str, bytes, str]) -> str:
    answer = desk.send(desk.case(case), *files, json=True)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["record"])


def at_record(desk: Desk, visit: Visit, live: Live, number: str) -> tuple[Page, list[str]]:
    """The record's page once everything on it is drawn, and what the browser complained of."""
    page = visit("/")
    page.context.add_cookies([{"name": name, "value": value, "url": live.url} for name, value in session_of(desk.person).items()])
    said: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append(message.text)

    page.on("console", heard)
    page.goto(f"/records/{number}")
    # Loaded again by its own script, without anybody's doing.
    expect(page.locator("[data-prepared-at]")).to_have_count(0, timeout=DRAWN_WITHIN_MS)
    return page, said


def test_what_is_drawn_is_shown_and_played_and_has_no_barriers(live: Live, visit: Visit) -> None:
    desk = Desk(Role.CASE_OFFICER, login="drawn")
    number = deposited(
        desk, "LN-1", ("通话录音.wav", sound(seconds=4), "audio/wav"), ("借款合同.pdf", pdf(4), "application/pdf"),
        ("短信.csv", SMS.encode("gbk"), "text/csv"), ("催告函.eml", LETTER, "message/rfc822"), ("网页.html", b"<p>x", "text/html"),
        ("门牌.png", picture(), "image/png"))
    page, said = at_record(desk, visit, live, number)
    expect(page.get_by_text("渲染件，非原件")).to_have_count(4)
    expect(page.get_by_text("无法在此展示")).to_have_count(1)
    length = page.locator("audio").evaluate("""async audio => {
        audio.muted = true;
        await audio.play();
        await new Promise(heard => audio.addEventListener("timeupdate", () => audio.currentTime > 0.2 && heard()));
        audio.currentTime = 3.5;
        await new Promise(there => audio.addEventListener("ended", there));
        return audio.duration;
    }""")
    assert 3.9 < length < 4.1
    shown = page.locator(".rendering img").evaluate_all(
        "pictures => Promise.all(pictures.map(each => (each.loading = 'eager', each.decode().then(() => each.naturalWidth))))")
    assert shown == [1130, 1130]
    assert said == []
    assert violations(page) == []
    assert violations_in_large_display(page) == []
    page.goto(f"/records/{number}/files/2/view")
    expect(page.locator("figure")).to_have_count(4)
    assert violations(page) == []
    page.goto(f"/records/{number}/files/3/view")
    # A table that scrolls is reached, and scrolled, by keyboard.
    page.locator(".paper").focus()
    expect(page.locator(".paper")).to_be_focused()
    assert violations(page) == []
    assert said == []


def test_no_script_of_a_hostile_file_runs_where_it_is_shown(live: Live, visit: Visit) -> None:
    desk = Desk(Role.CASE_OFFICER, login="shown")
    files = [file for file in hostile_files(BEACON) if file.name.isascii() and "/" not in file.name and "\\" not in file.name]
    names = {file.name: (file.name, file.data, file.media_type or "text/plain") for file in files}
    # Those of which a page shows something, and some that it refuses.
    wanted = [
        "letter.eml", "paper.pdf", "link.pdf", "both.gif", "plain.txt", "picture.png", "table.csv", "data.json", "page.html", "picture.svg"]
    ran: list[str] = []
    for begin in (0, 5):
        number = deposited(desk, f"LN-{begin}", *(names[name] for name in wanted[begin:begin + 5]))
        page = visit("/")
        page.context.on("request", lambda request: ran.append(request.url) if request.url.startswith(BEACON) else None)
        page, said = at_record(desk, visit, live, number)
        assert "ran" not in page.title()
        assert said == []
        for position in range(1, Evidence.objects.get(record=number).files.count() + 1):
            page.goto(f"/records/{number}/files/{position}/view")
            expect(page.locator("h1")).to_be_visible()
    assert ran == []
