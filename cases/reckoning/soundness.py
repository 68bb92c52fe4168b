"""What is wrong with a loan, all of it at once, each fault with the JSON pointer of the member at fault.

Bounds keep a reckoning short: at most 20 drawdowns of 360 months, 600 receipts and 200 charges.
What it does not do: judge whether a rate or a fee is lawful.
"""
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from cases.reckoning.days import due_dates
from cases.reckoning.terms import Component, Criterion, Drawdown, Loan, RateCap

Fault = tuple[str, str]

MAX_DRAWDOWNS, MAX_MONTHS, MAX_RECEIPTS, MAX_CHARGES = 20, 360, 600, 200
MAX_AMOUNT, MAX_RATE = Decimal(10) ** 13, Decimal(10)
FIRST_DAY, LAST_DAY = date(1980, 1, 1), date(2100, 1, 1)
REFERENCE = re.compile(r"[^\x00-\x1f\x7f]{1,128}")


def faults(loan: Loan) -> list[Fault]:
    """(pointer, reason) of each fault; empty when `loan` can be reckoned."""
    found = [*_agreement(loan), *_drawdowns(loan)]
    # The rest speaks of drawdowns by their references, so it waits for those to be right.
    return found or [*_receipts(loan), *_charges(loan)]


def cap_fault(caps: tuple[RateCap, ...], since: date, until: date) -> str | None:
    """Why these caps cannot be applied from `since` to `until`: they must cover every day once. None when they do, or there are none."""
    ordered = sorted(caps, key=lambda cap: cap.effective_from)
    reached = since
    for place, cap in enumerate(ordered):
        if not 0 <= cap.annual_rate <= MAX_RATE:
            return "a cap's rate is a fraction from 0 to 10"
        if cap.effective_until is not None and cap.effective_until <= cap.effective_from:
            return "a cap ends before it begins"
        if place + 1 < len(ordered) and (cap.effective_until is None or cap.effective_until > ordered[place + 1].effective_from):
            return "two caps are in force on one day"
        if cap.effective_from <= reached:
            reached = max(reached, cap.effective_until or date.max)
    return "the caps do not cover every day of the debt" if ordered and reached < until else None


def _agreement(loan: Loan) -> Iterator[Fault]:
    terms = loan.agreement
    if not _is_rate(terms.penalty_uplift):
        yield "/agreement/penalty_uplift", "a fraction from 0 to 10 with at most 8 places"
    if terms.within is not None and (len(terms.within) != len(Component) or set(terms.within) != set(Component)):
        yield "/agreement/within", "an order names each component once"
    if terms.between is not None and (len(set(terms.between)) != len(terms.between) or not set(terms.between) <= set(Criterion)):
        yield "/agreement/between", "an order names a criterion at most once"


def _drawdowns(loan: Loan) -> Iterator[Fault]:
    if not 1 <= len(loan.drawdowns) <= MAX_DRAWDOWNS:
        yield "/drawdowns", f"1 to {MAX_DRAWDOWNS} drawdowns"
        return
    yield from _unique("/drawdowns", [each.reference for each in loan.drawdowns])
    for place, drawdown in enumerate(loan.drawdowns):
        for member, reason in _drawdown(drawdown):
            yield f"/drawdowns/{place}/{member}", reason


def _drawdown(drawdown: Drawdown) -> Iterator[Fault]:
    if not _is_amount(drawdown.principal):
        yield "principal", "an amount above 0 and below 10^13 with at most two places"
    if drawdown.security != 0 and not _is_amount(drawdown.security):
        yield "security", "0, or an amount below 10^13 with at most two places"
    if not _is_rate(drawdown.annual_rate):
        yield "annual_rate", "a fraction from 0 to 10 with at most 8 places"
    if not FIRST_DAY <= drawdown.drawn_on < LAST_DAY:
        yield "drawn_on", "a day from 1980 to 2099"
        return
    if not 1 <= drawdown.months <= MAX_MONTHS:
        yield "months", f"1 to {MAX_MONTHS} months"
        return
    if drawdown.due_day is not None and not 1 <= drawdown.due_day <= 31:
        yield "due_day", "1 to 31"
        return
    last = due_dates(drawdown.drawn_on, drawdown.months, drawdown.due_day)[-1]
    if drawdown.accelerated_on is not None and not drawdown.drawn_on < drawdown.accelerated_on < last:
        yield "accelerated_on", "a day between the drawdown and its last due date"


def _receipts(loan: Loan) -> Iterator[Fault]:
    if len(loan.receipts) > MAX_RECEIPTS:
        yield "/receipts", f"at most {MAX_RECEIPTS} receipts"
        return
    yield from _unique("/receipts", [each.reference for each in loan.receipts])
    drawn = {each.reference: each.drawn_on for each in loan.drawdowns}
    for place, receipt in enumerate(loan.receipts):
        base = f"/receipts/{place}"
        if not _is_amount(receipt.amount):
            yield f"{base}/amount", "an amount above 0 and below 10^13 with at most two places"
        if receipt.received_on >= LAST_DAY:
            yield f"{base}/received_on", "a day from 1980 to 2099"
        elif receipt.received_on < min(drawn.values()):
            yield f"{base}/received_on", "a receipt comes after the first drawdown"
        if receipt.designation is not None and drawn.get(receipt.designation, LAST_DAY) > receipt.received_on:
            yield f"{base}/designation", "names no drawdown that was paid out by then"


def _charges(loan: Loan) -> Iterator[Fault]:
    if len(loan.charges) > MAX_CHARGES:
        yield "/charges", f"at most {MAX_CHARGES} charges"
        return
    yield from _unique("/charges", [each.reference for each in loan.charges])
    drawn = {each.reference: each.drawn_on for each in loan.drawdowns}
    for place, charge in enumerate(loan.charges):
        base = f"/charges/{place}"
        if not _is_amount(charge.amount):
            yield f"{base}/amount", "an amount above 0 and below 10^13 with at most two places"
        if charge.drawdown not in drawn:
            yield f"{base}/drawdown", "names no drawdown of this case"
        elif charge.charged_on >= LAST_DAY:
            yield f"{base}/charged_on", "a day from 1980 to 2099"
        elif charge.charged_on < drawn[charge.drawdown]:
            yield f"{base}/charged_on", "a charge comes after its drawdown"


def _unique(base: str, references: list[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, reference in enumerate(references):
        if not REFERENCE.fullmatch(reference):
            yield f"{base}/{place}/reference", "1 to 128 characters, no control characters"
        elif reference in seen:
            yield f"{base}/{place}/reference", "stands twice"
        seen.add(reference)


def _is_amount(value: Decimal) -> bool:
    return value.is_finite() and 0 < value < MAX_AMOUNT and _places(value) <= 2


def _is_rate(value: Decimal) -> bool:
    return value.is_finite() and 0 <= value <= MAX_RATE and _places(value) <= 8


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)
