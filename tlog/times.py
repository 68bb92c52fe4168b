"""The one spelling of a moment in our documents: `2026-11-23T08:00:00.123Z`, UTC, three decimals.

What it is for: `received_at` of a statement, the times inside claims, `made_at` of a package, `at` of a custody row.
The same moment always gives the same bytes, so that it can be hashed and compared as text.

What it does not do: read a clock; leap seconds (23:59:60 is refused, as Python and POSIX have no such moment).

Source: a profile of RFC 3339 section 5.6; formats of this project, A1.

>>> format_time(datetime(2026, 11, 23, 16, 0, 0, 123999, timezone(timedelta(hours=8))))
'2026-11-23T08:00:00.123Z'
>>> parse_time("2026-11-23T08:00:00.123Z")
datetime.datetime(2026, 11, 23, 8, 0, 0, 123000, tzinfo=datetime.timezone.utc)
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from tlog.errors import VerificationError

CHINA = timezone(timedelta(hours=8))
"""Asia/Shanghai as far as we need it: no summer time since 1991, and no time zone database that may be missing."""

# Hours end at 23: newer versions of fromisoformat read 24:00 as midnight of the next day, a second spelling.
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


def format_time(moment: datetime) -> str:
    """Return an aware `moment` in UTC, cut (not rounded) to milliseconds: a stated time is never later than the true one.

    Raises:
        ValueError: `moment` is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("format_time: a naive datetime")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def parse_time(text: str) -> datetime:
    """Return the moment that `text` spells, aware, in UTC.

    Raises:
        VerificationError: another spelling, or a date or time that does not exist.
    """
    if not _TIME.fullmatch(text):
        raise VerificationError("not a time of the form 2026-11-23T08:00:00.123Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise VerificationError("a date or time that does not exist") from None


def date_in_china(moment: datetime) -> str:
    """Return the day of an aware `moment` in China as YYYYMMDD, as a record number has it.

    Raises:
        ValueError: `moment` is naive, or its day in China is beyond the calendar (the last hours of the year 9999).
    """
    if moment.tzinfo is None:
        raise ValueError("date_in_china: a naive datetime")
    try:
        day = moment.astimezone(CHINA)
    except OverflowError:
        raise ValueError("date_in_china: beyond the calendar") from None
    # Not strftime: its %Y is not padded for years below 1000 on every platform.
    return f"{day.year:04}{day.month:02}{day.day:02}"
