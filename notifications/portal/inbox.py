"""The inbox: what concerns the person at the organisation where he works now, by pages; what he has seen he marks as read."""
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.portal.gate import needs_person
from accounts.portal.workplace import viewer_of
from accounts.selectors import REF
from common.problems import NotFound
from notifications.kinds import KINDS
from notifications.messages import sentence_of
from notifications.models import Notice, NoticeReading
from notifications.noticing import read_notices
from notifications.selectors import inbox_of

PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """`page`: where to look, "" for nowhere; `number`: the id of ours that it is about."""

    notice: Notice
    sentence: str
    page: str
    number: str
    read: bool


@require_GET
@needs_person
def inbox(request: HttpRequest) -> HttpResponse:
    """The newest first; `after` is the ref of the last notice of the page before. Raises NotFound for a ref of another's inbox."""
    viewer, after = viewer_of(request), request.GET.get("after", "")
    assert viewer.person is not None
    rows = inbox_of(viewer)
    if after:
        last = rows.filter(ref=after).first() if REF.fullmatch(after) else None
        if last is None:
            raise NotFound
        rows = rows.filter(pk__lt=last.pk)
    page = list(rows[: PAGE + 1])
    read = set(NoticeReading.objects.filter(person=viewer.person, notice__in=page).values_list("notice_id", flat=True))
    shown = [_row(notice, viewer.organisation.ref, notice.pk in read) for notice in page[:PAGE]]
    return render(request, "notifications/inbox.html", {
        "rows": shown, "after": after, "cursor": page[PAGE - 1].ref if len(page) > PAGE else None, "waits": _waits(shown)})


def _row(notice: Notice, organisation: str, read: bool) -> Row:
    page = KINDS[notice.kind].page.format(notice.subject, organisation=organisation)
    return Row(notice, sentence_of(notice), page, notice.subject.partition(":")[0], read)


def _waits(rows: Sequence[Row]) -> int | None:
    """The id up to which "all read" reaches: of the newest on the page, so that what comes meanwhile stays unread; None for nothing."""
    return max((row.notice.pk for row in rows if not row.read), default=None)


@require_POST
@needs_person
def read(request: HttpRequest) -> HttpResponse:
    """Mark `notice` (a ref), or everything up to the id `up_to`, as read by this person; of another's inbox nothing is."""
    viewer, typed = viewer_of(request), request.POST.get("up_to", "")
    up_to = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else 0
    read_notices(viewer, up_to=up_to, only=request.POST.get("notice", "")[:32].replace("\0", ""), now=timezone.now())
    return HttpResponseRedirect(reverse("inbox"))
