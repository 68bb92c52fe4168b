"""What a rate cap allows: the outstanding principal times the cap's rate, day by day, through every change of the policy.

The cap holds cumulatively: charges that were too high early on are admitted later, as far as the rate over the whole time allows, so that a
fee on the first day is judged over the days that it was for. What is above it is withheld (减除) and shown, never dropped silently.
What it does not do: say that a cap is law. It is the policy of whoever stated it.
"""
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from cases.reckoning.days import days_between, year_days
from cases.reckoning.money import ZERO, accrual
from cases.reckoning.rows import Row, RowKind, policy
from cases.reckoning.terms import RateCap


@dataclass(slots=True)
class Allowance:
    """The cap of one drawdown in motion: `closed` up to `since`, `base` from then on."""

    drawdown: str
    caps: tuple[RateCap, ...]
    since: date
    base: Decimal
    closed: Decimal = field(default=ZERO)

    def by(self, day: date) -> Decimal:
        """What the cap allows in all until `day`."""
        return self.closed + sum((row.amount for row in self._rows(day)), ZERO)

    def close(self, day: date) -> list[Row]:
        """The rows since the last close; the base may change now."""
        rows = self._rows(day)
        self.closed += sum((row.amount for row in rows), ZERO)
        self.since = day
        return rows

    def _rows(self, until: date) -> list[Row]:
        rows = []
        for cap in sorted(self.caps, key=lambda each: each.effective_from):
            first, last = max(self.since, cap.effective_from), min(until, cap.effective_until or until)
            days = days_between(cap.day_count, first, last) if first < last else 0
            if days and self.base:
                year = year_days(cap.day_count)
                rows.append(Row(
                    RowKind.ALLOWED, self.drawdown, last, accrual(self.base, cap.annual_rate, days, year), since=first, days=days,
                    base=self.base, rate=cap.annual_rate, year_days=year, grounds=(policy(cap.source, cap.stated_by),)))
        return rows
