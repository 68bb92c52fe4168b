"""The page of one file with all that was drawn of it, whether it is drawn yet, and the pictures and recordings themselves.

Bytes of a rendering are our own encoding of somebody's pixels or samples, and the only thing made of a file that this origin serves; they
go out under a policy that lets them do nothing all the same (docs/adr/0024). Who may fetch the original may see them, and nobody else.
"""
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from common.request_ids import request_id_of
from evidence.custody import CustodyAction
from evidence.errors import RecordNotFound
from evidence.looking import PLAYED, SEEN, note_looking
from evidence.models import RenderingPart
from evidence.portal.file_views import is_ready, view_of_file
from evidence.portal.ranges import Between, OutOfRange, stretch
from evidence.reading import note_reading
from evidence.record_keys import open_rendering
from evidence.rendering.parts import DOCUMENT
from evidence.renderings import LOST, ask_for_renderings, part_of
from evidence.selectors import record_for

HEADERS = {
    "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "Accept-Ranges": "bytes", "Content-Disposition": "inline",
}
# What a page asks for as a part of itself. Whoever opens the address by itself is led to our page, which bears the reader's name.
AS_A_PART = ("image", "audio", "empty", "")


@never_cache
@require_safe
@needs_act(Act.READ_CASE)
def file_view(request: HttpRequest, viewer: Viewer, /, number: str, position: int) -> HttpResponse:
    """Raises RecordNotFound, RecordNumberMalformed, ClaimsErased, OSError."""
    now = timezone.now()
    record = record_for(viewer, number, now=now)
    view = view_of_file(record, position, now=now)
    if view is None:
        raise RecordNotFound
    note_reading(viewer, [record], CustodyAction.VIEWED, request_id=request_id_of(request), now=now)
    response = render(request, "evidence/file_view.html", {"record": record, "view": view, "now": now})
    response["X-Robots-Tag"] = "noindex"
    return response


@never_cache
@require_safe
@needs_act(Act.READ_CASE)
def view_state(_request: HttpRequest, viewer: Viewer, /, number: str, position: int) -> JsonResponse:
    """Whether a page that waits should be loaded again; of the file it tells nothing. Raises RecordNotFound, RecordNumberMalformed."""
    now = timezone.now()
    return JsonResponse({"ready": is_ready(record_for(viewer, number, now=now), position, now=now)})


@require_safe
@needs_act(Act.READ_CASE)
def view_part(request: HttpRequest, viewer: Viewer, /, number: str, position: int, part: int) -> HttpResponseBase:
    """One picture, or a stretch of a recording. Raises RecordNotFound, RecordNumberMalformed, OSError."""
    now = timezone.now()
    record = record_for(viewer, number, now=now)
    found = part_of(record, position, part)
    # A document is text for our pages and no answer of its own.
    if found.media_type == DOCUMENT:
        raise RecordNotFound
    if request.headers.get("Sec-Fetch-Dest", "") not in AS_A_PART:
        return HttpResponseRedirect(reverse("record-view", args=[record.record, position]))
    try:
        answer = _answer(request, found)
    except LOST:
        # The page that asked says that it is being prepared when it is loaded again.
        ask_for_renderings([found.rendering.file_id], now=now)
        raise RecordNotFound from None
    note_looking(viewer, record, PLAYED if found.media_type.startswith("audio/") else SEEN, request_id=request_id_of(request), now=now)
    return answer


def _answer(request: HttpRequest, part: RenderingPart) -> HttpResponseBase:
    size = part.stored_object.size_bytes
    headers = {**HEADERS, "Content-Type": part.media_type}
    try:
        asked = stretch(request.headers.get("Range", ""), size)
    except OutOfRange:
        return HttpResponse(status=416, headers={**HEADERS, "Content-Range": f"bytes */{size}", "Content-Type": "text/plain"})
    first, last = asked or (0, size - 1)
    headers["Content-Length"] = str(last - first + 1)
    if asked is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    if request.method == "HEAD":
        return HttpResponse(status=200 if asked is None else 206, headers=headers)
    return StreamingHttpResponse(Between(open_rendering(part), first, last), status=200 if asked is None else 206, headers=headers)
