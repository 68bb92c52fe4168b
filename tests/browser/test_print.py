"""A record and a case on paper: A4, the number at the head of every page, page x of y at its foot, and each digest whole."""
import re

import pypdfium2
from playwright.sync_api import Page

from accounts.permissions import Role
from tests.browser.conftest import Live, Visit
from tests.browser.test_desk import at_work
from tests.evidence.desk import Desk

A4_PT = (595.0, 842.0)
# What a browser rounds.
WITHIN_PT = 1.5
DIGEST = re.compile("[0-9a-f]{64}")


def printed(page: Page) -> list[str]:
    """The text of each page of paper, without spaces and line ends. The size is what the style sheet says."""
    document = pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True))
    try:
        for number in range(len(document)):
            size = document.get_page_size(number)
            assert all(abs(found - wanted) < WITHIN_PT for found, wanted in zip(size, A4_PT, strict=True)), size
        return [re.sub(r"\s", "", document[number].get_textpage().get_text_bounded()) for number in range(len(document))]
    finally:
        document.close()


def assert_headed(sheets: list[str], head: str) -> None:
    assert len(sheets) > 1, "one page alone shows no running header"
    for number, text in enumerate(sheets, 1):
        assert head in text, f"page {number} does not say what it belongs to"
        assert f"{number}/{len(sheets)}" in text, f"page {number} has no number"


def digests_on(page: Page) -> set[str]:
    """The digests that the page writes out whole, in groups or not."""
    texts = page.locator("main code").all_text_contents()
    return {text for text in (re.sub(r"\s", "", each) for each in texts) if DIGEST.fullmatch(text)}


def test_a_record_is_printed_with_its_number_on_every_page_and_its_digests_whole(live: Live, visit: Visit) -> None:
    page = visit(f"/records/{live.records[0]}")
    # What is folded on the screen is printed all the same.
    assert page.locator("details").count()
    page.locator("details").evaluate_all("all => all.forEach(each => each.removeAttribute('open'))")
    digests = digests_on(page)
    sheets = printed(page)
    assert_headed(sheets, live.records[0])
    assert digests
    assert {digest for digest in digests if digest not in "".join(sheets)} == set()


def test_a_case_is_printed_with_its_number_on_every_page(live: Live, visit: Visit) -> None:
    desk = Desk(Role.CASE_OFFICER, login="print")
    case = desk.case("LN-2026-0001")
    for number in range(12):
        desk.send(case, (f"通话录音-{number}.wav", b"RIFF" + bytes([number]), "audio/wav"), json=True)
    page = at_work(desk, visit, live, f"/cases/{case.ref}")
    sheets = printed(page)
    assert_headed(sheets, case.ref)
    assert "打印" not in sheets[0]
