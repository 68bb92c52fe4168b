"""Days: the three conventions of counting, and the due dates of a drawdown.

Every convention is a difference of day numbers, so an interval counts as much in one piece as in two.
Source: ICMA rule 251 (30E/360); the contract chooses.

>>> [days_between(each, date(2023, 1, 31), date(2023, 3, 31)) for each in (DayCount.THIRTY_360, DayCount.ACTUAL_365)]
[60, 59]
>>> [str(day) for day in due_dates(date(2024, 1, 31), 3, None)]
['2024-02-29', '2024-03-31', '2024-04-30']
"""
import calendar
from datetime import date

from cases.reckoning.terms import DayCount


def days_between(convention: DayCount, since: date, until: date) -> int:
    """Days from `since` (counted) to `until` (not counted); 0 ≤ days when since ≤ until."""
    if convention is DayCount.THIRTY_360:
        return _thirty(until) - _thirty(since)
    return (until - since).days


def year_days(convention: DayCount) -> int:
    return 365 if convention is DayCount.ACTUAL_365 else 360


def due_dates(drawn_on: date, months: int, due_day: int | None) -> tuple[date, ...]:
    """One a month, from the month after the drawdown; a month without that day is due on its last one, and the next keeps the day."""
    return tuple(_month_later(drawn_on, count, due_day or drawn_on.day) for count in range(1, months + 1))


def _thirty(day: date) -> int:
    return day.year * 360 + day.month * 30 + min(day.day, 30)


def _month_later(start: date, months: int, day: int) -> date:
    index = start.year * 12 + start.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
