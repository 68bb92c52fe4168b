"""What is wrong with a loan is told all at once, each fault where it is; and a loan with faults is not reckoned."""
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cases.reckoning.reckoner import reckon
from cases.reckoning.soundness import cap_fault, faults
from cases.reckoning.terms import Charge, Component, Criterion, Loan, RateCap
from tests.cases.loans import day, drawdown, loan, receipt

COST = Charge("C1", "A", day("2025-04-01"), Decimal("5"))
BAD: dict[str, tuple[Loan, str]] = {
    "no drawdown": (replace(loan(), drawdowns=()), "/drawdowns"),
    "too many drawdowns": (loan(*(drawdown(str(n)) for n in range(21))), "/drawdowns"),
    "a reference twice": (loan(drawdown("A"), drawdown("A")), "/drawdowns/1/reference"),
    "a reference with a line end": (loan(drawdown("A\n")), "/drawdowns/0/reference"),
    "no principal": (loan(drawdown(principal="0")), "/drawdowns/0/principal"),
    "a principal below nothing": (loan(drawdown(principal="-1")), "/drawdowns/0/principal"),
    "a third of a fen": (loan(drawdown(principal="0.003")), "/drawdowns/0/principal"),
    "not a number": (loan(drawdown(principal="NaN")), "/drawdowns/0/principal"),
    "too much": (loan(drawdown(principal="1E13")), "/drawdowns/0/principal"),
    "a rate in per cent": (loan(drawdown(annual_rate="14.5")), "/drawdowns/0/annual_rate"),
    "a rate below nothing": (loan(drawdown(annual_rate="-0.01")), "/drawdowns/0/annual_rate"),
    "security below nothing": (loan(drawdown(security="-1")), "/drawdowns/0/security"),
    "no month": (loan(drawdown(months=0)), "/drawdowns/0/months"),
    "too many months": (loan(drawdown(months=361)), "/drawdowns/0/months"),
    "day 32": (loan(drawdown(due_day=32)), "/drawdowns/0/due_day"),
    "long ago": (loan(drawdown(drawn_on="1979-12-31")), "/drawdowns/0/drawn_on"),
    "accelerated before it was paid out": (loan(drawdown(accelerated_on="2025-03-10")), "/drawdowns/0/accelerated_on"),
    "accelerated when all was due": (loan(drawdown(accelerated_on="2025-06-10")), "/drawdowns/0/accelerated_on"),
    "an uplift below nothing": (loan(penalty_uplift="-0.5"), "/agreement/penalty_uplift"),
    "an order that forgets": (loan(within=(Component.PRINCIPAL,)), "/agreement/within"),
    "an order that repeats": (loan(between=(Criterion.DUE, Criterion.DUE)), "/agreement/between"),
    "a receipt of nothing": (loan(receipts=(receipt("2025-04-01", "0"),)), "/receipts/0/amount"),
    "a receipt before the loan": (loan(receipts=(receipt("2025-03-09", "1"),)), "/receipts/0/received_on"),
    "a receipt twice": (loan(receipts=(receipt("2025-04-01", "1"),) * 2), "/receipts/1/reference"),
    "a designation of nothing": (loan(receipts=(receipt("2025-04-01", "1", "Z"),)), "/receipts/0/designation"),
    "too many receipts": (loan(receipts=(receipt("2025-04-01", "1"),) * 601), "/receipts"),
    "a charge on nothing": (loan(charges=(replace(COST, drawdown="Z"),)), "/charges/0/drawdown"),
    "a charge before the loan": (loan(charges=(replace(COST, charged_on=day("2025-03-09")),)), "/charges/0/charged_on"),
    "a charge of nothing": (loan(charges=(replace(COST, amount=Decimal(0)),)), "/charges/0/amount"),
    "a charge twice": (loan(charges=(COST, COST)), "/charges/1/reference"),
    "too many charges": (loan(charges=(COST,) * 201), "/charges"),
}


@pytest.mark.parametrize(("bad", "pointer"), BAD.values(), ids=list(BAD))
def test_a_fault_is_named_where_it_is_and_the_loan_is_not_reckoned(bad: Loan, pointer: str) -> None:
    assert [where for where, _ in faults(bad)] == [pointer]
    with pytest.raises(ValueError, match=pointer):
        reckon(bad, day("2025-05-01"))


@pytest.mark.parametrize(("on", "reason"), [
    ("2025-03-09", ("a receipt comes after the first drawdown", "a charge comes after its drawdown")),
    ("2100-01-01", ("a day from 1980 to 2099", "a day from 1980 to 2099"))])
def test_a_day_is_told_what_is_wrong_with_it(on: str, reason: tuple[str, str]) -> None:
    wrong = loan(receipts=(receipt(on, "1"),), charges=(replace(COST, charged_on=day(on)),))
    assert faults(wrong) == [("/receipts/0/received_on", reason[0]), ("/charges/0/charged_on", reason[1])]


def test_all_faults_are_told_at_once() -> None:
    wrong = loan(drawdown("A", principal="0", months=0), drawdown("B", annual_rate="-1"), penalty_uplift="-1")
    assert [where for where, _ in faults(wrong)] == [
        "/agreement/penalty_uplift", "/drawdowns/0/principal", "/drawdowns/0/months", "/drawdowns/1/annual_rate"]


def cap(since: str, until: str | None = None, rate: str = "0.24") -> RateCap:
    return RateCap(Decimal(rate), day(since), "政策", "合规部", day(until) if until else None)


@pytest.mark.parametrize(("caps", "wrong"), [
    ((cap("2025-03-11"),), "every day"), ((cap("2020-01-01", "2025-04-01"),), "every day"),
    ((cap("2020-01-01", "2025-04-01"), cap("2025-04-02")), "every day"), ((cap("2020-01-01"), cap("2025-04-01")), "two caps"),
    ((cap("2020-01-01", "2025-04-02"), cap("2025-04-01")), "two caps"), ((cap("2025-01-01", "2024-01-01"),), "before it begins"),
    ((cap("2020-01-01", rate="24"),), "fraction"),
])
def test_caps_that_leave_a_day_open_or_double_are_refused(caps: Any, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        reckon(loan(), day("2025-05-01"), caps)


def test_caps_that_cover_each_day_once_are_taken() -> None:
    assert cap_fault((cap("2020-01-01", "2025-04-01"), cap("2025-04-01")), day("2025-03-10"), day("2030-01-01")) is None
    assert cap_fault((), day("2025-03-10"), day("2030-01-01")) is None
