"""The repayment schedule (还款计划): what falls due when, as long as everybody keeps to the contract.

An equal instalment (等额本息) is P·r ÷ (1 − (1 + r)^−n) with r = annual rate ÷ 12, rounded half-up to fen; its interest is reckoned by the
contract's day count, principal is the rest, and the last one takes what is left. After an early repayment the rest of the principal is
planned anew over the due dates that remain (期限不变、减少每期还款). The period in which it came in has one equal instalment, as each has:
the interest of its days before the payment counts towards it, whether it was paid with it or not.
What it does not do: other effects of an early repayment, which a contract may agree.
Source: the four methods of domain.md 4g, element 7.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from cases.reckoning.days import days_between, due_dates, year_days
from cases.reckoning.money import CONTEXT, ZERO, accrual, to_fen
from cases.reckoning.terms import DayCount, Drawdown, Repayment


@dataclass(frozen=True, slots=True)
class Instalment:
    """`balance`: principal that is left after it. Interest is for the days from `since` (counted) to `due_on` (not counted)."""

    number: int
    since: date
    due_on: date
    days: int
    principal: Decimal
    interest: Decimal
    balance: Decimal


def schedule(drawdown: Drawdown, convention: DayCount) -> tuple[Instalment, ...]:
    """The schedule as agreed at the drawdown; one instalment for a bullet."""
    days = due_dates(drawdown.drawn_on, drawdown.months, drawdown.due_day)
    return plan(drawdown, drawdown.principal, drawdown.drawn_on, days[-1:] if drawdown.repayment is Repayment.BULLET else days, convention)


def plan(
    drawdown: Drawdown, principal: Decimal, since: date, days: Sequence[date], convention: DayCount, *, number: int = 1,
    earlier: Decimal = ZERO,
) -> tuple[Instalment, ...]:
    """`principal`, outstanding from `since`, planned over these due dates by the drawdown's method; `number` is the first one's.

    `earlier`: the first period's interest of the days before `since`, in yuan.
    """
    with localcontext(CONTEXT):
        return tuple(_planned(drawdown, principal, since, days, convention, number, earlier))


def _planned(
    drawdown: Drawdown, principal: Decimal, since: date, days: Sequence[date], convention: DayCount, number: int, earlier: Decimal
) -> Iterable[Instalment]:
    rate, balance = drawdown.annual_rate, principal
    payment = _equal_payment(principal, rate, len(days)) if drawdown.repayment is Repayment.EQUAL_INSTALMENTS else ZERO
    for place, due_on in enumerate(days):
        count = days_between(convention, since, due_on)
        interest = accrual(balance, rate, count, year_days(convention))
        if place == len(days) - 1:
            part = balance
        elif drawdown.repayment is Repayment.EQUAL_INSTALMENTS:
            # A long first period may cost more than the instalment: then it pays no principal, and is as high as its interest.
            part = min(balance, max(ZERO, payment - earlier - interest))
        elif drawdown.repayment is Repayment.EQUAL_PRINCIPAL:
            part = min(balance, to_fen(principal / len(days)))
        else:
            part = ZERO
        balance -= part
        yield Instalment(number + place, since, due_on, count, part, interest, balance)
        since, earlier = due_on, ZERO


def _equal_payment(principal: Decimal, annual_rate: Decimal, count: int) -> Decimal:
    if annual_rate == 0:
        return to_fen(principal / count)
    monthly = annual_rate / 12
    return to_fen(principal * monthly / (1 - (1 + monthly) ** -count))
