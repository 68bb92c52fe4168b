"""The page of verification: by number, by number and file, by QR code, by package; what was not checked is never called checked."""
import doctest
import re

import pytest
from django.test import Client
from pytest_django import Settings

from evidence.disclosure import WRONG_DIGESTS_A_DAY
from evidence.portal import qr_codes
from evidence.portal.package_words import BY_BROWSER, NOT_BY_BROWSER
from evidence.portal.qr_codes import qr_code
from tests.databases import ROOT
from tests.portal.conftest import FILE_SHA256, SECRETS, Deposit, Open
from tests.portal.pages import Page
from tests.portal.qr_reading import read_path

WRONG = "ab" * 32


def posted(client: Client, number: str, sha256: str, status: int = 200) -> Page:
    answer = client.post("/records", {"number": number, "sha256": sha256})
    assert answer.status_code == status, answer.content
    return Page(answer.content.decode())


def test_a_file_is_held_against_the_record_of_which_the_number_was_typed(make_record: Deposit, client: Client) -> None:
    number = make_record(2)
    same = posted(client, number.lower().replace("-", " "), FILE_SHA256)
    assert ("与存证时一致" in same.text, "保密文件.pdf" in same.text) == (True, True)
    different = posted(client, number, WRONG)
    assert "不一致" in different.text
    assert [secret for secret in SECRETS if secret in different.source] == []


def test_a_number_or_a_digest_that_is_none_comes_back_with_the_fault(make_record: Deposit, client: Client) -> None:
    assert "存证编号有误" in posted(client, "CZ-1", FILE_SHA256, 400).text
    assert "没有这份存证" in posted(client, "CZ-20261123-01234-56789-W", FILE_SHA256, 404).text
    page = posted(client, make_record(), "no digest", 400)
    assert page.by_id("sha256").attributes["aria-invalid"] == "true"


def test_guessing_by_this_form_ends_as_by_every_other(make_record: Deposit, client: Client) -> None:
    number = make_record()
    for _ in range(WRONG_DIGESTS_A_DAY):
        posted(client, number, WRONG)
    assert client.post("/records", {"number": number, "sha256": FILE_SHA256}).status_code == 429


def test_no_form_of_the_page_can_send_a_file(service: str, open_page: Open) -> None:
    """A file input with a name would go with its form where no script runs."""
    page = open_page("/records")
    choosers = [each.attributes for each in page.all("input") if each.attributes.get("type") == "file"]
    assert [chooser.get("name") for chooser in choosers] == [None, None]
    assert "multipart/form-data" not in page.source


@pytest.mark.parametrize("address", ["https://cunzheng.example.org", "http://127.0.0.1:8000", "https://a-rather-long-name." + "x" * 60])
def test_the_code_on_a_records_page_leads_to_that_very_page(
    address: str, make_record: Deposit, open_page: Open, settings: Settings,
) -> None:
    settings.PUBLIC_URL = address
    number = make_record()
    page = open_page(f"/records/{number}")
    [path] = re.findall(r'<path d="([^"]+)" fill="#000"', page.source)
    [side] = re.findall(r'<rect width="(\d+)" height="\1" fill="#fff"/>', page.source)
    assert read_path(path, int(side)) == f"{address}/records/{number}"
    assert f"{address}/records/{number}" in page.text


def test_a_code_that_lost_a_run_is_read_as_something_else() -> None:
    """The reader above does not correct errors, so it would see a run that is drawn wrong."""
    drawn = qr_code("https://cunzheng.example.org/records/CZ-20261123-4K7QM-X2R9D-0")
    runs = re.findall(r"M[^z]+z", drawn.path)
    corner = next(run for run in reversed(runs) if int(run.partition("M")[2].split()[0]) > drawn.side - 8)
    with pytest.raises((AssertionError, ValueError, UnicodeDecodeError)):
        assert read_path(drawn.path.replace(corner, ""), drawn.side) == drawn.text


def test_dark_modules_beside_each_other_are_one_rectangle() -> None:
    result = doctest.testmod(qr_codes)
    assert (result.attempted, result.failed) == (1, 0)


def test_the_page_says_before_anything_is_chosen_what_no_browser_checks(service: str, open_page: Open) -> None:
    page = open_page("/records")
    for words in (*(words for _, words in BY_BROWSER), *NOT_BY_BROWSER):
        assert str(words) in page.text
    place = next(each.attributes for each in page.all("div") if "data-package-check" in each.attributes)
    for verdict in ("data-passed", "data-unchecked"):
        assert "这不是核验通过" in place[verdict]
    assert page.all_faults() == []


def test_the_script_fills_exactly_the_rows_that_the_page_has() -> None:
    source = (ROOT / "static/js/package_facts.js").read_text(encoding="utf-8")
    [names] = re.findall(r"const names = \[(.+?)\];", source)
    assert re.findall(r'"(\w+)"', names) == [name for name, _ in BY_BROWSER]
    assert not re.search(r"\bfetch\b|XMLHttpRequest|sendBeacon", source + (ROOT / "static/js/package_check.js").read_text(encoding="utf-8"))
