"""What holds for every loan, asked of generated ones."""
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cases.reckoning.days import days_between, year_days
from cases.reckoning.money import FEN, accrual, shares
from cases.reckoning.reckoner import Outstanding, Reckoning, reckon
from cases.reckoning.rows import RowKind
from cases.reckoning.schedule import schedule
from cases.reckoning.sheet import sheet_csv, sheet_json
from cases.reckoning.soundness import faults
from cases.reckoning.terms import Agreement, Charge, Component, Criterion, DayCount, Drawdown, Loan, RateCap, Receipt, Repayment
from tlog.canonical import parse_canonical

START = date(2023, 1, 1)
REFERENCES = ("A", "B", "C")
SOME = settings(max_examples=120, deadline=None, derandomize=True)

amounts = st.integers(1, 5_000_000).map(lambda fen: Decimal(fen) * FEN)
rates = st.integers(0, 4000).map(lambda part: Decimal(part) / 10_000)
days = st.integers(0, 900).map(lambda count: START + timedelta(days=count))


@st.composite
def drawdowns(draw: Callable[..., Any], reference: str) -> Drawdown:
    drawn_on, months = draw(days), draw(st.integers(1, 14))
    made = Drawdown(
        reference, draw(amounts), drawn_on, draw(rates), months, draw(st.sampled_from(Repayment)), draw(st.none() | st.integers(1, 31)),
        draw(st.sampled_from([Decimal(0), Decimal(500)])),
        draw(st.none() | st.integers(1, 400).map(lambda n: drawn_on + timedelta(days=n))))
    assume(not faults(Loan(Agreement(DayCount.ACTUAL_365), (made,))))
    return made


@st.composite
def loans(draw: Callable[..., Any], *, receipts: bool = True) -> Loan:
    drawn = tuple(draw(drawdowns(name)) for name in REFERENCES[: draw(st.integers(1, 3))])
    first = min(each.drawn_on for each in drawn)
    orders = st.none() | st.permutations(list(Component)).map(tuple)
    agreement = Agreement(
        draw(st.sampled_from(DayCount)), draw(rates), draw(st.booleans()), draw(orders),
        draw(st.none() | st.permutations(list(Criterion)).map(tuple)), draw(st.booleans()))
    came = [] if not receipts else draw(st.lists(st.tuples(st.integers(0, 900), amounts, st.sampled_from((None, *REFERENCES))), max_size=8))
    charged = draw(st.lists(st.tuples(st.sampled_from(drawn), st.integers(0, 400), amounts, st.booleans()), max_size=3))
    made = Loan(
        agreement, drawn,
        tuple(Receipt(f"R{n}", first + timedelta(days=after), amount, _known(name, drawn, first + timedelta(days=after)))
              for n, (after, amount, name) in enumerate(came)),
        tuple(Charge(f"C{n}", of.reference, of.drawn_on + timedelta(days=after), amount, fee)
              for n, (of, after, amount, fee) in enumerate(charged)))
    assert faults(made) == []
    return made


def _known(name: str | None, drawn: tuple[Drawdown, ...], day: date) -> str | None:
    return name if any(each.reference == name and each.drawn_on <= day for each in drawn) else None


def policy(rate: Decimal, since: date = date(2020, 1, 1), until: date | None = None) -> RateCap:
    return RateCap(rate, since, "政策", "合规部", until)


caps = st.just(()) | rates.map(lambda rate: (policy(rate),))
later = st.integers(0, 2000).map(lambda count: START + timedelta(days=count))


def components(owed: Outstanding) -> list[Decimal]:
    return [owed.principal, owed.principal_due, owed.interest, owed.penalty, owed.compound, owed.fees, owed.costs, owed.withheld]


def came_in(of: Reckoning) -> Decimal:
    return sum((receipt.amount for receipt in of.loan.receipts if receipt.received_on <= of.at), Decimal(0))


@SOME
@given(loans(), later, caps)
def test_appropriations_and_surplus_sum_to_the_receipts_and_nothing_is_negative(loan: Loan, at: date, capped: tuple[RateCap, ...]) -> None:
    found = reckon(loan, at, capped)
    used = sum((row.amount for row in found.rows if row.kind in (RowKind.APPROPRIATED, RowKind.SURPLUS)), Decimal(0))
    assert used == came_in(found)
    assert all(row.amount > 0 for row in found.rows if row.kind in (RowKind.APPROPRIATED, RowKind.WITHHELD, RowKind.DUE))
    assert min(amount for owed in (*found.outstanding, found.total) for amount in components(owed)) >= 0


@SOME
@given(loans(), later, caps)
def test_what_is_owed_is_what_the_rows_say(loan: Loan, at: date, capped: tuple[RateCap, ...]) -> None:
    """A reader who adds up the sheet finds its total: what came about, less what was paid and what was withheld."""
    found = reckon(loan, at, capped)
    grown = {RowKind.DRAWN, RowKind.CHARGED, RowKind.INTEREST, RowKind.PENALTY, RowKind.COMPOUND}
    lost = {RowKind.APPROPRIATED, RowKind.WITHHELD}
    total = sum((row.amount if row.kind in grown else -row.amount for row in found.rows if row.kind in grown | lost), Decimal(0))
    assert total == found.total.total == sum((owed.total for owed in found.outstanding), Decimal(0))


@SOME
@given(loans(receipts=False), later, st.integers(0, 400), caps)
def test_a_debt_that_nobody_pays_never_shrinks(loan: Loan, at: date, more: int, capped: tuple[RateCap, ...]) -> None:
    assert reckon(loan, at, capped).total.total <= reckon(loan, at + timedelta(days=more), capped).total.total


@SOME
@given(loans(), later, rates)
def test_a_cap_never_lets_more_be_claimed_and_paid_than_it_allows(loan: Loan, at: date, rate: Decimal) -> None:
    found = reckon(loan, at, (policy(rate),))
    for owed in found.outstanding:
        mine = [row for row in found.rows if row.drawdown == owed.drawdown]
        allowed = sum((row.amount for row in mine if row.kind is RowKind.ALLOWED), Decimal(0))
        counted = {Component.INTEREST, Component.PENALTY, Component.COMPOUND, Component.FEES}
        paid = sum((row.amount for row in mine if row.kind is RowKind.APPROPRIATED and row.component in counted), Decimal(0))
        assert paid + owed.interest + owed.penalty + owed.compound + owed.fees <= allowed


@SOME
@given(loans(), later, days)
def test_a_policy_in_two_pieces_is_the_policy_in_one_but_for_a_fen_a_drawdown(loan: Loan, at: date, cut: date) -> None:
    rate = Decimal("0.1")
    whole, pieces = (policy(rate),), (policy(rate, until=cut), policy(rate, cut))
    quiet = Loan(loan.agreement, loan.drawdowns, (), loan.charges)
    difference = reckon(quiet, at, whole).total.total - reckon(quiet, at, pieces).total.total
    assert abs(difference) <= FEN * len(loan.drawdowns)


@SOME
@given(st.sampled_from(DayCount), amounts, rates, days, st.integers(0, 500), st.integers(0, 500))
def test_an_interval_in_two_pieces_accrues_what_it_does_in_one_but_for_one_rounding(
    convention: DayCount, base: Decimal, rate: Decimal, since: date, first: int, second: int
) -> None:
    middle, until = since + timedelta(days=first), since + timedelta(days=first + second)
    one = days_between(convention, since, until)
    two = days_between(convention, since, middle), days_between(convention, middle, until)
    assert one == sum(two)
    assert min(two) >= 0
    year = year_days(convention)
    assert abs(accrual(base, rate, one, year) - sum(accrual(base, rate, each, year) for each in two)) <= FEN


@SOME
@given(drawdowns("A"), st.sampled_from(DayCount))
def test_a_schedule_brings_all_of_the_principal_and_never_less_than_nothing(drawn: Drawdown, convention: DayCount) -> None:
    planned = schedule(drawn, convention)
    assert sum(each.principal for each in planned) == drawn.principal
    assert planned[-1].balance == 0
    assert min(min(each.principal, each.interest, each.balance) for each in planned) >= 0
    assert [each.due_on for each in planned] == sorted({each.due_on for each in planned})


@SOME
@given(st.lists(amounts, min_size=1, max_size=6), st.integers(0, 100))
def test_shares_sum_to_what_is_shared_and_none_exceeds_its_part(parts: list[Decimal], percent: int) -> None:
    amount = (sum(parts, Decimal(0)) * percent / 100).quantize(FEN)
    found = shares(amount, tuple(parts))
    assert sum(found) == amount
    assert all(0 <= share <= part for share, part in zip(found, parts, strict=True))


@SOME
@given(loans(), later, caps, st.randoms(use_true_random=False))
def test_the_same_input_gives_the_same_bytes_whatever_the_process_is_set_to(
    loan: Loan, at: date, capped: tuple[RateCap, ...], random: Any
) -> None:
    found = reckon(loan, at, capped)
    with localcontext() as context:
        context.prec = 6
        context.rounding = "ROUND_UP"
        shuffled = Loan(
            loan.agreement, tuple(random.sample(loan.drawdowns, len(loan.drawdowns))),
            tuple(random.sample(loan.receipts, len(loan.receipts))), tuple(random.sample(loan.charges, len(loan.charges))))
        again = reckon(shuffled, at, capped)
        assert (sheet_json(again), sheet_csv(again)) == (sheet_json(found), sheet_csv(found))
    assert isinstance(parse_canonical(sheet_json(found)), dict)
