"""Yuan and fen: exact arithmetic in a context of our own, and the one rounding.

The context belongs to the reckoning, not to the process: whatever another library sets, the same input gives the same bytes.
Source: 民法典 names no rounding; half-up to fen is stated on every sheet.
"""
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

ZERO = Decimal("0.00")
FEN = Decimal("0.01")
# 60 digits: a sum of yuan times a rate times days is exact, and a quotient is never taken for a tie that it is not.
CONTEXT = Context(prec=60, rounding=ROUND_HALF_UP, traps=[InvalidOperation, DivisionByZero, Overflow])


def to_fen(value: Decimal) -> Decimal:
    """`value` rounded half-up to two places."""
    return CONTEXT.quantize(value, FEN)


def accrual(base: Decimal, annual_rate: Decimal, days: int, year_days: int) -> Decimal:
    """base × rate × days ÷ year, rounded half-up to fen."""
    product = CONTEXT.multiply(CONTEXT.multiply(base, annual_rate), Decimal(days))
    return to_fen(CONTEXT.divide(product, Decimal(year_days)))


def shares(amount: Decimal, parts: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    """`amount` in proportion to `parts`, in fen; the fen left over go to the largest remainders, the earlier part first.

    0 ≤ amount ≤ sum(parts); no share exceeds its part, and the shares sum to `amount`.
    """
    whole = sum((_fen(part) for part in parts), 0)
    fen = _fen(amount)
    assert 0 <= fen <= whole
    if whole == 0:
        return parts
    floors = [fen * _fen(part) // whole for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda place: (-(fen * _fen(parts[place]) % whole), place))
    for place in by_remainder[: fen - sum(floors)]:
        floors[place] += 1
    return tuple(CONTEXT.multiply(Decimal(each), FEN) for each in floors)


def _fen(amount: Decimal) -> int:
    return int(CONTEXT.multiply(amount, Decimal(100)))
