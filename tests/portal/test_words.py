"""Times, ages and lengths as pages spell them, in both languages."""
from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from common.pages import ago, china_clock, china_time, span, utc_time

NOON = datetime(2026, 11, 23, 16, 30, 5, 123_999, tzinfo=UTC)


def test_time_in_china_has_its_offset_and_may_be_the_next_day() -> None:
    assert china_time(NOON) == "2026-11-24 00:30:05 +08:00"
    assert china_clock(NOON) == "00:30"
    assert utc_time(NOON) == "2026-11-23T16:30:05.123Z"


@pytest.mark.parametrize(("seconds", "chinese", "english"), [
    (-3, "0 秒前", "0 s ago"), (0, "0 秒前", "0 s ago"), (119.9, "119 秒前", "119 s ago"),
    (120, "2 分钟前", "2 min ago"),
    (7199, "119 分钟前", "119 min ago"), (7200, "2 小时前", "2 h ago"),
    (172_799, "47 小时前", "47 h ago"), (172_800, "2 天前", "2 days ago"),
])
def test_age_is_in_the_largest_unit_of_which_there_are_two(seconds: float, chinese: str, english: str) -> None:
    moment = NOON - timedelta(seconds=seconds)
    with override("zh-hans"):
        assert ago(moment, NOON) == chinese
    with override("en"):
        assert ago(moment, NOON) == english


@pytest.mark.parametrize(("seconds", "chinese", "english"), [
    (86_400, "24 小时", "24 h"), (5400, "90 分钟", "90 min"), (90, "90 秒", "90 s"), (1.0, "1 秒", "1 s"), (0.5, "0.5 秒", "0.5 s"),
])
def test_length_is_in_the_largest_unit_that_divides_it(seconds: float, chinese: str, english: str) -> None:
    with override("zh-hans"):
        assert span(seconds) == chinese
    with override("en"):
        assert span(seconds) == english
