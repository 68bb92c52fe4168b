"""The evidence origin's two answers: an original, or a paper of an application, as a file to keep and never as a page
(`config.evidence_host` sees to the rest).

Who asks is told by the ticket and not by a session, for there is none here; that he may still see the record is asked once more.
"""
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.networks import address_of
from accounts.portal.workplace import told, viewer_at
from accounts.selectors import live_memberships, may_manage_organisations
from accounts.viewer import Viewer
from accounts.workstations import workstation_of
from common.downloads import repr_digest
from common.problems import NotFound
from common.request_ids import request_id_of
from evidence.models import OriginalTicket
from evidence.originals import file_of, redeem, ticket_for
from evidence.packages.names import safe_name
from evidence.paper_tickets import paper_ticket_for, use_up
from evidence.papers import bytes_of, file_name_of
from evidence.selectors import record_for

OCTETS = "application/octet-stream"


@require_GET
def original(request: HttpRequest, token: str) -> HttpResponseBase:
    now = timezone.now()
    ticket = ticket_for(token, now=now)
    viewer = holder_of(ticket, request)
    record_for(viewer, file_of(ticket).evidence.record, now=now)
    found = redeem(ticket, viewer, request_id=request_id_of(request), now=now)
    response = StreamingHttpResponse(found, content_type=OCTETS)
    response["Content-Length"] = str(found.size_bytes)
    response["Repr-Digest"] = repr_digest(found.sha256)
    response["Content-Disposition"] = attachment(found.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_GET
def paper(request: HttpRequest, token: str) -> HttpResponseBase:
    """A paper of an application, for the operator who got the ticket and is one still."""
    now = timezone.now()
    ticket = paper_ticket_for(token, now=now)
    workstation = workstation_of(ticket.person)
    if not ticket.person.is_active or not may_manage_organisations(ticket.person):
        raise NotFound
    if workstation is not None and not workstation.allows(address_of(request)):
        raise NotFound
    data = bytes_of(ticket.paper)
    use_up(ticket, now=now)
    return HttpResponse(data, content_type=OCTETS, headers={
        "Content-Disposition": attachment(file_name_of(ticket.paper)), "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer"})


def holder_of(ticket: OriginalTicket, request: HttpRequest) -> Viewer:
    """Whoever got the ticket, with the roles that he has now. Raises NotFound when he has none there, or works where he may not."""
    # An address that was passed on out of the office opens nothing: where the session may not go, the file does not go either.
    workstation = workstation_of(ticket.person)
    if workstation is not None and not workstation.allows(address_of(request)):
        raise NotFound
    held = [each for each in live_memberships(ticket.person) if each.organisation_id == ticket.organisation_id]
    if not held or not ticket.person.is_active or not held[0].organisation.working:
        raise NotFound
    return told(viewer_at(held[0], held))


def attachment(name: str) -> str:
    """SPEC: RFC 6266 4.3, RFC 8187 3.2.1: a file to keep, its safe name in ASCII for old programs and whole for the others.

    >>> attachment('合同".html')
    'attachment; filename="____.html"; filename*=UTF-8\\'\\'%E5%90%88%E5%90%8C_.html'
    """
    safe = safe_name(name)
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_. ()") else "_" for letter in safe)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
