"""The search by record number: what people type leads to the record, or to the form with what is wrong."""
from collections.abc import Callable

import pytest
from django.test import Client

from tests.portal.conftest import Deposit, Open

UNKNOWN = "CZ-20261123-01234-56789-W"


@pytest.mark.parametrize("spell", [
    str, str.lower, lambda number: number.replace("-", ""), lambda number: f"  {number.replace('-', ' ')} ",
    lambda number: number.replace("0", "O"), lambda number: number.replace("1", "l"),
])
def test_what_people_type_leads_to_the_record(make_record: Deposit, client: Client, spell: Callable[[str], str]) -> None:
    number = make_record()
    answer = client.get("/records", {"number": spell(number)})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/records/{number}")


def test_another_spelling_in_the_address_leads_to_the_one_address(make_record: Deposit, client: Client) -> None:
    number = make_record()
    answer = client.get(f"/records/{number.lower().replace('-', '')}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/records/{number}")


def test_mistyped_number_comes_back_with_the_fault_linked_to_the_field(service: str, open_page: Open) -> None:
    page = open_page("/records", number="CZ-20261123-4K7QM-X2R9D-1", status=400)
    field = page.by_id("number")
    assert field.attributes["value"] == "CZ-20261123-4K7QM-X2R9D-1"
    assert field.attributes["aria-invalid"] == "true"
    assert "number-fault" in field.attributes["aria-describedby"]
    assert "#number" in [link.attributes["href"] for link in page.all("a")]
    assert "record-number-malformed" in page.text


def test_unknown_number_is_404_and_says_what_to_do(service: str, open_page: Open) -> None:
    page = open_page(f"/records/{UNKNOWN}", status=404)
    assert "没有这份存证" in page.text
    assert page.by_id("number").attributes["value"] == UNKNOWN


def test_empty_form_is_no_fault_but_an_empty_number_is(service: str, open_page: Open) -> None:
    assert "aria-invalid" not in open_page("/records").by_id("number").attributes
    assert "aria-invalid" in open_page("/records?number=", status=400).by_id("number").attributes


@pytest.mark.parametrize("hostile", [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "{% url 'home' %}", "' OR 1=1 --", "\x00",
    "CZ" + "0" * 5000, "ＣＺ－２０２６１１２３", "CZ-20261123-4K7QM-X2R9D-İ", "../../etc/passwd", "%00",
    "\r\nSet-Cookie: a=b", "\u202e0-D9R2X",
])
def test_hostile_number_is_refused_and_shown_only_as_text(service: str, client: Client, open_page: Open, hostile: str) -> None:
    page = open_page("/records", number=hostile, status=400)
    assert page.all_faults() == []
    assert page.by_id("number").attributes["value"] == hostile.strip()[:200]
    assert "Set-Cookie" not in client.get("/records", {"number": hostile}).headers


@pytest.mark.parametrize("path", [
    "/records/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "/records/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E", "/records/%00",
    "/records/%0d%0aX:y", "/records/" + "A" * 4000, "/records/%F0%9F%92%A9",
    "/records/%FF%FE", "/records/..%2f..%2fetc", "/%3Cscript%3E", "/records/a/b/c",
])
@pytest.mark.parametrize("suffix", ["", "/check", "/print.css"])
def test_hostile_address_never_fails_and_never_runs(service: str, client: Client, path: str, suffix: str) -> None:
    answer = client.get(path + suffix, follow=True)
    assert answer.status_code in (400, 404)
    body = answer.content.decode()
    assert "<script>alert" not in body
    assert "<img src=x" not in body
