"""The check of a file in hand: the digest comes in the body, one claim comes back, and nothing else is learned."""
import hashlib
from typing import Any

import pytest
from django.test import Client

from evidence.disclosure import WRONG_DIGESTS_A_DAY
from evidence.models import DisclosureAttempts
from tests.portal.conftest import FILE_SHA256, SECRETS, Deposit
from tests.portal.pages import Page

WRONG = "ab" * 32


def check(client: Client, number: str, sha256: str, *, status: int = 200) -> Page:
    answer = client.post(f"/records/{number}/check", {"sha256": sha256})
    assert answer.status_code == status, answer.content
    return Page(answer.content.decode())


def chip(page: Page) -> str:
    return next(element.text for element in page.all("span") if element.attributes.get("class", "").startswith("chip "))


@pytest.mark.parametrize("typed", [
    FILE_SHA256, FILE_SHA256.upper(), " ".join(FILE_SHA256[at : at + 8] for at in range(0, 64, 8)), f"{FILE_SHA256}  loan contract.pdf",
    f"  {FILE_SHA256}\n",
])
def test_right_digest_shows_integrity_and_that_one_claim(make_record: Deposit, client: Client, typed: str) -> None:
    number = make_record(3)
    page = check(client, number, typed)
    assert chip(page) == "与存证时一致"
    assert "保密文件.pdf" in page.text
    assert page.all_faults() == []
    others = [secret for secret in (*SECRETS, "附件2", "附件3") if secret != "保密文件.pdf"]
    assert [secret for secret in others if secret in page.source] == []


def test_shown_claim_and_salt_give_the_digest_in_the_statement(make_record: Deposit, client: Client) -> None:
    page = check(client, make_record(), FILE_SHA256)
    codes = [element.text for element in page.all("code")]
    claim = next(code for code in codes if code.startswith('{"name":"files/1"'))
    salt = bytes.fromhex(codes[codes.index(claim) + 1])
    digest = hashlib.sha256(salt + claim.encode()).hexdigest()
    assert codes.count(digest) == 2
    assert len(salt) == 32


def test_wrong_digest_is_different_and_proves_no_tampering(make_record: Deposit, client: Client) -> None:
    page = check(client, make_record(), WRONG)
    assert chip(page) == "不一致"
    assert "不证明原件被篡改" in page.text
    assert page.all_faults() == []
    assert [secret for secret in SECRETS if secret in page.source] == []


@pytest.mark.parametrize("typed", ["", "zz" * 32, "ab" * 31, "ab" * 33, "<script>", "0x" + "ab" * 31, "a b" * 30, "ａｂ" * 32])
def test_what_is_no_digest_is_a_fault_at_the_field_and_costs_no_attempt(make_record: Deposit, client: Client, typed: str) -> None:
    page = check(client, make_record(), typed, status=400)
    assert chip(page) == "未核对"
    assert page.by_id("sha256").attributes["aria-invalid"] == "true"
    assert page.all_faults() == []
    assert not DisclosureAttempts.objects.exists()


@pytest.mark.parametrize("number", ["abc", "%3Cscript%3E"])
def test_check_of_no_number_is_400(service: str, client: Client, number: str) -> None:
    assert "存证编号有误" in check(client, number, WRONG, status=400).text


def test_check_of_an_unknown_number_is_404(service: str, client: Client) -> None:
    assert "没有这份存证" in check(client, "CZ-20261123-01234-56789-W", WRONG, status=404).text


def test_guessing_ends_after_ten_wrong_digests_a_day(make_record: Deposit, client: Client) -> None:
    number = make_record()
    for guess in range(WRONG_DIGESTS_A_DAY):
        check(client, number, hashlib.sha256(b"%d" % guess).hexdigest())
    page = check(client, number, FILE_SHA256, status=429)
    assert "今日核对次数已用完" in page.text
    assert page.all_faults() == []


def test_digest_never_comes_by_address(make_record: Deposit, client: Client) -> None:
    number = make_record()
    answer: Any = client.get(f"/records/{number}/check", {"sha256": FILE_SHA256})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/records/{number}")
