"""利率上限: the caps that a lender states, each with its days and its source, for those who keep its case files.

One is added, ended or removed at a time. People type percent, the reckoner has fractions. What this does not do: apply them; a sheet of
an earlier day keeps those it was made with.
"""
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.caps import WORDS, add_cap, caps_of, end_cap, remove_cap
from cases.errors import FactUnsuitable, RateCapsChanged, RateCapsInvalid
from cases.portal.answering import form_of
from cases.portal.fact_forms import among, day_typed, line_typed
from cases.reckoning.soundness import MAX_RATE
from cases.reckoning.terms import DayCount, RateCap
from common.refused import Refused
from tlog.times import CHINA

PERCENT = re.compile(r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,6})?", re.ASCII)
LONGEST_SOURCE, LONGEST_LINE = 300, 200


def caps_page(request: HttpRequest, viewer: Viewer, /, *, refused: Refused | None = None) -> HttpResponse:
    caps, today = caps_of(viewer.organisation), timezone.now().astimezone(CHINA).date()
    return render(request, "cases/rate_caps.html", {
        "viewer": viewer, "refused": refused, "day_counts": [(each.value, each.value) for each in DayCount],
        "caps": [(cap, _seen(cap), _percent(cap), *_state(cap, today)) for cap in reversed(caps)],
        "open_caps": [
            (cap.effective_from.isoformat(), f"{cap.effective_from} · {_percent(cap)} · {cap.source}")
            for cap in caps if cap.effective_until is None],
        "crumbs": [("", _("利率上限"))],
    }, status=200 if refused is None else refused.error.status)


def _state(cap: RateCap, today: date) -> tuple[str, str]:
    """Tone and word of its chip."""
    if today < cap.effective_from:
        return "wait", _("尚未施行")
    return ("good", _("施行中")) if cap.effective_until is None or today < cap.effective_until else ("none", _("已失效"))


@contextmanager
def _beside(field: str) -> Iterator[None]:
    """What is wrong with the caps as a whole is told beside this field. Raises FactUnsuitable."""
    try:
        yield
    except RateCapsInvalid as invalid:
        raise FactUnsuitable(reason=str(invalid.data["reason"]), pointer=f"/{field}") from None


def _seen(cap: RateCap) -> str:
    """What names a cap as a page showed it: its days, its rate, its source."""
    return f"{cap.effective_from} {cap.effective_until or ''} {_percent(cap)} {cap.source}"


def _percent(cap: RateCap) -> str:
    return f"{(cap.annual_rate * 100).normalize():f}%"


@require_GET
@needs_act(Act.KEEP_CASE)
def rate_caps(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    return caps_page(request, viewer)


@require_POST
@needs_act(Act.KEEP_CASE)
@form_of(caps_page, "cap", back="rate-caps")
def add_rate_cap(viewer: Viewer, form: QueryDict, now: datetime) -> None:
    typed = form.get("annual_rate", "").strip().removesuffix("%").strip()
    if not PERCENT.fullmatch(typed):
        raise FactUnsuitable(reason=_("请填写百分数，例如 24，至多六位小数"), pointer="/annual_rate")
    # What is wrong with this one alone is told beside its own field, in the unit that was typed.
    if Decimal(typed) / 100 > MAX_RATE:
        raise FactUnsuitable(reason=_("上限不得超过百分之一千"), pointer="/annual_rate")
    since, until = day_typed(form, "effective_from"), None
    if form.get("effective_until", "").strip() and (until := day_typed(form, "effective_until")) <= since:
        raise FactUnsuitable(reason=str(WORDS["a cap ends before it begins"]), pointer="/effective_until")
    cap = RateCap(
        Decimal(typed) / 100, since, line_typed(form, "source", LONGEST_SOURCE),
        line_typed(form, "stated_by", LONGEST_LINE), until, DayCount(among(form, "day_count", DayCount)))
    with _beside("effective_from"):
        add_cap(viewer.organisation, cap, now=now)


@require_POST
@needs_act(Act.KEEP_CASE)
@form_of(caps_page, "ending", back="rate-caps")
def end_rate_cap(viewer: Viewer, form: QueryDict, now: datetime) -> None:
    since, until = day_typed(form, "since"), day_typed(form, "effective_until")
    with _beside("effective_until"):
        end_cap(viewer.organisation, since, until, now=now)


@require_POST
@needs_act(Act.KEEP_CASE)
@form_of(caps_page, "removal", back="rate-caps")
def remove_rate_cap(viewer: Viewer, form: QueryDict, now: datetime) -> None:
    """The one that the page showed, by the day since which it is in force and what else it said. Raises RateCapsChanged."""
    seen = form.get("seen", "")
    since = seen.partition(" ")[0]
    cap = next((each for each in caps_of(viewer.organisation) if each.effective_from.isoformat() == since), None)
    if cap is not None and _seen(cap) != seen:
        raise RateCapsChanged
    if cap is not None:
        remove_cap(viewer.organisation, cap, now=now)
