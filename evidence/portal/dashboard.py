"""The dashboard: deposits per day by kind, cases by stage, how far and how fast records got, who else read them.

Each drawing has its figures in a table.
"""
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.portal.words import STAGES
from evidence.figures import SAMPLE, cases_by_stage, deposits_per_day, funnel_of, readings_by_institution
from evidence.kinds import kind_word
from evidence.portal.charts import Chart, bars, columns
from evidence.portal.state_words import STATES, Text

DAYS = 30
# So many shades can be told apart; the rest of the kinds is one series.
MOST_SERIES = 5
MOST_INSTITUTIONS = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """A drawing and its table: `head` names the columns, each row begins with its own name."""

    chart: Chart
    legend: tuple[tuple[int, Text], ...]
    head: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    total: int


@require_GET
@needs_act(Act.READ_CASE)
def dashboard(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    return render(request, "evidence/dashboard.html", {
        "daily": _daily(viewer),
        "stages": _stages(viewer), "funnel": _funnel(viewer), "readings": _readings(viewer),
        "days": DAYS, "sample": SAMPLE, "now": timezone.now(),
        "crumbs": [("", _("统计"))],
    })


def _daily(viewer: Viewer) -> Figures:
    dates, found = deposits_per_day(viewer, days=DAYS, now=timezone.now())
    shown = dict(list(found.items())[: MOST_SERIES - 1 if len(found) > MOST_SERIES else MOST_SERIES])
    words: list[Text] = [kind_word(kind) for kind in shown]
    series = list(shown.values())
    if len(found) > len(shown):
        words.append(_("其他"))
        series.append([sum(values) for values in zip(*(each for kind, each in found.items() if kind not in shown), strict=True)])
    rows = [
        (f"{day:%Y-%m-%d}", *(f"{value:,}" for value in values), f"{sum(values):,}")
        for day, values in zip(dates, zip(*series, strict=True) if series else [()] * len(dates), strict=True)]
    total = sum(sum(values) for values in series)
    return Figures(
        columns([f"{day:%m-%d}" for day in dates], series), tuple(enumerate(words, 1)), (_("日期"), *words, _("合计")),
        tuple(reversed(rows)), total)


def _stages(viewer: Viewer) -> Figures:
    counted = cases_by_stage(viewer, now=timezone.now())
    numbers = [counted.get(stage.value, 0) for stage in STAGES]
    rows = tuple((word, f"{number:,}") for word, number in zip(STAGES.values(), numbers, strict=True))
    return Figures(bars([str(word) for word in STAGES.values()], numbers), (), (_("案件阶段"), _("件数")), rows, sum(numbers))


def _funnel(viewer: Viewer) -> Figures:
    steps = funnel_of(viewer, now=timezone.now())
    rows = [(STATES[each.step], f"{each.count:,}", *(seconds(value) for value in each.after_s or (None,) * 3)) for each in steps]
    head = (_("步骤"), _("份数"), _("一半在此时间内"), _("九成在此时间内"), _("99% 在此时间内"))
    chart = bars([str(STATES[each.step]) for each in steps], [each.count for each in steps])
    return Figures(chart, (), head, tuple(rows), steps[0].count)


def _readings(viewer: Viewer) -> Figures:
    found = readings_by_institution(viewer, days=DAYS, now=timezone.now())[:MOST_INSTITUTIONS]
    rows = tuple(
        (each.institution, *(f"{number:,}" for number in (
            each.viewed, each.played, each.downloaded, each.fetched, each.verified, each.total))) for each in found)
    head = (_("机构"), _("查看次数"), _("播放次数"), _("原件下载"), _("证据包调取"), _("在线核验"), _("合计"))
    totals = [each.total for each in found]
    return Figures(bars([each.institution for each in found], totals), (), head, rows, sum(totals))


def seconds(value: float | None) -> str:
    """An age for a table cell; a dash for none."""
    if value is None:
        return "—"
    return _("%(n)s 秒") % {"n": f"{value:,.1f}"}
