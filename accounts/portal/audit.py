"""`/audit`: the organisation's audit log by period and kind, and all of a period as CSV. Names are looked up as it is read.

Auditors choose between their own log and the operator's (`audit.reading`). That somebody took an export stands in the log that he took.
"""
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.audit.events import EVENTS, Event
from accounts.audit.reading import entries_of, logs_for, names_in, oldest_first, page_of
from accounts.audit.recording import note
from accounts.audit.words import event_label, id_label, words_label
from accounts.errors import PeriodMalformed
from accounts.models import AuditEntry, Organisation
from accounts.permissions import Act, Label
from accounts.portal.members import word
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from common.cells import safe_cell
from common.downloads import begun
from common.pages import china_time
from common.problems import BadRequest, NotFound
from tlog.times import CHINA

PAGE_ROWS = 50
LAST_NUMBER = 2**63 - 1


def asked_log(asked: QueryDict, viewer: Viewer) -> Organisation:
    """The log that `of` names among those that the viewer may read, his own without it. Raises NotFound."""
    logs = logs_for(viewer)
    ref = asked.get("of") or viewer.organisation.ref
    found = next((each for each in logs if each.ref == ref), None)
    if found is None:
        raise NotFound
    return found


def asked_rows(asked: QueryDict, organisation: Organisation) -> QuerySet[AuditEntry]:
    """Rows of the period from the day `from` to the day `to`, both in China and both included, and of the kind `event`.

    Raises PeriodMalformed, NotFound for a kind that there is none of.
    """
    event = asked.get("event", "")
    if event and event not in frozenset(Event):
        raise NotFound
    since, until = asked_day(asked, "from"), asked_day(asked, "to")
    if since and until and until < since:
        raise PeriodMalformed
    ends = None if until is None else until + timedelta(days=1)
    return entries_of(organisation, since=since, until=ends, event=event)


def asked_day(asked: QueryDict, name: str) -> datetime | None:
    """The beginning of that day in China; None when it is not given. Raises PeriodMalformed."""
    text = asked.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise PeriodMalformed from None
    if not 2000 <= day.year < 3000:
        raise PeriodMalformed
    return datetime.combine(day, time.min, CHINA)


def asked_before(asked: QueryDict) -> int | None:
    """Raises BadRequest."""
    text = asked.get("before", "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 19 or int(text) > LAST_NUMBER:
        raise BadRequest
    return int(text)


@require_GET
@needs_act(Act.READ_AUDIT)
def audit_log(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    organisation, before = asked_log(request.GET, viewer), asked_before(request.GET)
    context = {
        "organisation": organisation, "logs": logs_for(viewer), "now": timezone.now(), "asked": request.GET,
        "events": [(event.value, word(label)) for event, label in EVENTS.items()],
    }
    try:
        rows, older = page_of(asked_rows(request.GET, organisation), before=before, size=PAGE_ROWS)
    except PeriodMalformed as error:
        return render(request, "accounts/audit.html", {**context, "error": error}, status=error.status)
    asked = {name: value for name in ("of", "from", "to", "event") if (value := request.GET.get(name, ""))}
    names = names_in(organisation, rows)
    context |= {
        "rows": [(row, word(event_label(row.event)), who(row.actor, names), who(row.subject, names), word(words_label(row.detail)),
                  word(words_label(row.method))) for row in rows],
        "export": asked, "older": urlencode({**asked, "before": older}) if older is not None else "",
    }
    return render(request, "accounts/audit.html", context)


def who(identifier: str, names: Mapping[str, str]) -> str:
    """What the actor or the subject of a row is called, in the reader's language."""
    if not identifier:
        return "—"
    return names.get(identifier) or word(id_label(identifier))


@require_POST
@needs_act(Act.READ_AUDIT)
def audit_export(request: HttpRequest, viewer: Viewer) -> StreamingHttpResponse:
    """Every row of the period, oldest first, without a limit; the row that says that it was taken is the last that it may hold.

    It writes, so no link leads here, which a page of somebody else's could follow.
    """
    organisation = asked_log(request.POST, viewer)
    rows = asked_rows(request.POST, organisation)
    with transaction.atomic():
        note(Event.AUDIT_EXPORTED, organisation, at=timezone.now(), subject=f"organisation:{organisation.ref}")
    last = entries_of(organisation, since=None, until=None).values_list("number", flat=True)[0]
    lines = csv_lines(organisation, oldest_first(rows, up_to=last), english=get_language() == "en")
    return begun(
        (line.encode() for line in lines), content_type="text/csv; charset=utf-8",
        file_name=f"audit-{timezone.now().astimezone(CHINA):%Y%m%d-%H%M%S}.csv")


def csv_lines(organisation: Organisation, parts: Iterator[Sequence[AuditEntry]], *, english: bool) -> Iterator[str]:
    """The byte order mark tells Excel that it is UTF-8. Ids stand beside the names: a name may change, and the digests are over the ids."""
    heads = (
        _("序号"), _("时间"), _("事项"), _("事项代码"), _("行为人"), _("行为人编号"), _("对象"), _("对象编号"), _("补充"), _("登录方式"),
        _("网络"), _("请求编号"), _("上一条摘要"), _("摘要"))
    return _lines(organisation, parts, heads, english)


def _lines(organisation: Organisation, parts: Iterator[Sequence[AuditEntry]], heads: Sequence[str], english: bool) -> Iterator[str]:
    # The answer is written when the request is over, and with it the reader's language: everything in words was chosen before.
    yield "\ufeff" + _table([heads])
    for rows in parts:
        names = names_in(organisation, rows)
        yield _table([safe_cell(cell) for cell in cells(row, names, english)] for row in rows)


def _table(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def cells(row: AuditEntry, names: Mapping[str, str], english: bool) -> list[str]:
    """Of one line, in the order of the heads."""
    def said(label: Label) -> str:
        return label.en if english else label.zh

    return [
        str(row.number), china_time(row.at), said(event_label(row.event)), row.event,
        names.get(row.actor) or said(id_label(row.actor)), row.actor, names.get(row.subject) or said(id_label(row.subject)), row.subject,
        row.detail, row.method, row.network, row.request_id, row.previous, row.digest,
    ]
