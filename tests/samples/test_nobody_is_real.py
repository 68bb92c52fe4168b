"""Nobody in the case exists, and no paper of it borrows an authority's words."""
import base64
import json
import re

import pytest

from samples import facts, papers
from samples.conversations import CALL
from tests.samples.files import FILES

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)          # GB 11643-1999
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"                      # GB 32100-2015
FORBIDDEN = ("司法级", "具有法律效力", "法院认可", "防伪", "司法", "法院", "公检法", "立案通知", "强制执行通知", "强制执行")
ORGANISATIONS = (facts.LENDER, facts.AGENCY, facts.LAW_FIRM, facts.PLATFORM)


def identity_check_digit(number: str) -> str:
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(number[:17], WEIGHTS, strict=True)) % 11]


def credit_check_character(code: str) -> str:
    total = sum(CREDIT_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(code[:17]))
    return CREDIT_ALPHABET[-total % 31]


def luhn_sum(number: str) -> int:
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
    return sum(value // 10 + value % 10 for value in doubled)


def texts() -> dict[str, str]:
    """Every text that a debtor may read, by where it stands: files, attachments, and what the papers are typeset from."""
    found = {path: data.decode("utf-8-sig") for path, data in FILES.items() if not path.endswith((".pdf", ".wav"))}
    found |= {path.name: path.read_text(encoding="utf-8") for path in papers.TEMPLATES.iterdir()}
    found["call"] = "".join(turn.text for turn in CALL)
    found["paper data"] = json.dumps([papers.contract_data(), papers.demand_data()], ensure_ascii=False)
    for path in (path for path in FILES if path.endswith(".eml")):
        bodies = re.findall(r"base64\r\n(?:[^\r\n]+\r\n)?\r\n((?:[A-Za-z0-9+/=]+\r\n)+)", FILES[path].decode())
        found[f"{path} bodies"] = "".join(base64.b64decode(body).decode() for body in bodies)
    return found


def test_check_digits_are_computed_as_the_standards_say() -> None:
    assert identity_check_digit("11010519491231002") == "X", "the example of GB 11643"
    assert credit_check_character("91350100M000100Y4") == "3", "a published example of GB 32100"
    assert luhn_sum("79927398713") % 10 == 0


def test_identity_number_has_an_unassigned_region_and_a_wrong_check_digit() -> None:
    number = facts.BORROWER.identity_number
    assert re.fullmatch(r"990101\d{11}[\dX]", number)
    assert identity_check_digit(number) != number[17]


def test_no_valid_identity_number_stands_in_any_text() -> None:
    candidates = {number for text in texts().values() for number in re.findall(r"(?<![\dA-Fa-f])\d{17}[\dXx](?![\dA-Fa-f])", text)}
    assert facts.BORROWER.identity_number in candidates
    assert [number for number in candidates if identity_check_digit(number) == number[17].upper()] == []


@pytest.mark.parametrize("body", ORGANISATIONS, ids=lambda body: body.email)
def test_organisation_is_named_a_sample_and_its_code_is_wrong(body: facts.Organisation) -> None:
    assert body.name.startswith("样例")
    assert body.credit_code[2:8] == "990000"
    assert credit_check_character(body.credit_code) != body.credit_code[17]


@pytest.mark.parametrize("account", [facts.BORROWER.bank_account, facts.LENDER_ACCOUNT])
def test_bank_account_is_no_card_number(account: str) -> None:
    assert luhn_sum(account) % 10 != 0


def test_every_telephone_number_has_the_prefix_of_no_carrier() -> None:
    numbers = {number for text in texts().values() for number in re.findall(r"(?<![\dA-Za-z])1\d{10}(?!\d)", text)}
    assert facts.BORROWER.phone in numbers
    assert all(number.startswith("1540000") for number in numbers)


def test_every_mail_domain_is_reserved() -> None:
    domains = {domain for text in texts().values() for domain in re.findall(r"@([A-Za-z0-9.-]+)", text)}
    assert domains
    assert all(domain.endswith(".example") for domain in domains)


def test_every_address_of_a_machine_is_for_documentation() -> None:
    addresses = {address for text in texts().values() for address in re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", text)}
    assert addresses
    assert all(address.startswith("192.0.2.") for address in addresses)


@pytest.mark.parametrize("where", sorted(texts()))
def test_no_text_uses_a_word_that_is_not_ours_to_use(where: str) -> None:
    assert [word for word in FORBIDDEN if word in texts()[where]] == []


def test_bodies_of_the_mails_were_read() -> None:
    assert "运单轨迹见附件" in texts()["courier-delivery-receipt.eml bodies"]
    assert "不表示收件人已经阅读" in texts()["email-delivery-receipt.eml bodies"]


def test_every_page_of_a_paper_says_that_it_is_fictitious() -> None:
    assert "虚构样例" in (papers.TEMPLATES / "paper.typ").read_text(encoding="utf-8")
