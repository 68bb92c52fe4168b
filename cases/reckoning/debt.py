"""One drawdown in motion: what is not due yet, what is due and unpaid, and what accrues on it.

Accrual is lazy: a stream writes a row only when its base changes, when its sum is needed for a receipt, or on the day reckoned to, so that
a row stands for a stretch of time that a reader would reckon in one go, and is rounded once.
What it does not do: choose between debts (`appropriation`), know of other drawdowns.
Source: 民法典 561, 676; the contract's clauses.
"""
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from cases.reckoning.allowance import Allowance
from cases.reckoning.days import days_between, year_days
from cases.reckoning.money import ZERO, accrual
from cases.reckoning.rows import Ground, Row, RowKind, clause, statute
from cases.reckoning.schedule import Instalment, plan, schedule
from cases.reckoning.terms import STATUTORY_WITHIN, Agreement, Charge, Component, DayCount, Drawdown, RateCap, Receipt

Record = Callable[[Row], None]

# What a cap withholds first: what weighs most on the debtor and rests on least.
WITHHELD_FIRST = (Component.COMPOUND, Component.PENALTY, Component.FEES, Component.INTEREST)
ITEM_OF_561 = {Component.COSTS: 1, Component.INTEREST: 2, Component.PENALTY: 2, Component.COMPOUND: 2, Component.PRINCIPAL: 3}


@dataclass(slots=True)
class Lots:
    """Sums of one component that fell due on different days; the oldest is paid first."""

    lots: list[tuple[date, Decimal]] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum((amount for _, amount in self.lots), ZERO)

    def add(self, due_on: date, amount: Decimal) -> None:
        if amount:
            self.lots.append((due_on, amount))

    def take(self, amount: Decimal) -> None:
        while amount:
            due_on, oldest = self.lots.pop(0)
            paid = min(oldest, amount)
            amount -= paid
            if paid < oldest:
                self.lots.insert(0, (due_on, oldest - paid))


@dataclass(slots=True)
class Stream:
    """Something that accrues at `rate` a year on `base` since `since`."""

    kind: RowKind
    rate: Decimal
    since: date
    base: Decimal = field(default=ZERO)

    def close(self, drawdown: str, convention: DayCount, day: date, grounds: tuple[Ground, ...]) -> Row | None:
        """The row until `day`; None where nothing could accrue. The base may change now."""
        days, since = days_between(convention, self.since, day), self.since
        self.since = day
        if not (days and self.base and self.rate):
            return None
        year = year_days(convention)
        return Row(
            self.kind, drawdown, day, accrual(self.base, self.rate, days, year), since=since, days=days, base=self.base, rate=self.rate,
            year_days=year, grounds=grounds)


class Debt:
    """A drawdown from the day it was paid out. Every change names its day; days never go back."""

    def __init__(self, drawdown: Drawdown, agreement: Agreement, caps: tuple[RateCap, ...], record: Record) -> None:
        self.drawdown, self.agreement, self.record = drawdown, agreement, record
        self.plan: tuple[Instalment, ...] = schedule(drawdown, agreement.day_count)
        self.undue = drawdown.principal
        self.accrued = ZERO  # in-term interest whose row is closed and which is neither due nor paid
        self.of_period = ZERO  # in-term interest of the period that runs, as far as its rows are closed, paid or not
        self.owed = {component: Lots() for component in Component}
        self.charged = ZERO  # all that a cap counts, ever
        penalty_rate = drawdown.annual_rate * (1 + agreement.penalty_uplift)
        self.interest = Stream(RowKind.INTEREST, drawdown.annual_rate, drawdown.drawn_on, self.undue)
        self.penalty = Stream(RowKind.PENALTY, penalty_rate, drawdown.drawn_on)
        self.compound = Stream(RowKind.COMPOUND, penalty_rate, drawdown.drawn_on)
        self.allowance = Allowance(drawdown.reference, caps, drawdown.drawn_on, drawdown.principal) if caps else None
        self._note(RowKind.DRAWN, drawdown.drawn_on, drawdown.principal)

    @property
    def principal(self) -> Decimal:
        return self.undue + self.owed[Component.PRINCIPAL].total

    def due_since(self, day: date) -> date | None:
        """The earliest day on which anything that is unpaid and claimable on `day` fell due; None when nothing is. Call `settle` first."""
        # LAW: 民法典 560: what a cap withholds wholly is nothing that is due, and decides no order.
        payable = self.payable(day)
        return min((lots.lots[0][0] for component, lots in self.owed.items() if payable[component]), default=None)

    # What time brings

    def add_charge(self, charge: Charge) -> None:
        component = Component.FEES if charge.is_fee else Component.COSTS
        self.owed[component].add(charge.charged_on, charge.amount)
        self.charged += charge.amount if charge.is_fee else ZERO
        self._note(
            RowKind.CHARGED, charge.charged_on, charge.amount, component=component, reference=charge.reference,
            grounds=(clause(self.agreement.clauses.charges),))

    def fall_due(self, day: date) -> None:
        """The instalment of this day, if there is one: its principal and all interest accrued so far become due."""
        if not (self.plan and self.plan[0].due_on == day):
            return
        instalment, self.plan = self.plan[0], self.plan[1:]
        self.settle(day)
        self._accrue_interest(day)
        self._make_due(
            RowKind.DUE, day, instalment.principal, reference=str(instalment.number),
            grounds=(clause(self.agreement.clauses.repayment), *statute("repayment-when-due", day)))

    def accelerate(self, day: date) -> None:
        """The lender declares all of it due (宣布提前到期)."""
        self.settle(day)
        self._accrue_interest(day)
        self.plan = ()
        self._make_due(RowKind.ACCELERATED, day, self.undue, grounds=(clause(self.agreement.clauses.acceleration),))

    def settle(self, day: date) -> None:
        """Close the rows of penalty and compound interest: what is due is known to the day."""
        law = statute("overdue-interest", day)
        for stream, component, number in (
            (self.penalty, Component.PENALTY, self.agreement.clauses.penalty),
            (self.compound, Component.COMPOUND, self.agreement.clauses.compound),
        ):
            since = stream.since
            self.owed[component].add(since, self._closed(stream, day, (clause(number), *law)))

    def finish(self, day: date) -> dict[Component, Decimal]:
        """Close every row on the day reckoned to. What a cap withholds of each component; in-term interest counts as INTEREST."""
        self.settle(day)
        self._accrue_interest(day)
        self._close_allowance(day)
        withheld, of_accrued = self.withheld(day)
        withheld[Component.INTEREST] += of_accrued
        for component, amount in withheld.items():
            if amount:
                assert self.allowance is not None
                self._note(RowKind.WITHHELD, day, amount, component=component, reason="rate-cap")
        return withheld

    # What a receipt pays

    def withheld(self, day: date) -> tuple[dict[Component, Decimal], Decimal]:
        """What the cap keeps from being claimed on `day`: of each component that is due, and of accrued interest that is not."""
        excess = ZERO if self.allowance is None else max(ZERO, self.charged - self.allowance.by(day))
        found = dict.fromkeys(Component, ZERO)
        for component in WITHHELD_FIRST:
            found[component] = min(excess, self.owed[component].total)
            excess -= found[component]
        # Paid charges never exceed the allowance of their day, and the allowance only grows: what is left is unpaid.
        assert excess <= self.accrued
        return found, excess

    def payable(self, day: date) -> dict[Component, Decimal]:
        """What is due and claimable on `day`, by component; call `settle` first."""
        withheld, _ = self.withheld(day)
        return {component: self.owed[component].total - withheld[component] for component in Component}

    def payable_early(self, day: date) -> Decimal:
        """What is not due yet and could be paid on `day`: the principal, and the interest on it so far."""
        if not self.undue:
            return ZERO
        self._accrue_interest(day)
        return self.undue + self.accrued - self.withheld(day)[1]

    def pay_due(self, limit: Decimal, receipt: Receipt, reason: str, grounds: tuple[Ground, ...]) -> Decimal:
        """Pay what is due, component by component, with at most `limit`; what was used of it. Call `settle` first."""
        day, used = receipt.received_on, ZERO
        payable = self.payable(day)
        if payable[Component.PRINCIPAL] and limit:
            self._close_allowance(day)
        for component in self._within():
            amount = min(limit - used, payable[component])
            if amount:
                self.owed[component].take(amount)
                used += amount
                self._appropriated(component, amount, receipt, reason, grounds)
        self._rebase()
        return used

    def pay_early(self, limit: Decimal, receipt: Receipt, reason: str, grounds: tuple[Ground, ...]) -> Decimal:
        """Pay what is not due yet with at most `limit`; what was used of it.

        Where principal was paid, the rest of it is planned anew over the due dates that remain; interest alone leaves the plan as it is.
        """
        day, used, undue = receipt.received_on, ZERO, self.undue
        claimable = self.payable_early(day) - self.undue
        self._close_allowance(day)
        for component in self._within():
            left = {Component.INTEREST: claimable, Component.PRINCIPAL: self.undue}.get(component, ZERO)
            amount = min(limit - used, left)
            if not amount:
                continue
            used += amount
            self._appropriated(component, amount, receipt, reason, grounds)
            if component is Component.INTEREST:
                self.accrued -= amount
            else:
                self.undue -= amount
        if self.undue != undue:
            self._plan_anew(day)
        return used

    # Inside

    def _within(self) -> tuple[Component, ...]:
        return self.agreement.within or STATUTORY_WITHIN

    def _plan_anew(self, day: date) -> None:
        if self.undue:
            days = [instalment.due_on for instalment in self.plan]
            self.plan = plan(
                self.drawdown, self.undue, day, days, self.agreement.day_count, number=self.plan[0].number, earlier=self.of_period)
            self._rebase()
        else:
            self.plan = ()
            self._make_due(RowKind.DUE, day, ZERO, grounds=(clause(self.agreement.clauses.repayment),))

    def _make_due(
        self, kind: RowKind, day: date, principal: Decimal, *, reference: str | None = None, grounds: tuple[Ground, ...]
    ) -> None:
        """All interest accrued so far falls due, and this much principal with it."""
        for component, amount in ((Component.INTEREST, self.accrued), (Component.PRINCIPAL, principal)):
            if amount:
                self._note(kind, day, amount, component=component, reference=reference, grounds=grounds)
        self.owed[Component.PRINCIPAL].add(day, principal)
        self.owed[Component.INTEREST].add(day, self.accrued)
        self.undue -= principal
        self.accrued = self.of_period = ZERO
        self._rebase()

    def _rebase(self) -> None:
        """Let each stream run on what it runs on now; its row was closed today."""
        self.interest.base = self.undue
        self.penalty.base = self.owed[Component.PRINCIPAL].total
        self.compound.base = self.owed[Component.INTEREST].total if self.agreement.compound else ZERO
        if self.allowance is not None:
            self.allowance.base = self.principal

    def _accrue_interest(self, day: date) -> None:
        interest = self._closed(self.interest, day, (clause(self.agreement.clauses.rate),))
        self.accrued += interest
        self.of_period += interest

    def _closed(self, stream: Stream, day: date, grounds: tuple[Ground, ...]) -> Decimal:
        row = stream.close(self.drawdown.reference, self.agreement.day_count, day, grounds)
        if row is None:
            return ZERO
        self.record(row)
        self.charged += row.amount
        return row.amount

    def _close_allowance(self, day: date) -> None:
        for row in self.allowance.close(day) if self.allowance is not None else ():
            self.record(row)

    def _appropriated(self, component: Component, amount: Decimal, receipt: Receipt, reason: str, grounds: tuple[Ground, ...]) -> None:
        own = (clause(self.agreement.clauses.appropriation),) if self.agreement.within else (
            statute("appropriation-within-a-debt", receipt.received_on, paragraph=1, item=ITEM_OF_561.get(component)))
        self._note(
            RowKind.APPROPRIATED, receipt.received_on, amount, component=component, reference=receipt.reference, reason=reason,
            grounds=(*grounds, *own))

    def _note(
        self, kind: RowKind, day: date, amount: Decimal, *, component: Component | None = None, reference: str | None = None,
        reason: str | None = None, grounds: tuple[Ground, ...] = (),
    ) -> None:
        self.record(Row(
            kind, self.drawdown.reference, day, amount, component=component, reference=reference, reason=reason, grounds=grounds))
