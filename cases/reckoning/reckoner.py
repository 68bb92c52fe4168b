"""reckon: walk through the days of a loan and say what is owed on one of them.

On each day things happen in this order: drawdowns, charges, instalments that fall due, acceleration, receipts. So what comes in on a due
date pays that day's instalment, and no penalty accrues. What happens after the day reckoned to is not looked at.
A receipt that finds nothing more to pay leaves a surplus, which is shown and not kept for later debts.
Source: 民法典 560, 561; the conventions in the package's docstring.
"""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from cases.reckoning.appropriation import ALREADY_DUE, DESIGNATED, EARLY, ONLY, Candidate, Turn, turns
from cases.reckoning.days import due_dates
from cases.reckoning.debt import Debt
from cases.reckoning.money import CONTEXT, ZERO, shares
from cases.reckoning.rows import Ground, Row, RowKind, clause, statute
from cases.reckoning.soundness import cap_fault, faults
from cases.reckoning.terms import STATUTORY_BETWEEN, Component, Loan, RateCap, Receipt


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What is owed on the day, in yuan. `withheld`: what a cap took out of interest, penalty, compound interest and fees.

    `drawdown` is None in the sum over all. `principal_due`: of the principal, what is due. `due_since`: None when nothing is due.
    """

    drawdown: str | None
    principal: Decimal
    principal_due: Decimal
    interest: Decimal
    penalty: Decimal
    compound: Decimal
    fees: Decimal
    costs: Decimal
    withheld: Decimal
    due_since: date | None

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest + self.penalty + self.compound + self.fees + self.costs


@dataclass(frozen=True, slots=True)
class Reckoning:
    """`rows` in the order of days; `total` over all drawdowns; `surplus`: what came in and found no debt."""

    at: date
    loan: Loan
    caps: tuple[RateCap, ...]
    rows: tuple[Row, ...]
    outstanding: tuple[Outstanding, ...]
    total: Outstanding
    surplus: Decimal


def reckon(loan: Loan, at: date, caps: tuple[RateCap, ...] = ()) -> Reckoning:
    """What is owed on `at`, the day itself not counted. Raises ValueError for a loan with faults, or caps that leave a day open."""
    if found := faults(loan):
        raise ValueError(f"{found[0][0]}: {found[0][1]}")
    if wrong := cap_fault(caps, min(each.drawn_on for each in loan.drawdowns), at):
        raise ValueError(wrong)
    with localcontext(CONTEXT):
        return _Walk(loan, caps).to(at)


class _Walk:
    def __init__(self, loan: Loan, caps: tuple[RateCap, ...]) -> None:
        self.loan, self.caps = loan, tuple(sorted(caps, key=lambda cap: cap.effective_from))
        self.rows: list[Row] = []
        self.debts: dict[str, Debt] = {}
        self.surplus = ZERO

    def to(self, at: date) -> Reckoning:
        for day in sorted(day for day in set(self._days()) if day <= at):
            self._live(day)
        outstanding = tuple(self._finish(debt, at) for debt in self.debts.values())
        return Reckoning(at, self.loan, self.caps, tuple(self.rows), outstanding, _sum(outstanding), self.surplus)

    def _days(self) -> Iterable[date]:
        yield from (each.drawn_on for each in self.loan.drawdowns)
        yield from (each.accelerated_on for each in self.loan.drawdowns if each.accelerated_on)
        yield from (each.received_on for each in self.loan.receipts)
        yield from (each.charged_on for each in self.loan.charges)
        for drawdown in self.loan.drawdowns:
            yield from due_dates(drawdown.drawn_on, drawdown.months, drawdown.due_day)

    def _live(self, day: date) -> None:
        for drawdown in sorted(self.loan.drawdowns, key=lambda each: each.reference):
            if drawdown.drawn_on == day:
                self.debts[drawdown.reference] = Debt(drawdown, self.loan.agreement, self.caps, self.rows.append)
        for charge in sorted(self.loan.charges, key=lambda each: each.reference):
            if charge.charged_on == day:
                self.debts[charge.drawdown].add_charge(charge)
        for debt in self.debts.values():
            debt.fall_due(day)
            if debt.drawdown.accelerated_on == day:
                debt.accelerate(day)
        for receipt in sorted(self.loan.receipts, key=lambda each: each.reference):
            if receipt.received_on == day:
                self._appropriate(receipt)

    def _appropriate(self, receipt: Receipt) -> None:
        """LAW: 民法典 560: the debt that the debtor named; else those that are due; then, what is left, those that are not."""
        day, left = receipt.received_on, receipt.amount
        for debt in self.debts.values():
            debt.settle(day)
        if receipt.designation is not None and self.loan.agreement.designation:
            named, law = self.debts[receipt.designation], statute("appropriation-between-debts", day, paragraph=1)
            left -= named.pay_due(left, receipt, DESIGNATED, law)
            if left and named.payable_early(day):
                left -= named.pay_early(left, receipt, DESIGNATED, law)
        left = self._pay_in_turn(receipt, left, early=False)
        left = self._pay_in_turn(receipt, left, early=True)
        if left:
            self.surplus += left
            self.rows.append(Row(RowKind.SURPLUS, "", day, left, reference=receipt.reference))

    def _pay_in_turn(self, receipt: Receipt, left: Decimal, *, early: bool) -> Decimal:
        """What is left after the due parts, or the parts that are not due, of all debts were paid in their order."""
        if not left:
            return left
        terms, day = self.loan.agreement, receipt.received_on
        law = (clause(terms.clauses.appropriation),) if terms.between is not None else (
            statute("appropriation-between-debts", day, paragraph=2))
        criteria = STATUTORY_BETWEEN if terms.between is None else terms.between
        for turn in turns(self._candidates(day, early=early), criteria):
            amounts = tuple(candidate.amount for candidate in turn.candidates)
            limit = min(left, sum(amounts, ZERO))
            reason = EARLY if early else self._reason(turn)
            for candidate, share in zip(turn.candidates, shares(limit, amounts), strict=True):
                left -= self._pay(candidate, share, receipt, reason, () if reason == ONLY else law, early=early)
        return left

    def _reason(self, turn: Turn) -> str:
        """Why these come now: a debt that is the only one due comes before those that are not due yet."""
        others = any(debt.undue for reference, debt in self.debts.items() if reference != turn.candidates[0].drawdown)
        return ALREADY_DUE if turn.reason == ONLY and others else turn.reason

    def _pay(
        self, candidate: Candidate, share: Decimal, receipt: Receipt, reason: str, law: tuple[Ground, ...], *, early: bool
    ) -> Decimal:
        if not share:
            return ZERO
        debt = self.debts[candidate.drawdown]
        used = debt.pay_early(share, receipt, reason, law) if early else debt.pay_due(share, receipt, reason, law)
        assert used == share, "a share is at most what can be paid"
        return used

    def _candidates(self, day: date, *, early: bool) -> list[Candidate]:
        found = []
        for reference, debt in self.debts.items():
            amount = debt.payable_early(day) if early else sum(debt.payable(day).values(), ZERO)
            due_on = debt.plan[0].due_on if early and debt.plan else debt.due_since(day)
            if amount:
                assert due_on is not None
                found.append(Candidate(reference, amount, debt.drawdown.security, debt.drawdown.annual_rate, due_on))
        return found

    @staticmethod
    def _finish(debt: Debt, at: date) -> Outstanding:
        withheld = debt.finish(at)
        owed = {component: debt.owed[component].total - withheld[component] for component in Component}
        return Outstanding(
            debt.drawdown.reference, debt.principal, owed[Component.PRINCIPAL], owed[Component.INTEREST] + debt.accrued,
            owed[Component.PENALTY], owed[Component.COMPOUND], owed[Component.FEES], owed[Component.COSTS],
            sum(withheld.values(), ZERO), debt.due_since(at))


def _sum(parts: tuple[Outstanding, ...]) -> Outstanding:
    def total(name: str) -> Decimal:
        return sum((getattr(part, name) for part in parts), ZERO)

    return Outstanding(
        None, total("principal"), total("principal_due"), total("interest"), total("penalty"), total("compound"), total("fees"),
        total("costs"), total("withheld"), min((part.due_since for part in parts if part.due_since), default=None))
