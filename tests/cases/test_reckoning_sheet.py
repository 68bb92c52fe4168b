"""The sheet: canonical bytes, grounds by law and clause, and cells that are no formulas."""
import csv
import io
from decimal import Decimal
from typing import Any

from cases.reckoning.reckoner import reckon
from cases.reckoning.sheet import COLUMNS, COMPONENTS, KINDS, REASONS, sheet_csv, sheet_json
from cases.reckoning.terms import Charge, Clauses, Component, Loan, RateCap
from tests.cases.loans import day, drawdown, loan, receipt
from tlog.canonical import parse_canonical

CLAUSES = Clauses(rate="4.1", repayment="5", penalty="8.2", compound="8.3", acceleration="9", appropriation="10", charges="11")


def made(of: Loan, at: str = "2025-05-20", *caps: RateCap) -> dict[str, Any]:
    value = parse_canonical(sheet_json(reckon(of, day(at), caps)))
    assert isinstance(value, dict)
    return value


def rows(sheet: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [row for row in sheet["rows"] if row["kind"] == kind]


LATE = loan(
    drawdown(months=1), receipts=(receipt("2025-04-20", "500"),), penalty_uplift="0.5", compound=True, clauses=CLAUSES,
    charges=(Charge("C1", "A", day("2025-04-15"), Decimal("100")),))


def test_every_row_that_is_reckoned_shows_base_rate_days_and_formula() -> None:
    sheet = made(LATE)
    penalty = rows(sheet, "penalty")[0]
    assert (penalty["since"], penalty["until"], penalty["days"], penalty["base"], penalty["rate"]) == (
        "2025-04-10", "2025-04-20", 10, "12000.00", "0.18")
    assert (penalty["formula"], penalty["amount"]) == ("12000.00 × 0.18 × 10 ÷ 360", "60.00")


def test_rows_rest_on_clauses_and_on_articles_of_their_day() -> None:
    sheet = made(LATE)
    kinds = ("interest", "penalty", "compound", "charged")
    texts = {kind: [ground["text"] for ground in rows(sheet, kind)[0]["grounds"]] for kind in kinds}
    overdue = "《中华人民共和国民法典》（2021年1月1日起施行）第六百七十六条"
    assert texts == {
        "interest": ["合同条款 4.1"], "penalty": ["合同条款 8.2", overdue], "compound": ["合同条款 8.3", overdue],
        "charged": ["合同条款 11"]}
    laws = [(row["component"], row["grounds"][-1]["law"]) for row in rows(sheet, "appropriated")]
    cited = [(component, law["article"], law["item"]) for component, law in laws]
    assert cited == [("costs", 561, 1), ("interest", 561, 2), ("penalty", 561, 2), ("compound", 561, 2), ("principal", 561, 3)]


def test_before_the_civil_code_no_article_of_it_is_cited() -> None:
    old = loan(drawdown(months=1, drawn_on="2019-03-10"), receipts=(receipt("2019-04-20", "500"),), penalty_uplift="0.5")
    sheet = made(old, "2019-05-01")
    assert [ground for row in sheet["rows"] for ground in row["grounds"] if ground["kind"] == "law"] == []
    assert [row["amount"] for row in rows(sheet, "appropriated")] == ["120.00", "60.00", "320.00"]


def test_the_sheet_says_what_it_was_made_from() -> None:
    sheet = made(LATE, "2025-05-20", RateCap(Decimal("0.240"), day("2020-01-01"), "上限政策", "合规部"))
    assert (sheet["type"], sheet["at"]) == ("cunzheng/reckoning/v1", "2025-05-20")
    assert sheet["agreement"]["within"] == {"agreed": False, "order": [each.value for each in (
        Component.COSTS, Component.FEES, Component.INTEREST, Component.PENALTY, Component.COMPOUND, Component.PRINCIPAL)]}
    assert sheet["caps"] == [{"annual_rate": "0.24", "effective_from": "2020-01-01", "effective_until": None, "day_count": "actual/365",
                              "source": "上限政策", "stated_by": "合规部"}]
    assert sheet["drawdowns"][0]["schedule"][0]["due_on"] == "2025-04-10"
    assert [row["number"] for row in sheet["rows"]] == list(range(1, len(sheet["rows"]) + 1))
    assert sheet["conventions"]


def test_one_value_in_two_spellings_gives_the_same_bytes() -> None:
    spellings = (("12000", "0.12"), ("12000.00", "0.1200"))
    first, second = (loan(drawdown(principal=principal, annual_rate=rate)) for principal, rate in spellings)
    assert sheet_json(reckon(first, day("2025-05-20"))) == sheet_json(reckon(second, day("2025-05-20")))


def test_the_csv_has_the_same_rows_and_ends_with_the_sums() -> None:
    found = reckon(LATE, day("2025-05-20"))
    text = sheet_csv(found).decode()
    assert text.startswith("\ufeff")
    table = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert tuple(table[0]) == COLUMNS
    numbered = [line for line in table[1:] if line[0]]
    assert [line[10] for line in numbered] == [f"{row.amount:.2f}" for row in found.rows]
    assert table[-1][1:3] == ["截至2025-05-20合计", "全部"]
    assert table[-1][10] == f"{found.total.total:.2f}"


def test_a_surplus_has_its_line() -> None:
    text = sheet_csv(reckon(loan(drawdown(), receipts=(receipt("2025-03-10", "12005"),)), day("2025-03-10"))).decode()
    assert "截至2025-03-10溢缴,全部,,,,,,,,5.00" in text


def test_no_cell_is_a_formula() -> None:
    evil = loan(
        drawdown("=1+1", months=1), receipts=(receipt("2025-04-20", "500", reference="@SUM(A1)"),),
        clauses=Clauses(rate="+cmd"), charges=(Charge("-2", "=1+1", day("2025-04-15"), Decimal("1")),))
    table = list(csv.reader(io.StringIO(sheet_csv(reckon(evil, day("2025-05-01"))).decode().removeprefix("\ufeff"))))
    assert [cell for line in table for cell in line if cell[:1] in "=+-@" and cell] == []
    assert "'=1+1" in table[1]


def test_every_kind_component_and_reason_has_its_word() -> None:
    assert all([*KINDS.values(), *COMPONENTS.values(), *REASONS.values()])
    assert set(COMPONENTS) == set(Component)
