"""The pages of the case file: import by hand, the reckoning sheet, and the parts that a case page includes; in both languages."""
import csv
import io
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone, translation

from accounts.models import Organisation
from accounts.permissions import ROLES, Act, Role
from accounts.viewer import Viewer
from cases.importing.columns import PAYMENT_COLUMNS, template_csv
from cases.models import Case, Payment
from cases.portal.file_page import file_page
from cases.portal.words import CONVENTIONS, REASONS, ground_word
from cases.reckoning import sheet
from cases.reckoning.rows import clause
from cases.selectors import case_file_for
from tests.accounts.people import make_person, signed_in
from tests.cases.case_files import PERSONAL, Send, case_body
from tests.portal.pages import Page

LANGUAGES = ("zh-hans", "en")


@pytest.fixture
def officer(lender: Organisation) -> Client:
    return signed_in(make_person("officer", Role.CASE_OFFICER, lender))


def page_of(answer: Any, status: int = 200) -> Page:
    assert answer.status_code == status, answer.content.decode()[:2000]
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    return page


def upload(client: Client, data: bytes, language: str = "zh-hans", to: str = "/cases/import") -> Any:
    return client.post(to, {"file": SimpleUploadedFile("cases.csv", data)}, headers={"Accept-Language": language})


def confirmation(report: Page) -> tuple[str, str]:
    """Where the form of a report leads, and the digest that it carries."""
    form = next(each.attributes["action"] for each in report.elements if each.attributes.get("action", "").endswith("/confirm"))
    return form, next(each.attributes["value"] for each in report.elements if each.attributes.get("name") == "sha256")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_officer_checks_a_file_reads_what_is_wrong_and_imports_it(officer: Client, language: str) -> None:
    heads = {"Accept-Language": language}
    page = page_of(officer.get("/cases/import", headers=heads))
    assert language == "zh-hans" or page.chinese() == []
    template = officer.get("/cases/import/template.csv")
    assert template.content == template_csv()
    wrong = page_of(upload(officer, template.content.replace(b"12000.00", b"-5"), language), 422)
    assert "本金" in wrong.source
    assert language == "zh-hans" or wrong.chinese() == []
    assert not Case.objects.exists()
    report = page_of(upload(officer, template.content, language))
    assert language == "zh-hans" or report.chinese() == []
    form, digest = confirmation(report)
    page_of(officer.post(form, {"sha256": "x" * 64}, headers=heads), 409)
    assert not Case.objects.exists()
    done = page_of(officer.post(form, {"sha256": digest}, headers=heads, follow=True))
    assert Case.objects.get().file_version == 1
    assert {"zh-hans": "已导入 1 个案件", "en": "Cases imported: 1"}[language] in done.text
    assert language == "zh-hans" or done.chinese() == []
    assert form.removesuffix("/confirm") in page_of(officer.get("/cases/import")).source, "what came of it stays to be found"
    page_of(upload(officer, b"\0\0", language), 422)
    page_of(officer.post("/cases/import", headers=heads), 422)
    page_of(officer.post(f"/cases/import/{'0' * 32}/confirm", {"sha256": digest}, headers=heads), 404)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_officer_checks_a_file_of_payments_and_imports_it_once(send: Send, officer: Client, language: str) -> None:
    send("POST", "/cases", case_body())
    heads, address = {"Accept-Language": language}, "/cases/import/payments"
    template = officer.get(f"{address}/template.csv")
    assert template.content == template_csv(PAYMENT_COLUMNS)
    pages = [page_of(officer.get(address, headers=heads))]
    wrong = page_of(upload(officer, template.content.replace(b"LN-2026", b"LN-2000"), language, address), 422)
    assert "客户案件编号" in wrong.source
    report = page_of(upload(officer, template.content, language, address))
    form, digest = confirmation(report)
    assert form.startswith(address)
    page_of(officer.post(form, {"sha256": "x" * 64}, headers=heads), 409)
    page_of(officer.post(form.replace("/payments", ""), {"sha256": digest}, headers=heads), 404)
    assert not Payment.objects.exists()
    pages += [wrong, report, page_of(officer.post(form, {"sha256": digest}, headers=heads, follow=True))]
    assert Payment.objects.get().reference == "SK-2025-0001"
    again = page_of(upload(officer, template.content, language, address))
    assert not [each for each in again.elements if each.attributes.get("action", "").endswith("/confirm")], "there is nothing to import"
    assert language == "zh-hans" or [page.chinese() for page in [*pages, again]] == [[]] * 5
    page_of(upload(officer, b"\0\0", language, address), 422)
    page_of(officer.post(address, headers=heads), 422)
    page_of(officer.post(f"{address}/{'0' * 32}/confirm", {"sha256": digest}, headers=heads), 404)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_of_a_day_is_a_page_and_a_file(send: Send, officer: Client, language: str) -> None:
    ref, heads = send("POST", "/cases", case_body()).json()["case"], {"Accept-Language": language}
    cap = {"annual_rate": "0.06", "effective_from": "2020-01-01", "source": "内部定价制度第 3 条", "stated_by": "示例消费金融有限公司"}
    assert send("PUT", "/rate-caps", {"caps": [cap]}).status_code == 200
    page = page_of(officer.get(f"/cases/{ref}/reckoning?on=2025-05-20", headers=heads))
    assert "12,140.05" in page.source
    told = {"zh-hans": ("超过综合年化上限", "合同条款 3.1", "还款日不因节假日顺延。"),
            "en": ("above the cap on the comprehensive annual rate", "clause 3.1 of the contract", "Due days are not postponed")}[language]
    assert [word for word in told if word not in page.source] == []
    if language == "en":
        assert not [word for word in (*sheet.CONVENTIONS, *sheet.REASONS.values()) if word in page.source]
    assert language == "zh-hans" or page.chinese() == []
    assert not [value for value in PERSONAL if value in page.source]
    assert officer.get(f"/cases/{ref}/reckoning.csv?on=2025-05-20").content == send(
        "GET", f"/cases/{ref}/reckoning.csv?on=2025-05-20").content
    page_of(officer.get(f"/cases/{ref}/reckoning", headers=heads))
    page_of(officer.get(f"/cases/{ref}/reckoning?on=<b>", headers=heads), 400)
    empty = send("POST", "/cases", case_body(reference="LN-2", agreement=None, drawdowns=[])).json()["case"]
    page_of(officer.get(f"/cases/{empty}/reckoning", headers=heads), 422)


def test_the_pages_words_are_those_of_the_sheet_whose_bytes_stay_chinese(lender: Organisation) -> None:
    """The page has them once more because the sheet knows no language of its reader: its bytes may have been deposited."""
    with translation.override("zh-hans"):
        assert {key: str(word) for key, word in REASONS.items()} == sheet.REASONS
        assert tuple(str(word) for word in CONVENTIONS) == sheet.CONVENTIONS
        grounds = (clause("3.1"), clause(None))
        assert [str(ground_word(each)) for each in grounds] == [each.text for each in grounds]
    with translation.override("en"):
        words = [*REASONS.values(), *CONVENTIONS, *(ground_word(each) for each in grounds)]
        assert not [word for word in words if any("\u4e00" <= letter <= "\u9fff" for letter in str(word))]


def test_the_sheet_for_a_spreadsheet_speaks_the_language_of_its_page(send: Send, officer: Client) -> None:
    payments = [{"reference": "SK-1", "received_on": "2025-05-15", "amount": "99999.00"}]
    ref = send("POST", "/cases", case_body(payments=payments)).json()["case"]
    found = {}
    for language in LANGUAGES:
        answer = officer.get(f"/cases/{ref}/reckoning.csv?on=2025-05-20", headers={"Accept-Language": language})
        found[language] = list(csv.reader(io.StringIO(answer.content.decode().removeprefix("\ufeff"))))
    chinese, english = found["zh-hans"], found["en"]
    assert (chinese[0][:3], english[0][:3]) == (["序号", "事项", "借据"], ["Index", "Event", "Drawdown"])
    # What is quoted stays as it is written; everything else is in the reader's language.
    assert not [cell for line in english for cell in line[:13] if any("\u4e00" <= letter <= "\u9fff" for letter in cell)]
    assert [[line[0], *line[3:9], line[10]] for line in english[1:]] == [[line[0], *line[3:9], line[10]] for line in chinese[1:]]
    assert english[-1][1] == "As of 2025-05-20: Surplus"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_parts_show_the_file_masked_and_what_is_owed_today(send: Send, lender: Organisation, language: str) -> None:
    payments = [{"reference": "SK-1", "received_on": "2025-04-10", "amount": "120.00"}]
    charges = [
        {"reference": "FY-1", "drawdown": "JJ-1", "charged_on": "2025-04-15", "amount": "300.00"},
        {"reference": "FY-2", "drawdown": "JJ-1", "charged_on": "2025-04-16", "amount": "45.00", "is_fee": True}]
    agreement = {**case_body()["agreement"], "compound": True, "between": ["due"]}
    ref = send("POST", "/cases", case_body(payments=payments, charges=charges, agreement=agreement)).json()["case"]
    send("POST", f"/cases/{ref}/notes", {"text": "约定周五还款"})
    viewer = Viewer(lender, frozenset({Act.READ_CASE}), person=make_person("reader", Role.CASE_OFFICER, lender))
    with translation.override(language):
        file = file_page(case_file_for(viewer, ref, now=timezone.now()), today=date(2025, 5, 20))
        shown = "".join(render_to_string(f"cases/parts/{part}.html", {"file": file}) for part in ("facts", "parties", "reckoning", "notes"))
    assert not [value for value in PERSONAL if value in shown]
    # 10 May 120 due; compound interest on it, 10 days at 18 %: 0.60; to 20 May 40 more accrued.
    expected = ("张**", "1101**********002X", "138****8000", "12,505.60", "12,000.00", "160.00", "0.60", "12%", "约定周五还款", "JJ-1",
                "FY-1", "FY-2", "300.00", "45.00", "30/360", "50%", ">3.1<", ">7.2<")
    assert [value for value in expected if value not in shown] == []
    orders = {
        "zh-hans": ("实现债权的费用 → 约定费用 → 期内利息 → 罚息 → 复利 → 本金", "先到期者优先 · 合同约定"),
        "en": ("Costs of enforcement → Agreed fees → ", "the one due earlier comes first · ")}[language]
    assert [order for order in orders if order not in shown] == []
    assert f"/cases/{ref}/reckoning?on=2025-05-20" in shown
    # Who adds up the parts finds the total.
    figures = shown.partition('id="owed"')[2].partition("</dl>")[0]
    total, *parts = [Decimal(each.replace(",", "")) for each in re.findall(r"<dd>([0-9,]+\.[0-9]{2})\b", figures)]
    assert (sum(parts), len(parts)) == (total, 6)


@pytest.mark.parametrize("role", Role)
def test_only_those_who_keep_files_import_and_nobody_reads_anothers(send: Send, role: Role) -> None:
    ref = send("POST", "/cases", case_body()).json()["case"]
    client = signed_in(make_person("visitor", role))
    keeps, reads = Act.KEEP_CASE in ROLES[role].acts, Act.READ_CASE in ROLES[role].acts
    listed = client.get("/cases").content.decode()
    for address in ("/cases/import", "/cases/import/payments"):
        assert (f'href="{address}"' in listed) == keeps
        assert client.get(address).status_code == (200 if keeps else 403)
        assert client.get(f"{address}/template.csv").status_code == (200 if keeps else 403)
        assert client.post(f"{address}/x/confirm").status_code == (404 if keeps else 403)
    for address in (f"/cases/{ref}/reckoning", f"/cases/{ref}/reckoning.csv"):
        assert client.get(address).status_code == (404 if reads else 403), address
    assert client.get("/cases/%00/reckoning").status_code == 404, "no address holds NUL, whoever asks"
