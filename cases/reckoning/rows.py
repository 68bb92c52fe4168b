"""Rows of the reckoning sheet, and the grounds that each rests on.

A row says what was reckoned, from when to when, on what base, at what rate, by which formula, and why: the law, a clause of the
contract, or the policy that somebody stated. A row whose law was not in force on its day, or is not known here, names none.
"""
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from cases.reckoning.terms import Component
from law.citation import Citation, cite
from law.statutes import UnknownCitation, article_on


class RowKind(StrEnum):
    DRAWN = "drawn"
    CHARGED = "charged"
    INTEREST = "interest"
    PENALTY = "penalty"
    COMPOUND = "compound"
    DUE = "due"
    ACCELERATED = "accelerated"
    APPROPRIATED = "appropriated"
    SURPLUS = "surplus"
    ALLOWED = "allowed"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Ground:
    """`citation` where the ground is law; `text` is what a paper prints."""

    kind: Literal["law", "clause", "policy"]
    text: str
    citation: Citation | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """`since` is counted, `until` is not; rows of one day have `until` alone. Absent members do not apply to the row's kind."""

    kind: RowKind
    drawdown: str
    until: date
    amount: Decimal
    since: date | None = None
    days: int | None = None
    base: Decimal | None = None
    rate: Decimal | None = None
    year_days: int | None = None
    component: Component | None = None
    reference: str | None = None
    reason: str | None = None
    grounds: tuple[Ground, ...] = ()

    @property
    def formula(self) -> str | None:
        """base × rate × days ÷ year, in figures; None for rows that are not reckoned."""
        if self.base is None or self.rate is None or self.days is None or self.year_days is None:
            return None
        return f"{self.base:.2f} × {rate_text(self.rate)} × {self.days} ÷ {self.year_days}"


def rate_text(rate: Decimal) -> str:
    """A rate without trailing zeros: 0.18 and 0.180 are one rate and have one spelling."""
    return f"{rate.normalize():f}"


def clause(number: str | None) -> Ground:
    """The contract's clause; one without a number says so."""
    return Ground("clause", f"合同条款 {number}" if number else "合同约定（条款号未载明）")


def statute(subject: str, day: date, *, paragraph: int | None = None, item: int | None = None) -> tuple[Ground, ...]:
    """The rule of 民法典 about `subject` in force on `day`; nothing when none is known to have been."""
    try:
        citation = cite(article_on("civil-code", subject, day), paragraph=paragraph, item=item)
    except UnknownCitation:
        return ()
    return (Ground("law", citation.chinese, citation),)


def policy(source: str, stated_by: str) -> Ground:
    return Ground("policy", f"{source}（{stated_by}）")
