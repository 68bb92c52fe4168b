"""What is reckoned with: the agreement, its drawdowns (借据), receipts and charges, and the caps of a policy.

Amounts are Decimal yuan with at most two places, rates Decimal fractions of one (0.145 is 14.5 % a year). References are opaque words of
the lender's. `soundness.faults` says what is wrong with a loan; `reckoning.reckon` refuses one with faults.
Source: domain.md 4g, the elements of a loan case; 民法典 560, 561, 676.
"""
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Repayment(StrEnum):
    """How principal comes back: 等额本息, 等额本金, 先息后本, 一次性还本付息."""

    EQUAL_INSTALMENTS = "equal-instalments"
    EQUAL_PRINCIPAL = "equal-principal"
    INTEREST_FIRST = "interest-first"
    BULLET = "bullet"


class DayCount(StrEnum):
    """Days over the basis of a year. 30/360 is the ICMA's 30E/360: the 31st counts as the 30th, February keeps its days."""

    ACTUAL_360 = "actual/360"
    ACTUAL_365 = "actual/365"
    THIRTY_360 = "30/360"


class Component(StrEnum):
    """What a debt consists of. COSTS: of enforcing it (实现债权的费用). FEES: agreed ones that count towards a cap."""

    COSTS = "costs"
    FEES = "fees"
    INTEREST = "interest"
    PENALTY = "penalty"
    COMPOUND = "compound"
    PRINCIPAL = "principal"


class Criterion(StrEnum):
    """By what one debt comes before another: least security, highest annual rate (the heaviest burden), earliest due."""

    SECURITY = "security"
    BURDEN = "burden"
    DUE = "due"


# LAW: 民法典 561: costs, interest, principal. It calls all interest one; inside it, and for agreed fees, the order here is the sheet's own,
# said on the sheet, and a contract's order takes its place.
STATUTORY_WITHIN = (
    Component.COSTS, Component.FEES, Component.INTEREST, Component.PENALTY, Component.COMPOUND, Component.PRINCIPAL,
)
# LAW: 民法典 560 paragraph 2, after "already due": least security, heaviest burden, earliest due; then pro rata.
STATUTORY_BETWEEN = (Criterion.SECURITY, Criterion.BURDEN, Criterion.DUE)


@dataclass(frozen=True, slots=True)
class Clauses:
    """Numbers of the contract's clauses as the contract writes them; None where the lender did not name one."""

    rate: str | None = None
    repayment: str | None = None
    penalty: str | None = None
    compound: str | None = None
    acceleration: str | None = None
    appropriation: str | None = None
    charges: str | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What all drawdowns share. `within` and `between`: the contract's orders of appropriation, None for the statute's.

    `penalty_uplift`: 0.5 for half as much again. `designation`: whether the debtor may name the debt that a receipt pays.
    """

    day_count: DayCount
    penalty_uplift: Decimal = Decimal(0)
    compound: bool = False
    within: tuple[Component, ...] | None = None
    between: tuple[Criterion, ...] | None = None
    designation: bool = True
    clauses: Clauses = Clauses()


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One 借据. `due_day`: 1 to 31, the day of the month on which instalments fall due; None: the day of the drawdown.

    `security`: what secures this debt, in yuan; 0 for nothing. `accelerated_on`: the day on which the lender declared all of it due.
    """

    reference: str
    principal: Decimal
    drawn_on: date
    annual_rate: Decimal
    months: int
    repayment: Repayment
    due_day: int | None = None
    security: Decimal = Decimal(0)
    accelerated_on: date | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in. `designation`: the drawdown that the debtor named when he paid; None when he named none."""

    reference: str
    received_on: date
    amount: Decimal
    designation: str | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """A cost of enforcing the debt, or an agreed fee (`is_fee`), due on the day it was charged."""

    reference: str
    drawdown: str
    charged_on: date
    amount: Decimal
    is_fee: bool = False


@dataclass(frozen=True, slots=True)
class Loan:
    """One debtor's debt under one agreement."""

    agreement: Agreement
    drawdowns: tuple[Drawdown, ...]
    receipts: tuple[Receipt, ...] = ()
    charges: tuple[Charge, ...] = ()


@dataclass(frozen=True, slots=True)
class RateCap:
    """A dated policy: interest, penalty, compound interest and fees together stay below this rate a year on the outstanding principal.

    Data of whoever states it, never a law of ours: `source` and `stated_by` say where it comes from and who says so. In force from
    `effective_from` until the day before `effective_until` (None: still).
    """

    annual_rate: Decimal
    effective_from: date
    source: str
    stated_by: str
    effective_until: date | None = None
    day_count: DayCount = DayCount.ACTUAL_365
