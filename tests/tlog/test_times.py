"""Moments: one spelling, cut to milliseconds, never a date that does not exist."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tlog.mutants import each_byte_replaced
from tlog.errors import VerificationError
from tlog.times import date_in_china, format_time, parse_time

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001 - hypothesis adds the zone


@given(MOMENTS)
def test_a_moment_reads_back_cut_to_milliseconds(moment: datetime) -> None:
    text = format_time(moment)
    again = parse_time(text)
    assert again.tzinfo is UTC
    assert timedelta(0) <= moment - again < timedelta(milliseconds=1)
    assert format_time(again) == text


def test_years_below_1000_keep_four_digits() -> None:
    assert format_time(datetime(33, 4, 3, 12, tzinfo=UTC)) == "0033-04-03T12:00:00.000Z"
    assert date_in_china(datetime(33, 4, 3, 12, tzinfo=UTC)) == "00330403"


@pytest.mark.parametrize("text", [
    "", "2026-11-23", "2026-11-23T08:00:00Z", "2026-11-23T08:00:00.12Z", "2026-11-23T08:00:00.1234Z", "2026-11-23T08:00:00.123",
    "2026-11-23T08:00:00.123z", "2026-11-23t08:00:00.123Z", "2026-11-23 08:00:00.123Z", "2026-11-23T08:00:00,123Z",
    "2026-11-23T08:00:00.123+00:00", "2026-11-23T08:00:00.123+08:00", "20261123T080000.123Z", "2026-11-23T08:00:00.123Z\n",
    " 2026-11-23T08:00:00.123Z", "2026-W48-1T08:00:00.123Z", "２０２６-11-23T08:00:00.123Z", "2026-1-23T08:00:00.123Z",
    "0000-11-23T08:00:00.123Z", "2026-00-23T08:00:00.123Z", "2026-13-23T08:00:00.123Z", "2026-11-31T08:00:00.123Z",
    "2026-02-29T08:00:00.123Z", "2026-11-23T24:00:00.000Z", "2026-11-23T25:00:00.000Z", "2026-11-23T08:60:00.123Z",
    "2026-11-23T08:00:60.123Z", "2016-12-31T23:59:60.000Z",
])  # fmt: skip
def test_reader_refuses(text: str) -> None:
    with pytest.raises(VerificationError):
        parse_time(text)


@given(st.text() | st.text("0123456789-T:.Z", min_size=20, max_size=28))
def test_reader_is_total(text: str) -> None:
    try:
        moment = parse_time(text)
    except VerificationError:
        return
    assert format_time(moment) == text


def test_a_changed_character_never_leaves_the_moment() -> None:
    text = "2026-11-23T08:00:00.123Z"
    for mutant in each_byte_replaced(text.encode()):
        try:
            assert parse_time(mutant.decode("latin-1")) != parse_time(text)
        except VerificationError:
            continue


@pytest.mark.parametrize(("utc", "date"), [
    ("2026-11-23T15:59:59.999Z", "20261123"),
    ("2026-11-23T16:00:00.000Z", "20261124"),
    ("2026-12-31T16:00:00.000Z", "20270101"),
    ("2026-07-01T15:59:59.999Z", "20260701"),  # no summer time
])  # fmt: skip
def test_the_day_begins_at_midnight_in_china(utc: str, date: str) -> None:
    assert date_in_china(parse_time(utc)) == date


def test_naive_moments_are_refused() -> None:
    naive = datetime(2026, 11, 23)  # noqa: DTZ001 - what is refused
    with pytest.raises(ValueError, match="naive"):
        format_time(naive)
    with pytest.raises(ValueError, match="naive"):
        date_in_china(naive)


def test_a_day_beyond_the_calendar_is_refused() -> None:
    assert date_in_china(parse_time("9999-12-31T15:59:59.999Z")) == "99991231"
    with pytest.raises(ValueError, match="calendar"):
        date_in_china(parse_time("9999-12-31T16:00:00.000Z"))
