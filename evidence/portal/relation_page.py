"""The form that says how two records of a case belong together (关联说明), for who deposits at the organisation that has the first."""
import secrets

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from common.errors import DomainError
from evidence.errors import InvalidRecord
from evidence.intake import admit
from evidence.models import Evidence
from evidence.portal.deposit_form import KEY
from evidence.portal.work import depositor_of, see_other
from evidence.related import FORWARD
from evidence.relating import LONGEST_REASON, relate, relating
from evidence.selectors import record_for


def may_relate(viewer: Viewer, record: Evidence) -> bool:
    """Whether this viewer may say of the record how it belongs to others."""
    return viewer.may(Act.DEPOSIT) and (record.deposited_by_id or record.organisation_id) == viewer.organisation.pk


@require_http_methods(["GET", "POST"])
@needs_act(Act.DEPOSIT)
def relate_record(request: HttpRequest, viewer: Viewer, /, number: str) -> HttpResponse:
    """The form, and what it asks for. Raises RecordNotFound, RecordNumberMalformed."""
    record = record_for(viewer, number, now=timezone.now())
    if request.method == "GET":
        return _form(request, record)
    try:
        _relate(request, viewer, record)
    except DomainError as error:
        return _form(request, record, error=error)
    return see_other(reverse("record", args=[record.record]))


def _relate(request: HttpRequest, viewer: Viewer, record: Evidence) -> None:
    relation, typed, reason, key = (request.POST.get(name, "").strip() for name in ("relation", "record", "reason", "key"))
    now = timezone.now()
    if not may_relate(viewer, record):
        raise InvalidRecord(pointer="", reason=_("这份存证的关联不能由您说明。"))
    if len(reason) > LONGEST_REASON or "\0" in reason or not KEY.fullmatch(key):
        raise InvalidRecord(pointer="/reason", reason=_("说明不超过 1000 字；若页面已过期，请刷新后重试。"))
    target, depositor = record_for(viewer, typed, now=now), depositor_of(viewer)
    admit(depositor, retried=True, now=now)
    retry = relating(record, relation, target.record, reason, key=f"{depositor.actor}/{key}")
    relate(depositor, record, relation, target, reason=reason, now=now, retry=retry)


def _form(request: HttpRequest, record: Evidence, *, error: DomainError | None = None) -> HttpResponse:
    return render(request, "evidence/relate.html", {
        "record": record, "error": error, "typed": request.POST, "key": request.POST.get("key") or secrets.token_hex(16),
        "longest": LONGEST_REASON, "relations": FORWARD.items(),
    }, status=200 if error is None else error.status)
