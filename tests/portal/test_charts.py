"""Coordinates of charts: scales, parts that add up, empty data, and labels that do not run into one another."""
import doctest
from itertools import pairwise

import pytest

from evidence.portal import charts
from evidence.portal.charts import BOTTOM, HEIGHT, LABEL_WIDTH, LEFT, MOST_LABELS, RIGHT, TOP, VALUE_WIDTH, WIDTH, bars, columns, scale_end

ROOM = HEIGHT - BOTTOM - TOP


def test_the_examples_of_the_module_hold() -> None:
    assert doctest.testmod(charts).failed == 0


@pytest.mark.parametrize("value", [*range(60), 99, 100, 101, 4999, 5001, 10**12 + 1])
def test_an_axis_ends_at_or_above_the_largest_value_and_below_two_and_a_half_times(value: int) -> None:
    assert max(1, value) <= scale_end(value) <= max(1, 2.5 * value)


def test_parts_of_a_column_stand_on_one_another_and_add_up() -> None:
    chart = columns(["a", "b"], [[5, 0], [3, 10], [2, 0]])
    first = [part for part in chart.parts if part.x < WIDTH / 2]
    assert [part.series for part in chart.parts] == [1, 2, 3, 2], "a part of nothing is not drawn"
    assert sum(part.height for part in first) == pytest.approx(ROOM, abs=0.2)
    assert first[0].y + first[0].height == pytest.approx(HEIGHT - BOTTOM, abs=0.2)
    for lower, upper in pairwise(first):
        assert upper.y + upper.height == pytest.approx(lower.y, abs=0.2)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 30, 366])
def test_everything_lies_in_the_frame_and_labels_have_room(count: int) -> None:
    chart = columns([str(number) for number in range(count)], [list(range(count)), [1] * count])
    assert all(part.x >= LEFT and part.x + part.width <= WIDTH - RIGHT + 0.1 for part in chart.parts)
    assert all(part.y >= TOP - 0.2 and part.y + part.height <= HEIGHT - BOTTOM + 0.2 for part in chart.parts)
    assert 1 <= len(chart.labels) <= MOST_LABELS
    assert chart.labels[0].text == "0"
    places = [label.x for label in chart.labels]
    assert all(after - before >= 60 for before, after in pairwise(places))


def test_ticks_are_whole_numbers_each_at_its_line() -> None:
    for most, texts in ((1, ["0", "1"]), (2, ["0", "1", "2"]), (4, ["0", "1", "2", "3", "4", "5"]),
                        (15, ["0", "5", "10", "15", "20"]), (3000, ["0", "1,000", "2,000", "3,000", "4,000", "5,000"])):
        chart = columns(["a"], [[most]])
        assert [tick.text for tick in chart.ticks] == texts
        assert [tick.y - 4 for tick in chart.ticks] == pytest.approx(list(chart.lines))
        assert chart.lines[0] == HEIGHT - BOTTOM


def test_nothing_to_draw_is_drawn_as_nothing() -> None:
    for chart in (columns([], []), columns(["a", "b"], []), columns(["a"], [[0]]), bars([], []), bars(["a"], [0])):
        assert chart.parts == ()
        assert chart.height > 0


def test_bars_are_as_long_as_their_values_and_leave_room_for_the_figure() -> None:
    chart = bars(["甲", "乙", "丙"], [1000, 500, 0])
    assert [part.width for part in chart.parts] == [WIDTH - LABEL_WIDTH - VALUE_WIDTH, (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / 2]
    assert [label.text for label in chart.labels] == ["甲", "乙", "丙"]
    assert [tick.text for tick in chart.ticks] == ["1,000", "500", "0"]
    assert all(tick.x < WIDTH - 40 for tick in chart.ticks)


def test_a_series_that_is_too_short_is_our_bug() -> None:
    with pytest.raises(AssertionError):
        columns(["a", "b"], [[1]])
