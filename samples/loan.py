"""The arithmetic of the loan: schedule, payments and what is overdue, all in `Decimal` yuan.

What it is for: equal principal instalments at 0.9 % a month, chosen so that every figure can be checked by hand
(1,000.00 of principal each month, interest falling by 9.00 from 108.00 to 9.00, 702.00 in all).

What it does not do: general loan accounting. Each payment of the sample pays one instalment, and says which.
LAW: payments are counted against penalty and interest before principal (民法典, article 561); interest of 10.80 % and
penalty of 16.20 % a year are well below 24 %, above which a borrower may ask for a reduction (法发〔2017〕22号, article 2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from samples.facts import shanghai

PRINCIPAL = Decimal("12000.00")
TERM_MONTHS = 12
MONTHLY_RATE = Decimal("0.009")
ANNUAL_RATE_PERCENT = Decimal("10.80")
PENALTY_RATE_PERCENT = Decimal("16.20")
PENALTY_DAILY_RATE = Decimal("0.00045")
DISBURSED_AT = shanghai("2026-01-12 10:05:41")
BANK_REFERENCE = "YLYH20260112100541000427"
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Instalment:
    """One row of the repayment schedule; `number` counts from 1."""

    number: int
    due: date
    principal: Decimal
    interest: Decimal

    @property
    def total(self) -> Decimal:
        """What is due on the day."""
        return self.principal + self.interest


@dataclass(frozen=True, slots=True)
class Debit:
    """One attempt to debit the borrower's account; `received` is zero when the bank refused."""

    at: datetime
    instalment: int
    asked: Decimal
    received: Decimal
    bank_answer: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a debit was counted, and the principal of the whole loan that is left after it."""

    debit: Debit
    penalty: Decimal
    interest: Decimal
    principal: Decimal
    principal_left: Decimal


@dataclass(frozen=True, slots=True)
class Arrears:
    """What one instalment owes on a day."""

    instalment: int
    due: date
    principal: Decimal
    interest: Decimal
    days: int
    penalty: Decimal

    @property
    def total(self) -> Decimal:
        """Principal, interest and penalty together."""
        return self.principal + self.interest + self.penalty


def money(amount: Decimal) -> str:
    """Return `amount` as files of the case write it: two decimals, no separators."""
    return f"{amount:.2f}"


def penalty(principal: Decimal, days: int) -> Decimal:
    """Return the penalty on overdue `principal` for `days` whole days, rounded half up to a cent; not compounded."""
    return (principal * PENALTY_DAILY_RATE * days).quantize(CENT, ROUND_HALF_UP)


def make_schedule() -> tuple[Instalment, ...]:
    """Return the twelve instalments, due on the 12th of each month from February 2026."""
    share = PRINCIPAL / TERM_MONTHS
    rows = []
    for number in range(1, TERM_MONTHS + 1):
        interest = (PRINCIPAL - share * (number - 1)) * MONTHLY_RATE
        rows.append(Instalment(number, date(2026 + number // 12, number % 12 + 1, 12), share.quantize(CENT), interest.quantize(CENT)))
    return tuple(rows)


SCHEDULE = make_schedule()

DEBITS = (
    Debit(shanghai("2026-02-12 10:21:33"), 1, Decimal("1108.00"), Decimal("1108.00"), "成功"),
    Debit(shanghai("2026-03-12 10:20:07"), 2, Decimal("1099.00"), Decimal("0.00"), "余额不足"),
    Debit(shanghai("2026-03-16 18:42:55"), 2, Decimal("1100.80"), Decimal("1100.80"), "成功"),
    Debit(shanghai("2026-04-12 10:20:48"), 3, Decimal("1090.00"), Decimal("500.00"), "余额不足，部分扣款"),
    Debit(shanghai("2026-05-12 10:20:16"), 4, Decimal("1081.00"), Decimal("0.00"), "余额不足"),
    Debit(shanghai("2026-06-12 10:20:39"), 5, Decimal("1072.00"), Decimal("0.00"), "余额不足"),
    Debit(shanghai("2026-07-12 10:21:02"), 6, Decimal("1063.00"), Decimal("0.00"), "余额不足"),
)


def settle(debits: Sequence[Debit] = DEBITS) -> tuple[Settlement, ...]:
    """Count each debit against penalty, interest and principal of its instalment, in the order of time."""
    owed = {row.number: (row.interest, row.principal) for row in SCHEDULE}
    left, settled = PRINCIPAL, []
    for debit in debits:
        interest, principal = owed[debit.instalment]
        days = (debit.at.date() - SCHEDULE[debit.instalment - 1].due).days
        to_penalty = min(debit.received, penalty(principal, days))
        to_interest = min(debit.received - to_penalty, interest)
        to_principal = debit.received - to_penalty - to_interest
        assert to_principal <= principal, "a sample payment pays one instalment only"
        owed[debit.instalment] = (interest - to_interest, principal - to_principal)
        left -= to_principal
        settled.append(Settlement(debit, to_penalty, to_interest, to_principal, left))
    return tuple(settled)


SETTLEMENTS = settle()


def arrears_on(day: date) -> tuple[Arrears, ...]:
    """Return what each overdue instalment owes at the end of `day`.

    A penalty paid on the way would have to be taken off; in the sample the overdue instalments have paid none.
    """
    rows = []
    for row in SCHEDULE:
        paid = [item for item in SETTLEMENTS if item.debit.instalment == row.number]
        principal = row.principal - sum((item.principal for item in paid), Decimal(0))
        interest = row.interest - sum((item.interest for item in paid), Decimal(0))
        days = (day - row.due).days
        if days > 0 and principal + interest > 0:
            rows.append(Arrears(row.number, row.due, principal, interest, days, penalty(principal, days)))
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class Sums:
    """Arrears of several instalments together."""

    principal: Decimal
    interest: Decimal
    penalty: Decimal

    @property
    def total(self) -> Decimal:
        """Principal, interest and penalty together."""
        return self.principal + self.interest + self.penalty


def total_of(arrears: Sequence[Arrears]) -> Sums:
    """Add up principal, interest and penalty, each on its own."""
    return Sums(*(sum((getattr(item, name) for item in arrears), Decimal(0)) for name in ("principal", "interest", "penalty")))
