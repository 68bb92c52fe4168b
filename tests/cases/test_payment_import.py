"""Import of payments: checked first, then exactly that file, all or nothing, on the lender's own cases; nothing is recorded twice."""
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Organisation
from accounts.permissions import Act, Role
from accounts.viewer import Viewer
from cases.errors import CaseChanged
from cases.filing import add_payments
from cases.importing.columns import PAYMENT_COLUMNS, template_csv
from cases.imports import drop_unconfirmed
from cases.models import Case, CaseImport, CaseRevision, Payment
from cases.reckoning.terms import Receipt
from tests.accounts.people import make_person
from tests.cases.case_files import Send, case_body
from tests.cases.import_files import Upload, csv_of, xlsx_of

TITLES = {column.name: column.title for column in PAYMENT_COLUMNS}
EXAMPLE = {column.title: column.example for column in PAYMENT_COLUMNS}
DRAWDOWN = case_body()["drawdowns"][0]


def row(**changes: str) -> dict[str, str]:
    """The template's example, with these cells (by column name)."""
    return {**EXAMPLE, **{TITLES[name]: value for name, value in changes.items()}}


def sheet_of(*rows: dict[str, str], encoding: str = "utf-8") -> bytes:
    return csv_of(*rows, columns=PAYMENT_COLUMNS, encoding=encoding)


def typed(*rows: dict[str, str]) -> bytes:
    """The rows as a spreadsheet keeps them: days are days, sums are floats."""
    def cell(title: str, text: str) -> object:
        if title == TITLES["received_on"]:
            return date.fromisoformat(text)
        return float(text) if title == TITLES["amount"] else text or None

    return xlsx_of(*([cell(title, each[title]) for title in TITLES.values()] for each in rows), columns=PAYMENT_COLUMNS)


def opened(send: Send, **changes: Any) -> str:
    """A case with a file; its id."""
    answer = send("POST", "/cases", case_body(**changes))
    assert answer.status_code == 201, answer.content
    return str(answer.json()["case"])


def confirmed(send: Send, report: Any) -> Any:
    return send("POST", f"/cases/imports/payments/{report['import']}/confirm", {"sha256": report["sha256"]})


def kept(send: Send, case: str) -> list[tuple[str, str, str, str | None]]:
    payments = send("GET", f"/cases/{case}").json()["payments"]
    return [(each["reference"], each["received_on"], each["amount"], each["designation"]) for each in payments]


def test_the_template_is_a_file_that_can_be_imported(upload: Upload, send: Send) -> None:
    case = opened(send)
    report = upload(template_csv(PAYMENT_COLUMNS), sheet="payments").json()
    assert {name: report[name] for name in ("faults", "rows", "cases", "payments", "known")} == {
        "faults": 0, "rows": 1, "cases": 1, "payments": 1, "known": 0}
    assert (Payment.objects.count(), Case.objects.get().file_version) == (0, 1), "a check writes nothing of a case"
    wrong = send("POST", f"/cases/imports/payments/{report['import']}/confirm", {"sha256": "0" * 64})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "import-differs")
    assert send("POST", f"/cases/imports/{report['import']}/confirm", {"sha256": report["sha256"]}).status_code == 404
    assert not Payment.objects.exists()
    done = [confirmed(send, report) for _ in range(2)]
    assert [answer.status_code for answer in done] == [201, 201]
    assert done[0].json() == done[1].json()
    assert (done[0].json()["payments"], done[0].json()["cases"]) == (1, 1)
    assert kept(send, case) == [("SK-2025-0001", "2025-04-10", "120.00", None)]
    stored = CaseImport.objects.get()
    assert (stored.kind, stored.payments, stored.sealed_file, stored.sha256) == ("payments", 1, None, None)
    [traced] = CaseRevision.objects.filter(case__ref=case, change="import")
    assert (traced.detail, Case.objects.get().file_version) == ("2", 2)


@pytest.mark.parametrize(("data", "designation"), [
    (sheet_of(row()), None), (sheet_of(row(), encoding="utf-8-sig"), None), (sheet_of(row(), encoding="gb18030"), None),
    (sheet_of(row(received_on="2025年4月10日", amount="120元")), None), (typed(row()), None),
    # The number that finds the case designates nothing.
    (sheet_of(row(reference="", drawdown="JJ-1")), None), (sheet_of(row(drawdown="JJ-1", designation="JJ-1")), "JJ-1"),
    (b"reference,payment,received_on,amount\r\nLN-2026-0001,SK-2025-0001,2025/4/10,120", None),
], ids=["utf-8", "with a mark", "gb18030", "as people write", "xlsx", "by drawdown", "designated", "English header"])
def test_a_payment_is_recorded_as_it_was_written(upload: Upload, send: Send, data: bytes, designation: str | None) -> None:
    case = opened(send)
    assert confirmed(send, upload(data, sheet="payments").json()).status_code == 201
    assert kept(send, case) == [("SK-2025-0001", "2025-04-10", "120.00", designation)]


def test_what_is_owed_afterwards_is_what_was_worked_out_by_hand(upload: Upload, send: Send) -> None:
    """12,000.00 at 12 %, 30/360, interest first, all due on 2025-06-10, 18 % after that.

    04-10: 120.00 pays the first month's interest. 05-10: 120.00 pays the second's. 06-15: due are 120.00 of interest, 30.00 of penalty
    (12,000 × 18 % × 5 ÷ 360) and the principal; of 5,150.00 the first 150.00 pay those, and 5,000.00 principal (民法典（2021年）
    第五百六十一条). 06-20: 7,000.00 of principal and 17.50 of penalty (7,000 × 18 % × 5 ÷ 360).
    """
    case = opened(send)
    rows = [
        row(payment="SK-3", received_on="2025-06-15", amount="5150"), row(payment="SK-1"),
        row(payment="SK-2", received_on="2025-05-10")]
    assert confirmed(send, upload(typed(*rows), sheet="payments").json()).status_code == 201
    total = send("GET", f"/cases/{case}/reckoning?on=2025-06-20").json()["total"]
    assert {name: total[name] for name in ("principal", "interest", "penalty", "total")} == {
        "principal": "7000.00", "interest": "0.00", "penalty": "17.50", "total": "7017.50"}


@pytest.mark.parametrize(("designation", "paid"), [("", "JJ-2"), ("JJ-1", "JJ-1")])
def test_a_payment_goes_where_the_debtor_said_and_else_to_the_heaviest_debt(
    upload: Upload, send: Send, designation: str, paid: str,
) -> None:
    """Both drawdowns owe a month's interest of 120.00 on 2025-04-10; the second bears 24 % (民法典（2021年）第五百六十条)."""
    heavier = {**DRAWDOWN, "reference": "JJ-2", "principal": "6000.00", "annual_rate": "0.24"}
    case = opened(send, drawdowns=[DRAWDOWN, heavier])
    # Found by the other drawdown each time: that decides nothing.
    sheet = sheet_of(row(reference="", drawdown="JJ-1" if paid == "JJ-2" else "JJ-2", designation=designation))
    assert confirmed(send, upload(sheet, sheet="payments").json()).status_code == 201
    owed = send("GET", f"/cases/{case}/reckoning?on=2025-04-10").json()["outstanding"]
    assert {each["drawdown"]: each["interest"] for each in owed} == {"JJ-1": "120.00", "JJ-2": "120.00", paid: "0.00"}


def test_the_same_ledger_again_adds_nothing_and_a_longer_one_adds_what_is_new(upload: Upload, send: Send) -> None:
    case = opened(send)
    confirmed(send, upload(sheet_of(row()), sheet="payments").json())
    again = upload(typed(row()), sheet="payments").json()
    assert (again["import"], again["faults"], again["payments"], again["known"], again["kept_until"]) == (None, 0, 0, 1, None)
    assert CaseImport.objects.count() == 1, "there is nothing to confirm"
    longer = upload(sheet_of(row(), row(payment="SK-2", received_on="2025-05-10")), sheet="payments").json()
    assert (longer["payments"], longer["known"]) == (1, 1)
    assert confirmed(send, longer).json()["payments"] == 1
    assert [number for number, *_ in kept(send, case)] == ["SK-2025-0001", "SK-2"]


def test_of_two_checks_of_one_file_the_second_confirmation_adds_nothing(upload: Upload, send: Send) -> None:
    case = opened(send)
    first, second = (upload(sheet_of(row()), sheet="payments").json() for _ in range(2))
    assert [confirmed(send, each).json()["payments"] for each in (first, second)] == [1, 0]
    assert len(kept(send, case)) == 1
    assert Case.objects.get().file_version == 2


FAULTS: list[tuple[list[dict[str, str]], tuple[int, str], tuple[str, str]]] = [
    ([row(payment="")], (2, "收款编号"), ("必填", "Required")),
    ([row(payment="x" * 129)], (2, "收款编号"), ("至多 128 个字符", "At most 128 characters")),
    ([row(received_on="2025-02-30")], (2, "收款日"), ("不是日期", "Not a date")),
    ([row(received_on="2025-03-09")], (2, "收款日"), ("不得早于首笔放款日", "drawdown")),
    ([row(amount="1.234")], (2, "金额"), ("不是金额", "Not an amount")),
    ([row(amount="-5")], (2, "金额"), ("不是金额", "Not an amount")),
    ([row(amount="=1+1")], (2, "金额"), ("不是金额", "Not an amount")),
    ([row(amount="0")], (2, "金额"), ("金额须大于 0", "above 0")),
    ([row(reference="", drawdown="")], (2, "客户案件编号"), ("至少填写一项", "case reference or the drawdown number")),
    ([row(reference="LN-9")], (2, "客户案件编号"), ("没有这个案件", "no such case")),
    ([row(reference="", drawdown="JJ-9")], (2, "借据编号"), ("没有这笔借据", "no such drawdown")),
    ([row(reference="", drawdown="JJ-1"), row(reference="", drawdown="SAME")], (3, "借据编号"), ("不止一个案件", "More than one case")),
    ([row(drawdown="JJ-9")], (2, "借据编号"), ("本案没有这笔借据", "drawdown of this case")),
    ([row(designation="JJ-9")], (2, "债务人指定清偿的借据"), ("尚未放款或不存在", "drawdown")),
    ([row(), row()], (3, "收款编号"), ("编号重复", "twice")),
    ([row(payment="SK-0", amount="7.01")], (2, "收款编号"), ("已登记，内容与此不同", "A different payment is recorded")),
    ([row(reference="LN-BARE")], (2, ""), ("须填写合同", "agreement")),
]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_each_fault_is_told_by_row_and_column_and_nothing_is_kept(upload: Upload, send: Send, language: str) -> None:
    opened(send, payments=[{"reference": "SK-0", "received_on": "2025-04-10", "amount": "7.00"}], drawdowns=[
        DRAWDOWN, {**DRAWDOWN, "reference": "SAME"}])
    opened(send, reference="LN-2", drawdowns=[{**DRAWDOWN, "reference": "SAME"}])
    opened(send, reference="LN-BARE", agreement=None, drawdowns=[])
    for rows, place, words in FAULTS:
        report = upload(sheet_of(*rows), language=language, sheet="payments").json()
        told = {(each["row"], each["column"]): each["detail"] for each in report["errors"]}
        assert place in told, (rows, report)
        assert words[language == "en"] in told[place], told
        assert report["faults"] == 1, report
        assert report["import"] is None
    assert not CaseImport.objects.exists()
    assert Payment.objects.count() == 1


def test_more_payments_than_a_case_may_have_are_refused_at_the_first_row_that_adds(upload: Upload, send: Send) -> None:
    many = [{"reference": f"S-{n}", "received_on": "2025-04-10", "amount": "0.01"} for n in range(600)]
    opened(send, payments=many)
    report = upload(sheet_of(row(payment="S-1", amount="0.01"), row(payment="S-600")), sheet="payments").json()
    assert [(each["row"], each["column"]) for each in report["errors"]] == [(3, "")]


def test_a_foreign_case_reads_as_one_that_is_not_there(upload: Upload, send: Send, strangers_send: Send) -> None:
    opened(send)
    theirs = opened(strangers_send, reference="LN-THEIRS", drawdowns=[{**DRAWDOWN, "reference": "JJ-THEIRS"}])
    for named, nowhere in (
        (row(reference="LN-THEIRS"), row(reference="LN-NOWHERE")),
        (row(reference="", drawdown="JJ-THEIRS"), row(reference="", drawdown="JJ-NOWHERE")),
    ):
        answers = [upload(sheet_of(each), sheet="payments").json() for each in (named, nowhere)]
        assert answers[0]["errors"] == answers[1]["errors"] != []
    # A number that a stranger has, too, is clear.
    opened(strangers_send, reference="LN-2026-0001")
    report = upload(sheet_of(row(), row(reference="", drawdown="JJ-1", payment="SK-2")), sheet="payments").json()
    assert strangers_send("POST", f"/cases/imports/payments/{report['import']}/confirm", {"sha256": report["sha256"]}).status_code == 404
    assert confirmed(send, report).json()["payments"] == 2
    assert set(Payment.objects.values_list("case__organisation__name", flat=True)) == {"示例消费金融有限公司"}
    assert kept(strangers_send, theirs) == []


def test_a_case_that_changed_since_the_check_so_that_a_row_is_wrong_stops_the_whole_import(upload: Upload, send: Send) -> None:
    first, second = opened(send), opened(send, reference="LN-2")
    report = upload(sheet_of(row(), row(reference="LN-2", payment="SK-2")), sheet="payments").json()
    other = [{"reference": "SK-2", "received_on": "2025-04-11", "amount": "3.00"}]
    assert send("PUT", f"/cases/{second}", {**_revised(case_body(payments=other)), "version": 1}).status_code == 200
    late = confirmed(send, report)
    assert (late.status_code, late.json()["code"]) == (409, "case-changed")
    assert kept(send, first) == []
    assert kept(send, second) == [("SK-2", "2025-04-11", "3.00", None)]


def _revised(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "reference"}


def test_payments_judged_with_a_file_that_is_another_by_now_are_not_written(send: Send, lender: Organisation) -> None:
    opened(send)
    opened(send, reference="LN-2")
    read = list(Case.objects.order_by("pk"))
    Case.objects.filter(pk=read[1].pk).update(file_version=2)
    viewer = Viewer(lender, frozenset({Act.KEEP_CASE}), person=make_person("officer", Role.CASE_OFFICER, lender))
    with pytest.raises(CaseChanged), transaction.atomic():
        add_payments(viewer, [(case, [Receipt("SK-1", date(2025, 4, 10), Decimal(1))]) for case in read], now=timezone.now())
    assert not Payment.objects.exists()
    assert list(Case.objects.order_by("pk").values_list("file_version", flat=True)) == [1, 2]


def test_a_checked_file_is_sealed_and_let_go_after_a_day(upload: Upload, send: Send) -> None:
    opened(send)
    report, now = upload(sheet_of(row()), sheet="payments").json(), timezone.now()
    assert b"LN-2026-0001" not in bytes(CaseImport.objects.get().sealed_file or b"")
    assert drop_unconfirmed(now=now + timedelta(hours=25)) == 1
    answer = confirmed(send, report)
    assert (answer.status_code, answer.json()["code"]) == (410, "import-expired")


def test_an_import_takes_few_statements_however_many_cases_it_is_about(
    upload: Upload, send: Send, django_assert_max_num_queries: Any,
) -> None:
    for n in range(30):
        opened(send, reference=f"LN-{n}", drawdowns=[{**DRAWDOWN, "reference": f"JJ-{n}"}])
    rows = [row(reference="" if n % 2 else f"LN-{n}", drawdown=f"JJ-{n}", payment=f"SK-{n}-{m}") for n in range(30) for m in range(10)]
    with django_assert_max_num_queries(40):
        report = upload(sheet_of(*rows), sheet="payments").json()
    assert (report["payments"], report["cases"]) == (300, 30)
    with django_assert_max_num_queries(60):
        assert confirmed(send, report).status_code == 201
    assert Case.objects.filter(file_version=2).count() == 30


def test_a_file_of_the_other_kind_is_refused(upload: Upload) -> None:
    for data, sheet in ((template_csv(), "payments"), (template_csv(PAYMENT_COLUMNS), "")):
        answer = upload(data, sheet=sheet)
        assert (answer.status_code, answer.json()["code"]) == (422, "import-file-refused")


def test_only_a_lender_imports_payments(agencys_send: Send) -> None:
    assert agencys_send("POST", "/cases/imports/payments", {}).status_code == 403
    assert agencys_send("POST", f"/cases/imports/payments/{'0' * 32}/confirm", {"sha256": "0" * 64}).status_code == 403
