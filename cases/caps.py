"""Rate caps of a lender: stated as a whole, each with its dates and its source, and handed to the reckoner as they stand.

People change them one by one, a machine all at once. A cap is the policy of whoever states it. A sheet carries the caps that it was
reckoned with: a later change leaves deposited sheets alone.
"""
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.models import Organisation
from cases.errors import FactUnsuitable, RateCapsChanged, RateCapsInvalid
from cases.models import RateCapRow
from cases.reckoning.soundness import cap_fault
from cases.reckoning.terms import DayCount, RateCap

MAX_CAPS = 100
WORDS = {
    "a cap's rate is a fraction from 0 to 10": gettext_lazy("上限须为 0 至 10 的小数"),
    "a cap ends before it begins": gettext_lazy("失效日须在施行日之后"),
    "two caps are in force on one day": gettext_lazy("同一日有两项上限"),
    "the caps do not cover every day of the debt": gettext_lazy("利率上限未覆盖该债务的每一天，请补充更早或更晚的上限"),
}


def caps_of(organisation: Organisation) -> tuple[RateCap, ...]:
    """The lender's caps in the order of their days; () when it states none."""
    rows = RateCapRow.objects.filter(organisation=organisation).order_by("effective_from")
    return tuple(
        RateCap(row.annual_rate, row.effective_from, row.source, row.stated_by, row.effective_until, DayCount(row.day_count))
        for row in rows)


def add_cap(organisation: Organisation, cap: RateCap, *, now: datetime) -> None:
    """One more; one that stands there already is not written twice. Raises RateCapsInvalid, FactUnsuitable (there are 100)."""
    def change(caps: tuple[RateCap, ...]) -> tuple[RateCap, ...]:
        if len(caps) >= MAX_CAPS:
            raise FactUnsuitable(reason=_("利率上限已达 100 项"), pointer="/annual_rate")
        return (*caps, cap)

    _change(organisation, lambda caps: caps if cap in caps else change(caps), now)


def end_cap(organisation: Organisation, since: date, until: date, *, now: datetime) -> None:
    """The cap in force since that day is so until the day before `until`.

    Raises RateCapsInvalid, RateCapsChanged (there is none, or it ends on another day).
    """
    def change(caps: tuple[RateCap, ...]) -> tuple[RateCap, ...]:
        there = next((cap for cap in caps if cap.effective_from == since), None)
        if there is None or there.effective_until not in (None, until):
            raise RateCapsChanged
        return tuple(replace(cap, effective_until=until) if cap is there else cap for cap in caps)

    _change(organisation, change, now)


def remove_cap(organisation: Organisation, cap: RateCap, *, now: datetime) -> None:
    """One that was stated by mistake; a second call changes nothing."""
    _change(organisation, lambda caps: tuple(each for each in caps if each != cap), now)


def _change(organisation: Organisation, change: Callable[[tuple[RateCap, ...]], tuple[RateCap, ...]], now: datetime) -> None:
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        before = caps_of(organisation)
        if (after := change(before)) != before:
            state_caps(organisation, after, now=now)


def state_caps(organisation: Organisation, caps: tuple[RateCap, ...], *, now: datetime) -> None:
    """Put these caps in the place of all that the lender stated before. Raises RateCapsInvalid."""
    # Whether they cover a debt depends on the debt, and is asked when one is reckoned.
    if wrong := cap_fault(caps, date.max, date.min):
        raise RateCapsInvalid(pointer="/caps", reason=str(WORDS[wrong]))
    with transaction.atomic():
        # Two statements at once wait here for one another, and the later one stands whole.
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        RateCapRow.objects.filter(organisation=organisation).delete()
        RateCapRow.objects.bulk_create(
            RateCapRow(
                organisation=organisation, annual_rate=cap.annual_rate, effective_from=cap.effective_from,
                effective_until=cap.effective_until, day_count=cap.day_count.value, source=cap.source, stated_by=cap.stated_by)
            for cap in caps)
        note(Event.RATE_CAPS_STATED, organisation, at=now, detail=f"caps:{len(caps)}")
