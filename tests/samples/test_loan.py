"""The figures of the loan, checked by hand here, and found again in the tables and papers."""
from datetime import date
from decimal import Decimal

from samples import loan
from samples.papers import contract_data, demand_data
from tests.samples.files import MANIFEST, table

D = Decimal
AMOUNTS = ("冲抵罚息", "冲抵利息", "冲抵本金")


def test_interest_falls_by_nine_yuan_each_month() -> None:
    assert [row.interest for row in loan.SCHEDULE] == [D(9 * left) for left in range(12, 0, -1)]
    assert {row.principal for row in loan.SCHEDULE} == {D("1000.00")}
    assert [row.due for row in loan.SCHEDULE[-2:]] == [date(2026, 12, 12), date(2027, 1, 12)]


def test_rates_agree_with_one_another_and_stay_below_the_cap() -> None:
    assert loan.MONTHLY_RATE * 12 * 100 == loan.ANNUAL_RATE_PERCENT
    assert loan.ANNUAL_RATE_PERCENT * D("1.5") == loan.PENALTY_RATE_PERCENT < 24
    assert loan.PENALTY_DAILY_RATE * 360 * 100 == loan.PENALTY_RATE_PERCENT


def test_late_payment_pays_four_days_of_penalty_first() -> None:
    late = next(item for item in loan.SETTLEMENTS if item.debit.received == D("1100.80"))
    assert (late.penalty, late.interest, late.principal, late.principal_left) == (D("1.80"), D(99), D(1000), D(10000))


def test_partial_payment_pays_interest_before_principal() -> None:
    part = next(item for item in loan.SETTLEMENTS if item.debit.received == D("500.00"))
    assert (part.penalty, part.interest, part.principal, part.principal_left) == (D(0), D(90), D(410), D(9590))


def test_arrears_are_those_of_the_letter() -> None:
    arrears = loan.arrears_on(date(2026, 7, 20))
    assert [(row.instalment, row.principal, row.interest, row.days, row.penalty) for row in arrears] == [
        (3, D("590.00"), D("0.00"), 99, D("26.28")), (4, D("1000.00"), D("81.00"), 69, D("31.05")),
        (5, D("1000.00"), D("72.00"), 38, D("17.10")), (6, D("1000.00"), D("63.00"), 8, D("3.60"))]
    assert loan.total_of(arrears).total == D("3884.03")


def test_nothing_is_overdue_on_the_first_due_day() -> None:
    assert loan.arrears_on(date(2026, 2, 12)) == ()


def test_half_a_cent_is_rounded_up() -> None:
    assert loan.penalty(D("100.00"), 1) == D("0.05")


def test_each_line_of_the_ledger_adds_up() -> None:
    left = D("12000.00")
    for row in table("repayment-ledger.csv"):
        assert sum(D(row[name]) for name in AMOUNTS) == D(row["实收金额"]) <= D(row["应扣金额"])
        left -= D(row["冲抵本金"])
        assert D(row["剩余本金"]) == left
    assert left == D("9590.00")


def test_ledger_starts_from_what_was_disbursed() -> None:
    (row,) = table("disbursement.csv")
    assert D(row["放款金额"]) == loan.PRINCIPAL
    assert row["放款时间"] == "2026-01-12 10:05:41"


def test_overdue_statement_adds_up() -> None:
    *rows, last = table("overdue-statement.csv")
    for name in ("逾期本金", "逾期利息", "罚息", "小计"):
        assert sum(D(row[name]) for row in rows) == D(last[name])
    for row in rows:
        assert D(row["小计"]) == D(row["逾期本金"]) + D(row["逾期利息"]) + D(row["罚息"])
        exact = D(row["逾期本金"]) * D(row["罚息日利率"]) * D(row["逾期天数"])
        assert abs(D(row["罚息"]) - exact) <= D("0.005")
    assert D(last["小计"]) == D("3884.03")


def test_statement_ledger_and_manifest_agree() -> None:
    (ledger,) = (entry for entry in MANIFEST if entry["subject"]["kind"] == "repayment_ledger")
    *_, sums = table("overdue-statement.csv")
    told = ledger["subject"]["metadata"]
    assert [told[f"{name}_yuan"] for name in ("overdue_principal", "overdue_interest", "penalty", "overdue_total")] == [
        sums["逾期本金"], sums["逾期利息"], sums["罚息"], sums["小计"]]


def test_letter_demands_what_the_statement_says() -> None:
    data = demand_data()
    assert data["sums"] == {"principal": "3,590.00", "interest": "216.00", "penalty": "78.03", "total": "3,884.03"}
    assert (data["not_due"], data["part_paid"], data["part_paid_on"]) == ("6,000.00", "500.00", "2026年4月12日")
    assert [row["number"] for row in data["arrears"]] == ["3", "4", "5", "6"], "the letter's sentence names these instalments"


def test_contract_prints_the_schedule() -> None:
    data = contract_data()
    assert (data["principal"], data["interest_sum"], data["total_sum"]) == ("12,000.00", "702.00", "12,702.00")
    assert (data["schedule"][-1]["left"], data["penalty_daily_rate"], data["monthly_rate"]) == ("0.00", "0.045", "0.90")
