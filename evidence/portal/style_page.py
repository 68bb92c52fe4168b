"""The living style page: each shared part in each of its states, with made-up content. In development only.

Whoever changes a part looks here first, in both languages, in large text and on paper. Nothing is read from the database.
"""
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import Organisation
from cases.models import Case
from evidence.kinds import kind_word
from evidence.models import Evidence
from evidence.portal.charts import bars, columns
from evidence.portal.filters import Filter, FilterForm
from evidence.portal.rows import CaseRow, Mark, RecordRow, chip_of
from evidence.portal.state_words import STATES, FactWords, integrity_words, log_words, time_words
from evidence.portal.style_parts import parts
from evidence.portal.timeline import Step

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NUMBER, REF, DIGEST = "CZ-20261123-01234-56789-W", "0123456789abcdef" * 2, "0123456789abcdef" * 4


@require_GET
def style(request: HttpRequest) -> HttpResponse:
    form = FilterForm(QueryDict("since=23.11.2026"), auto_id="%s")
    return render(request, "evidence/style.html", {
        "facts": facts(), "states": [chip_of(state) for state in STATES], "records": records(), "cases": cases(), "digest_hex": DIGEST,
        "timeline": timeline(), "deadlines": deadlines(), "gates": gates(), "number": NUMBER,
        "stacked": columns(["11-21", "11-22", "11-23"], [[4, 8, 15], [3, 0, 7], [1, 2, 0]]),
        "row_bars": bars([_("案件"), _("存证记录")], [16, 9]),
        "legend": tuple(enumerate(map(kind_word, ("sms", "call_recording", "contract")), 1)),
        "head": (_("日期"), _("份数")), "rows": (("11-23", "22"), ("11-22", "10"), ("11-21", "8")),
        "filter": Filter(form, (("kind", "sms"),), "x"), "form": form, "cursor": NUMBER, "now": timezone.now(), "crumbs": [("", _("样式"))],
        **parts(AT, NUMBER),
    })


def facts() -> list[FactWords]:
    """The four facts in each of their states."""
    index: dict[str, object] = {"index": 41, "witnesses": 2, "cosigned_by": []}
    logs: list[Mapping[str, object]] = [
        {"state": "queued", "include_by": "2026-11-24T08:00:00.000Z"}, {"state": "queued", "include_by": "2026-11-22T08:00:00.000Z"},
        {"state": "committed", **index}, {"state": "published", **index},
        {"state": "witnessed", **index, "cosigned_by": ["notary.example", "court.example"]}]
    stamped = {"at": "2026-11-23T08:00:01.000Z", "times": [], "missing": [], "disagreeing": [], "skew_s": 300}
    return [
        *(integrity_words({"state": state}) for state in ("same", "different", "not-checked", "quarantined")),
        *(time_words({"state": state, **stamped}, test_authority=False) for state in ("waiting", "stamped", "disputed")),
        time_words({"state": "stamped", **stamped, "missing": ["tsa.example"]}, test_authority=False),
        time_words({"state": "stamped", **stamped}, test_authority=True),
        *(log_words(each, AT) for each in logs), log_words(logs[-1], AT, frozenset({"notary.example"})),
    ]


def records() -> list[RecordRow]:
    """A row in each state, mistaken ones with and without another in their place, and one whose content is gone."""
    case = Case(ref=REF, client_reference="LN-2026-0001")
    record = Evidence(record=NUMBER, case=case, case_sequence=1, kind="sms", received_at=AT)
    rows = [RecordRow(record, _("示例短信"), kind_word("sms"), 1, 140, chip_of(state))
            for state in ("RECEIVED", "WITNESSED", "TIMESTAMPED", "QUARANTINED")]
    marks = (Mark(NUMBER, NUMBER), Mark(NUMBER, None))
    rows += [RecordRow(record, _("示例短信"), kind_word("sms"), 1, 140, chip_of("TIMESTAMPED"), mark) for mark in marks]
    return [*rows, RecordRow(record, None, kind_word("call_recording"), 1, 305_714, chip_of("COMMITTED"))]


def cases() -> list[CaseRow]:
    """One with records and one without."""
    case = Case(ref=REF, client_reference="LN-2026-0001", organisation=Organisation(name=_("示例消费金融有限公司")), created_at=AT)
    return [CaseRow(case, 9, AT, chip_of("TIMESTAMPED")), CaseRow(case, 0, None, None)]


def timeline() -> list[Step]:
    """Two events, the newest first."""
    return [
        Step(AT + timedelta(hours=hours), _("受理存证"), NUMBER, 1, _("示例消费金融有限公司"), actor, "", DIGEST)
        for hours, actor in ((2, _("人员")), (0, _("接口密钥")))]


def deadlines() -> list[dict[str, object]]:
    """Far off, today, past."""
    basis = _("《中华人民共和国民事诉讼法》（2023年修正）第二百五十条")
    return [{"name": _("申请执行期间届满"), "at": AT, "days": days, "basis": basis} for days in (400, 0, -3)]


def gates() -> list[dict[str, object]]:
    """One thing that is there and one that is missing."""
    basis = _("《中华人民共和国公证法》（2017年修正）第三十七条")
    return [{"met": met, "what": what, "basis": basis} for met, what in ((True, _("债务人愿意接受强制执行的承诺")), (False, _("给付内容")))]
