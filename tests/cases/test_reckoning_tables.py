"""Reckonings against tables that were worked by hand: the arithmetic stands above each, and none of it came from the code."""
import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cases.reckoning.reckoner import Outstanding, Reckoning, reckon
from cases.reckoning.rows import RowKind
from cases.reckoning.schedule import schedule
from cases.reckoning.terms import Charge, Component, Criterion, DayCount, Loan, RateCap, Repayment
from tests.cases.loans import day, drawdown, loan, receipt, yuan

TABLES = Path(__file__).parent / "tables"
SUMS = ("principal", "interest", "penalty", "compound", "fees", "costs", "total")


def owed(of: Outstanding) -> dict[str, str]:
    """What is owed, without the zeros."""
    return {name: f"{getattr(of, name):.2f}" for name in SUMS if getattr(of, name)}


def on(at: str, of: Loan, *caps: RateCap) -> dict[str, str]:
    return owed(reckon(of, day(at), caps).total)


def paid(of: Reckoning) -> list[tuple[str, str, str, str]]:
    rows = [row for row in of.rows if row.kind is RowKind.APPROPRIATED]
    return [(str(row.reference), row.drawdown, str(row.component), f"{row.amount:.2f}") for row in rows]


def test_bullet_loan_over_a_leap_day() -> None:
    # 10,000 at 7.3 %, actual/365: 10,000 × 0.073 ÷ 365 = 2.00 a day. Uplift 50 %: 3.00 a day.
    # 15 Jan to 15 Apr 2024: 31 + 29 + 31 = 91 days → 182.00. To 25 Apr 10 days: penalty 30.00; compound 182 × 0.0003 × 10 = 0.546 → 0.55.
    leap = loan(
        drawdown(principal="10000", annual_rate="0.073", drawn_on="2024-01-15", repayment=Repayment.BULLET),
        day_count=DayCount.ACTUAL_365, penalty_uplift="0.5", compound=True)
    assert on("2024-04-15", leap) == {"principal": "10000.00", "interest": "182.00", "total": "10182.00"}
    assert on("2024-04-25", leap) == {
        "principal": "10000.00", "interest": "182.00", "penalty": "30.00", "compound": "0.55", "total": "10212.55"}
    # The year before has no leap day: 90 days → 180.00.
    common = loan(
        drawdown(principal="10000", annual_rate="0.073", drawn_on="2023-01-15", repayment=Repayment.BULLET), day_count=DayCount.ACTUAL_365)
    assert on("2023-04-15", common) == {"principal": "10000.00", "interest": "180.00", "total": "10180.00"}


def test_a_loan_of_the_31st_is_due_on_the_last_day_of_short_months() -> None:
    # 36,000 at 10 %, actual/360: 10.00 a day. 31 Oct 2023 → 30 Nov (30), 31 Dec (31), 31 Jan (31), 29 Feb 2024 (29) = 300, 310, 310, 290.
    month_end = loan(
        drawdown(principal="36000", annual_rate="0.10", drawn_on="2023-10-31", months=4), day_count=DayCount.ACTUAL_360)
    planned = schedule(month_end.drawdowns[0], DayCount.ACTUAL_360)
    assert [str(each.due_on) for each in planned] == ["2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29"]
    assert [f"{each.interest:.2f}" for each in planned] == ["300.00", "310.00", "310.00", "290.00"]
    # On 28 Feb three are due (920) and 28 days have accrued (280); on the 29th the fourth is due, and all of the principal.
    before = reckon(month_end, day("2024-02-28")).total
    assert owed(before) == {"principal": "36000.00", "interest": "1200.00", "total": "37200.00"}
    assert before.principal_due == 0
    after = reckon(month_end, day("2024-02-29")).total
    assert owed(after) == {"principal": "36000.00", "interest": "1210.00", "total": "37210.00"}
    assert after.principal_due == 36000
    assert after.due_since == day("2023-11-30")


def test_equal_instalments_follow_the_table() -> None:
    with (TABLES / "equal_instalments.csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    planned = schedule(
        drawdown(principal="10000", months=12, drawn_on="2025-01-05", repayment=Repayment.EQUAL_INSTALMENTS), DayCount.THIRTY_360)
    found = [{"number": str(each.number), **{name: f"{getattr(each, name):.2f}" for name in ("interest", "principal", "balance")}}
             for each in planned]
    assert found == table


# 12,000 at 12 %, 30/360, equal principal: 4,000 a month; interest 120, 80, 40. Uplift 50 %: 18 % ÷ 360 = 0.0005 a day.
# 10 Apr due 4,000 + 120. 20 Apr: penalty 4,000 × 0.0005 × 10 = 20.00; 2,000 come in: interest 120, penalty 20, principal 1,860; left
# 2,140. 10 May: 20 days on 2,140 = 21.40; due 4,000 + 80 → principal due 6,140. 20 May: 10 days on 6,140 = 30.70; 10 days on 4,000 at
# 12 % = 13.33.
PARTLY = loan(
    drawdown(repayment=Repayment.EQUAL_PRINCIPAL), receipts=(receipt("2025-04-20", "2000"),), penalty_uplift="0.5")


def test_a_partial_payment_pays_interest_before_principal() -> None:
    found = reckon(PARTLY, day("2025-05-20"))
    assert paid(found) == [
        ("R-2025-04-20", "A", "interest", "120.00"), ("R-2025-04-20", "A", "penalty", "20.00"),
        ("R-2025-04-20", "A", "principal", "1860.00")]
    assert owed(found.total) == {"principal": "10140.00", "interest": "93.33", "penalty": "52.10", "total": "10285.43"}
    assert found.total.principal_due == 6140


def test_receipts_given_out_of_order_are_taken_in_the_order_of_days() -> None:
    # As above; then 100.00 on 10 May: in the order of 561 interest 80, and of the penalty 21.40 the first 20.00; 1.40 is left.
    late, early = receipt("2025-05-10", "100"), receipt("2025-04-20", "2000")
    found = [reckon(loan(drawdown(repayment=Repayment.EQUAL_PRINCIPAL), receipts=order, penalty_uplift="0.5"), day("2025-05-10"))
             for order in ((late, early), (early, late))]
    assert owed(found[0].total) == {"principal": "10140.00", "penalty": "1.40", "total": "10141.40"}
    assert found[0].rows == found[1].rows


def test_a_payment_on_the_due_date_costs_no_penalty_and_an_early_one_lowers_the_base() -> None:
    # 60,000 at 6 %, 30/360: 10.00 a day. 20 Feb: 300 due and paid. 5 Mar: 15 days → 150; 20,150 come in: interest 150, principal 20,000.
    # 20 Mar: 15 days on 40,000 × 0.06 ÷ 360 = 6.666… a day → 100.00. The last instalment brings 40,000.
    early = loan(
        drawdown(principal="60000", annual_rate="0.06", months=6, drawn_on="2025-01-20"),
        receipts=(receipt("2025-02-20", "300"), receipt("2025-03-05", "20150")), penalty_uplift="0.5", compound=True)
    assert on("2025-02-20", early) == {"principal": "60000.00", "total": "60000.00"}
    assert on("2025-03-05", early) == {"principal": "40000.00", "total": "40000.00"}
    assert on("2025-03-20", early) == {"principal": "40000.00", "interest": "100.00", "total": "40100.00"}
    found = reckon(early, day("2025-03-20"))
    assert [row.reason for row in found.rows if row.kind is RowKind.APPROPRIATED] == ["only-debt", "not-yet-due", "not-yet-due"]
    assert not [row for row in found.rows if row.kind is RowKind.PENALTY]


def test_early_repayment_keeps_the_due_dates_and_lowers_the_instalments() -> None:
    # 9,000, equal principal over 3 months at 0 %: 3,000 each. 10 Apr: 3,000 paid, and 1,000 early: 5,000 over two → 2,500 each.
    early = loan(
        drawdown(principal="9000", annual_rate="0", repayment=Repayment.EQUAL_PRINCIPAL), receipts=(receipt("2025-04-10", "4000"),))
    assert reckon(early, day("2025-05-10")).total.principal_due == 2500
    assert reckon(early, day("2025-06-10")).total.principal_due == 5000


# 12,000 at 12 %, 30/360, twelve equal instalments from 10 Jan, due on the 10th: 12,000 × 0.01 ÷ (1 − 1.01⁻¹²) = 1,066.1854… → 1,066.19;
# on 10 Feb interest 120.00 and principal 946.19. The payments come on 9 Feb: 29 days, 116.00; the day that is left is 4.00 on 12,000.
def early(amount: str, **terms: Any) -> tuple[str, str, str]:
    """Principal due, interest and all that is due on 10 Feb after this payment on 9 Feb."""
    drawn = drawdown(drawn_on="2025-01-10", months=12, repayment=Repayment.EQUAL_INSTALMENTS)
    found = reckon(loan(drawn, receipts=(receipt("2025-02-09", amount),), **terms), day("2025-02-10")).total
    return f"{found.principal_due:.2f}", f"{found.interest:.2f}", f"{found.principal_due + found.interest:.2f}"


def test_an_early_payment_of_interest_alone_leaves_the_instalment_as_it_was() -> None:
    # 10 of the 116; 106 + 4 fall due with the 946.19 of the plan: 1,066.19 − 10.
    assert early("10") == ("946.19", "110.00", "1056.19")
    assert early("116") == ("946.19", "4.00", "950.19")


def test_the_interest_of_the_period_counts_towards_its_instalment_whether_it_was_paid_early_or_not() -> None:
    # 119: interest 116, principal 3. 11,997 × 0.01 ÷ (1 − 1.01⁻¹²) = 1,065.9189… → 1,065.92; 11,997 × 0.12 ÷ 360 = 3.999 → 4.00;
    # principal 1,065.92 − 116 − 4 = 945.92.
    assert early("119") == ("945.92", "4.00", "949.92")
    # 1,100, principal first by contract: 10,900 are left, 968.4518… → 968.45; 10,900 × 0.12 ÷ 360 = 3.633… → 3.63; the 116 are unpaid
    # and fall due, too: principal 968.45 − 116 − 3.63 = 848.82.
    principal_first = (Component.PRINCIPAL, *(each for each in Component if each is not Component.PRINCIPAL))
    assert early("1100", within=principal_first) == ("848.82", "119.63", "968.45")


# Four drawdowns of 10,000, due after a month, 30/360, no uplift. Interest at the due date: 12 % → 100.00, 18 % → 150.00.
# A, B, C due 10 Feb, D due 20 Feb; only A is secured. By 20 Feb 10 days more: A, B 10,000 × 0.12 × 10 ÷ 360 = 33.33; C 50.00.
# 25,000 on 20 Feb: no security first, among B, C, D the heaviest burden first: C 10,200.00; then B and D at 12 %, B is due earlier:
# 10,133.33; D gets 25,000 − 20,333.33 = 4,666.67: interest 100, principal 4,566.67. Left: D 5,433.33 and A 10,133.33 = 15,566.66.
SEVERAL = loan(
    *(drawdown(name, principal="10000", drawn_on=drawn, annual_rate=rate, months=1, repayment=Repayment.BULLET, security=security)
      for name, drawn, rate, security in (
          ("A", "2025-01-10", "0.12", "5000"), ("B", "2025-01-10", "0.12", "0"), ("C", "2025-01-10", "0.18", "0"),
          ("D", "2025-01-20", "0.12", "0"))),
    receipts=(receipt("2025-02-20", "25000"),))


def test_several_debts_are_paid_in_the_order_of_article_560() -> None:
    found = reckon(SEVERAL, day("2025-02-20"))
    by_debt: dict[str, Decimal] = {}
    for _, name, _, amount in paid(found):
        by_debt[name] = by_debt.get(name, Decimal(0)) + Decimal(amount)
    assert {name: f"{amount:.2f}" for name, amount in by_debt.items()} == {"C": "10200.00", "B": "10133.33", "D": "4666.67"}
    reasons = {row.drawdown: row.reason for row in found.rows if row.kind is RowKind.APPROPRIATED}
    assert reasons == {"C": "burden", "B": "due", "D": "security"}
    assert owed(found.total) == {"principal": "15433.33", "interest": "100.00", "penalty": "33.33", "total": "15566.66"}


def test_what_a_cap_withholds_wholly_decides_no_order_and_is_not_due() -> None:
    # Both 36,500 at 24 %, actual/365: 24.00 a day, as much as a cap of 24 % allows, no uplift. A: drawn 1 Jun, due 1 Jul: 720;
    # its fee of 100 on 1 Jun is above the cap, all of it. B: drawn 10 May, due 10 Jun: 31 × 24 = 744; 21 days to 1 Jul: 504.
    # 10,000 on 1 Jul: B is due earlier, though A's fee is older: interest 744, penalty 504, principal 8,752.
    debts = [drawdown(name, principal="36500", annual_rate="0.24", months=1, drawn_on=drawn, repayment=Repayment.BULLET)
             for name, drawn in (("A", "2025-06-01"), ("B", "2025-05-10"))]
    fee = Charge("F1", "A", day("2025-06-01"), yuan("100"), is_fee=True)
    two = loan(*debts, charges=(fee,), receipts=(receipt("2025-07-01", "10000"),), day_count=DayCount.ACTUAL_365)
    found = reckon(two, day("2025-07-01"), (cap("0.24"),))
    assert [each[1:] for each in paid(found)] == [("B", "interest", "744.00"), ("B", "penalty", "504.00"), ("B", "principal", "8752.00")]
    of_a = next(each for each in found.outstanding if each.drawdown == "A")
    assert [of_a.withheld, of_a.fees] == [100, 0]
    assert of_a.due_since == day("2025-07-01")
    # Before it is due nothing of A is claimable, and nothing is due.
    before = reckon(two, day("2025-06-05"), (cap("0.24"),))
    assert [each.due_since for each in before.outstanding] == [None, None]


def test_an_agreed_order_between_debts_takes_the_place_of_the_statutes() -> None:
    # By the due date alone: A, B, C are equal and due first, 10,133.33 + 10,133.33 + 10,200.00 = 30,466.66; 15,233.33 is half of it.
    agreed = Loan(
        loan(between=(Criterion.DUE,)).agreement, SEVERAL.drawdowns, (receipt("2025-02-20", "15233.33"),))
    found = reckon(agreed, day("2025-02-20"))
    assert {row.reason for row in found.rows if row.kind is RowKind.APPROPRIATED} == {"pro-rata"}
    shares: dict[str, Decimal] = {}
    for _, name, _, amount in paid(found):
        shares[name] = shares.get(name, Decimal(0)) + Decimal(amount)
    # Halves of 10,133.33 are 5,066.665: of the two odd fen that are left over one goes to A, the earlier of the equal remainders.
    assert {name: f"{amount:.2f}" for name, amount in shares.items()} == {"A": "5066.67", "B": "5066.66", "C": "5100.00"}


def test_equal_debts_are_paid_pro_rata_to_the_fen() -> None:
    # 100.00 over 6,000 and 3,000: 66.666… and 33.333…; down to fen 66.66 and 33.33, the fen left over to the larger remainder: 66.67.
    equal = loan(*(drawdown(name, principal=principal, annual_rate="0", months=1) for name, principal in (("A", "6000"), ("B", "3000"))),
                 receipts=(receipt("2025-04-10", "100"),))
    assert paid(reckon(equal, day("2025-04-10"))) == [
        ("R-2025-04-10", "A", "principal", "66.67"), ("R-2025-04-10", "B", "principal", "33.33")]


def test_the_debtors_designation_comes_first_even_for_a_debt_that_is_not_due() -> None:
    # A (due 10 Apr, 12,000 at 0 %) and B (due 10 Jun). 5,000 named for B on 10 Apr go to B; 13,000 without a name: 12,000 to A, 1,000 to B.
    two = (drawdown("A", annual_rate="0", months=1), drawdown("B", annual_rate="0", months=3))
    named = reckon(loan(*two, receipts=(receipt("2025-04-10", "5000", "B"),)), day("2025-04-10"))
    assert paid(named) == [("R-2025-04-10", "B", "principal", "5000.00")]
    assert [row.reason for row in named.rows if row.kind is RowKind.APPROPRIATED] == ["designated"]
    silent = reckon(loan(*two, receipts=(receipt("2025-04-10", "13000"),)), day("2025-04-10"))
    assert [(row.drawdown, f"{row.amount:.2f}", row.reason) for row in silent.rows if row.kind is RowKind.APPROPRIATED] == [
        ("A", "12000.00", "already-due"), ("B", "1000.00", "not-yet-due")]
    excluded = reckon(loan(*two, receipts=(receipt("2025-04-10", "5000", "B"),), designation=False), day("2025-04-10"))
    assert paid(excluded) == [("R-2025-04-10", "A", "principal", "5000.00")]


def cap(rate: str, since: str = "2020-01-01", until: str | None = None) -> RateCap:
    return RateCap(Decimal(rate), day(since), "综合年化利率上限政策", "示例消费金融有限公司合规部", day(until) if until else None)


# 36,500 at 30 %, actual/365: 30.00 a day; due after 30 days (1 Jun to 1 Jul): 900. Uplift 50 %: 45.00 a day; by 31 Jul 30 days: 1,350.
# In all 2,250. A cap of 24 %: 36,500 × 0.24 ÷ 365 = 24.00 a day × 60 = 1,440: withheld 810, from the penalty: 1,350 − 810 = 540.
HIGH: dict[str, Any] = {"principal": "36500", "annual_rate": "0.30", "drawn_on": "2025-06-01", "months": 1, "repayment": Repayment.BULLET}


def high(*receipts: Any, **terms: Any) -> Loan:
    return loan(drawdown(**HIGH), receipts=receipts, day_count=DayCount.ACTUAL_365, penalty_uplift="0.5", **terms)


def test_a_cap_takes_away_what_is_above_it_and_shows_it() -> None:
    free, capped = reckon(high(), day("2025-07-31")), reckon(high(), day("2025-07-31"), (cap("0.24"),))
    assert owed(free.total) == {"principal": "36500.00", "interest": "900.00", "penalty": "1350.00", "total": "38750.00"}
    assert owed(capped.total) == {"principal": "36500.00", "interest": "900.00", "penalty": "540.00", "total": "37940.00"}
    assert capped.total.withheld == 810
    shown = [row for row in capped.rows if row.kind is RowKind.WITHHELD]
    assert [(row.component, f"{row.amount:.2f}", row.reason) for row in shown] == [(Component.PENALTY, "810.00", "rate-cap")]
    allowed = [row for row in capped.rows if row.kind is RowKind.ALLOWED]
    assert [(row.formula, f"{row.amount:.2f}") for row in allowed] == [("36500.00 × 0.24 × 60 ÷ 365", "1440.00")]
    assert "示例消费金融有限公司合规部" in allowed[0].grounds[0].text


def test_a_receipt_pays_nothing_that_the_cap_takes_away() -> None:
    # 2,000 on 31 Jul: interest 900, penalty 540, principal 560. The 810 above the cap stay unpaid and unclaimed.
    found = reckon(high(receipt("2025-07-31", "2000")), day("2025-07-31"), (cap("0.24"),))
    assert [each[2:] for each in paid(found)] == [("interest", "900.00"), ("penalty", "540.00"), ("principal", "560.00")]
    assert owed(found.total) == {"principal": "35940.00", "total": "35940.00"}
    assert found.total.withheld == 810


def test_a_cap_changes_with_the_policy() -> None:
    # 36 % until 1 Jul: 36.00 × 30 = 1,080; 24 % from then on: 24.00 × 30 = 720. Allowed 1,800; withheld 2,250 − 1,800 = 450.
    caps = (cap("0.24", "2025-07-01"), cap("0.36", "2020-01-01", "2025-07-01"))
    assert reckon(high(), day("2025-07-31"), caps).total.withheld == 450


def test_a_fee_of_the_first_day_is_admitted_as_the_days_go_by() -> None:
    # 36,500 at 0 %; a fee of 240 on the first day. A cap of 24 % allows 24.00 a day: 0, 120 after 5 days, all of it after 10.
    fee = Charge("F1", "A", day("2025-06-01"), yuan("240"), is_fee=True)
    free = loan(drawdown(**{**HIGH, "annual_rate": "0"}), charges=(fee,))
    found = [reckon(free, day(at), (cap("0.24"),)).total for at in ("2025-06-01", "2025-06-06", "2025-06-11", "2025-06-12")]
    assert [(int(each.fees), int(each.withheld)) for each in found] == [(0, 240), (120, 120), (240, 0), (240, 0)]


def test_costs_come_before_interest_and_no_cap_counts_them() -> None:
    # 36,500 at 30 %: 900 due on 1 Jul, and costs of 500. 600 on 1 Jul: costs 500, interest 100. The cap allows 24.00 × 30 = 720:
    # withheld 180.
    cost = Charge("C1", "A", day("2025-07-01"), yuan("500"))
    found = reckon(
        Loan(high().agreement, (drawdown(**HIGH),), (receipt("2025-07-01", "600"),), (cost,)), day("2025-07-01"), (cap("0.24"),))
    assert [each[2:] for each in paid(found)] == [("costs", "500.00"), ("interest", "100.00")]
    assert (int(found.total.interest), int(found.total.withheld)) == (620, 180)


def test_a_loan_without_interest_accrues_nothing() -> None:
    # 1,000 over three equal instalments: 333.33, 333.33, 333.34; uplift times nothing is nothing.
    free = loan(drawdown(principal="1000", annual_rate="0", repayment=Repayment.EQUAL_INSTALMENTS), penalty_uplift="0.5", compound=True)
    assert [f"{each.principal:.2f}" for each in schedule(free.drawdowns[0], DayCount.THIRTY_360)] == ["333.33", "333.33", "333.34"]
    assert on("2030-01-01", free) == {"principal": "1000.00", "total": "1000.00"}


def test_acceleration_makes_all_of_it_due() -> None:
    # 36,000 at 10 %, actual/360: 10.00 a day. 30 Nov: 300 due. 10 Dec: 10 days more = 100, and all principal. Uplift 30 %: 13.00 a day,
    # 10 days = 130.
    hurried = loan(
        drawdown(principal="36000", annual_rate="0.10", drawn_on="2023-10-31", months=4, accelerated_on="2023-12-10"),
        day_count=DayCount.ACTUAL_360, penalty_uplift="0.3")
    found = reckon(hurried, day("2023-12-20")).total
    assert owed(found) == {"principal": "36000.00", "interest": "400.00", "penalty": "130.00", "total": "36530.00"}
    assert found.principal_due == 36000


def test_an_agreed_order_within_a_debt_takes_the_place_of_article_561() -> None:
    # 12,000 at 12 %, interest first, one month: 10 Apr due 120 + 12,000. 1,000 come in; the contract says principal first.
    principal_first = (Component.PRINCIPAL, *(each for each in Component if each is not Component.PRINCIPAL))
    found = reckon(loan(drawdown(months=1), receipts=(receipt("2025-04-10", "1000"),), within=principal_first), day("2025-04-10"))
    assert [each[2:] for each in paid(found)] == [("principal", "1000.00")]
    assert {ground.kind for row in found.rows if row.kind is RowKind.APPROPRIATED for ground in row.grounds} == {"clause"}
    # Early, too: all principal on 25 Mar leaves the interest of 15 days, 60.00, which is due at once.
    early = reckon(loan(drawdown(months=1), receipts=(receipt("2025-03-25", "12000"),), within=principal_first), day("2025-05-01"))
    assert (owed(early.total), early.total.due_since) == ({"interest": "60.00", "total": "60.00"}, day("2025-03-25"))


def test_what_finds_no_debt_is_a_surplus() -> None:
    found = reckon(loan(drawdown(annual_rate="0"), receipts=(receipt("2025-03-20", "12000.01"),)), day("2025-12-31"))
    assert (found.surplus, found.total.total) == (Decimal("0.01"), Decimal(0))
    assert [row.reference for row in found.rows if row.kind is RowKind.SURPLUS] == ["R-2025-03-20"]


def test_nothing_is_owed_before_the_first_drawdown_and_later_receipts_are_not_looked_at() -> None:
    assert reckon(PARTLY, day("2025-03-09")).total.total == 0
    assert reckon(PARTLY, day("2025-04-19")).total.total == Decimal("12000") + Decimal("120") + Decimal("18") + Decimal("24")
    # 19 Apr: 120 due, 9 days of penalty 4,000 × 0.0005 × 9 = 18.00, 9 days on 8,000 at 12 % = 24.00.


@pytest.mark.parametrize(("convention", "days"), [(DayCount.ACTUAL_360, 31), (DayCount.ACTUAL_365, 31), (DayCount.THIRTY_360, 30)])
def test_a_due_day_of_its_own_makes_a_long_first_period(convention: DayCount, days: int) -> None:
    # Drawn on 20 Jan, due on the 20th would be a month; due day 20 of February: 31 days by the calendar, 30 by 30/360.
    planned = schedule(drawdown(drawn_on="2025-01-20", due_day=20), convention)
    assert planned[0].days == days
    assert [str(each.due_on) for each in schedule(drawdown(drawn_on="2025-01-20", due_day=31), convention)] == [
        "2025-02-28", "2025-03-31", "2025-04-30"]


def test_an_instalment_below_its_interest_pays_no_principal_and_never_less() -> None:
    # Drawn on 1 Jan, due on the last of February: 57 days by 30/360; at 36 % that is 570.00 of 10,000, more than the instalment of 308.90.
    long_first = drawdown(
        principal="10000", annual_rate="0.36", months=120, drawn_on="2025-01-01", due_day=31, repayment=Repayment.EQUAL_INSTALMENTS)
    planned = schedule(long_first, DayCount.THIRTY_360)
    assert (planned[0].principal, planned[0].interest) == (Decimal(0), Decimal(570))
    assert sum(each.principal for each in planned) == 10000
    assert min(each.principal for each in planned) == 0
