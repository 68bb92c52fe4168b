"""The growth of the log as bars: coordinates for the drawing, which `ledger/parts/growth.html` writes down. Pure.

No words stand in the drawing: at the width of a telephone they could not be read. The table beside it has every figure.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.growth import Period

WIDTH, HEIGHT, GAP = 480, 120, 2
FEWEST_SLOTS = 12
"""A young log has few periods, and its bars are no walls."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle with its left upper corner; `y` counts from the top."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Chart:
    """`periods` and `bars` in one order; the highest bar is `top` entries."""

    periods: tuple[Period, ...]
    bars: tuple[Bar, ...]
    top: int
    begin: datetime | None
    width: int = WIDTH
    height: int = HEIGHT


def draw(periods: Sequence[Period]) -> Chart:
    """One bar for the size at the end of each period; a log with entries has a bar of at least one unit."""
    top = max((period.size for period in periods), default=0)
    pitch = WIDTH // max(FEWEST_SLOTS, len(periods))
    heights = [max(1, HEIGHT * period.size // top) if period.size else 0 for period in periods]
    bars = tuple(Bar(place * pitch, HEIGHT - height, pitch - GAP, height) for place, height in enumerate(heights))
    return Chart(tuple(periods), bars, top, periods[0].begin if periods else None)
