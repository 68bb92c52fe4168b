"""What a measurement gives, and how two sides are measured in turn."""
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PAIRS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table: what was measured against what, the target and the aim as the issue states them, and the outcome.

    `value` is the number that is held against `must` (at least, or at most when `at_most`; None: only told); `shown` is its
    text with units.
    """

    name: str
    against: str
    must: float | None
    aim: str
    value: float
    shown: str
    at_most: bool = False

    @property
    def met(self) -> bool:
        if self.must is None:
            return True
        return self.value <= self.must if self.at_most else self.value >= self.must

    def as_json(self) -> dict[str, object]:
        sign = "≤" if self.at_most else "≥"
        return {
            "figure": self.name, "against": self.against, "must": "–" if self.must is None else f"{sign} {self.must:g}", "aim": self.aim,
            "value": round(self.value, 4), "shown": self.shown, "met": self.met,
        }


def rate(work: Callable[[], int]) -> float:
    """Items per second of one call, which returns how many items it did."""
    began = time.perf_counter()
    count = work()
    return count / (time.perf_counter() - began)


def rates_in_turn(*sides: Callable[[], int], pairs: int = PAIRS) -> list[list[float]]:
    """Rates of the sides, measured A B A B …, after one round that is not counted."""
    for side in sides:
        side()
    measured: list[list[float]] = [[] for _ in sides]
    for _ in range(pairs):
        for side, rates in zip(sides, measured, strict=True):
            rates.append(rate(side))
    return measured


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the pairs' quotients."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie (0 < share < 1)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
