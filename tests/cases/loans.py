"""Loans for tests, in few words."""
from datetime import date
from decimal import Decimal
from typing import Any

from cases.reckoning.terms import Agreement, DayCount, Drawdown, Loan, Receipt, Repayment


def day(text: str) -> date:
    return date.fromisoformat(text)


def yuan(text: str) -> Decimal:
    return Decimal(text)


def drawdown(reference: str = "A", **changes: Any) -> Drawdown:
    """12,000 yuan at 12 % for three months, interest first, unless changed; texts become days and sums."""
    values: dict[str, Any] = {
        "principal": "12000", "drawn_on": "2025-03-10", "annual_rate": "0.12", "months": 3, "repayment": Repayment.INTEREST_FIRST,
        **changes,
    }
    for name in ("principal", "annual_rate", "security"):
        if name in values:
            values[name] = Decimal(values[name])
    for name in ("drawn_on", "accelerated_on"):
        if values.get(name):
            values[name] = day(values[name])
    return Drawdown(reference, **values)


def receipt(received_on: str, amount: str, designation: str | None = None, *, reference: str | None = None) -> Receipt:
    return Receipt(reference or f"R-{received_on}", day(received_on), Decimal(amount), designation)


def loan(*drawdowns: Drawdown, receipts: tuple[Receipt, ...] = (), charges: tuple[Any, ...] = (), **terms: Any) -> Loan:
    values: dict[str, Any] = {"day_count": DayCount.THIRTY_360, **terms}
    if "penalty_uplift" in values:
        values["penalty_uplift"] = Decimal(values["penalty_uplift"])
    return Loan(Agreement(**values), drawdowns or (drawdown(),), receipts, charges)
