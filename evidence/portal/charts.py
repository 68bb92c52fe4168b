"""Charts as coordinates: columns of stacked parts, and rows of bars. Templates write the SVG, and the same figures in a table beside it.

Pure: numbers and labels in, numbers and labels out. Nothing here chooses a colour: a part has the number of its series.

>>> [scale_end(value) for value in (0, 1, 7, 12, 480, 1001)]
[1, 1, 10, 20, 500, 2000]
"""
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 12, 24
ROW, LABEL_WIDTH, VALUE_WIDTH = 32, 150, 70
MOST_LABELS = 8
"""More dates would run into one another."""


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle with its left upper corner, `y` from the top; `series` counts from 1."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`lines` are the heights of horizontal lines from `left` to `right`; `labels` stand under columns or before rows, `ticks` at lines
    or behind rows."""

    width: int
    height: int
    parts: tuple[Part, ...]
    labels: tuple[Label, ...]
    ticks: tuple[Label, ...]
    lines: tuple[float, ...]
    left: int = LEFT
    right: int = WIDTH - RIGHT


def scale_end(value: int) -> int:
    """The least of 1, 2, 5, 10, 20, 50 … that is not below the value: where an axis ends."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power >= value:
                return step * power
        power *= 10


def ticks_to(end: int) -> list[int]:
    """Whole numbers at equal distances from 0 to the end of an axis: at most six."""
    intervals = min(end, 4 if str(end).startswith("2") else 5)
    return [end * number // intervals for number in range(intervals + 1)]


def columns(names: Sequence[str], series: Sequence[Sequence[int]]) -> Chart:
    """A column for each name, its parts stacked from the first series at the foot; a part of nothing is not drawn.

    Every series has a value ≥ 0 for each name.
    """
    assert all(len(each) == len(names) for each in series)
    end = scale_end(max((sum(values) for values in zip(*series, strict=True)), default=0))
    foot, room = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    pitch = (WIDTH - LEFT - RIGHT) / max(1, len(names))
    parts = []
    for place, values in enumerate(zip(*series, strict=True)):
        y = float(foot)
        for number, value in enumerate(values, 1):
            height = room * value / end
            y -= height
            if value:
                parts.append(Part(_round(LEFT + place * pitch + pitch * 0.1), _round(y), _round(pitch * 0.8), _round(height), number))
    every = -(-len(names) // MOST_LABELS) or 1
    labels = [Label(_round(LEFT + (place + 0.5) * pitch), HEIGHT - 6, name) for place, name in enumerate(names) if place % every == 0]
    marks = ticks_to(end)
    heights = [_round(foot - room * mark / end) for mark in marks]
    ticks = [Label(LEFT - 6, y + 4, f"{mark:,}") for mark, y in zip(marks, heights, strict=True)]
    return Chart(WIDTH, HEIGHT, tuple(parts), tuple(labels), tuple(ticks), tuple(heights))


def bars(names: Sequence[str], values: Sequence[int]) -> Chart:
    """A row for each name, as long as its value against the largest; a row of nothing has its label and a 0."""
    assert len(names) == len(values)
    most = max(values, default=0) or 1
    room = WIDTH - LABEL_WIDTH - VALUE_WIDTH
    parts, labels, ticks = [], [], []
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        y, width = place * ROW, room * value / most
        labels.append(Label(LABEL_WIDTH - 8, y + 21, name))
        ticks.append(Label(_round(LABEL_WIDTH + width + 6), y + 21, f"{value:,}"))
        if value:
            parts.append(Part(LABEL_WIDTH, y + 4, _round(width), ROW - 8, 1))
    return Chart(WIDTH, max(1, len(names)) * ROW, tuple(parts), tuple(labels), tuple(ticks), ())


def _round(value: float) -> float:
    """A tenth of a unit is finer than any screen."""
    return round(value, 1)
