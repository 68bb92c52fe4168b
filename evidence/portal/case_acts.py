"""What is written from a case's pages: a note, another stage, the reckoning sheet as a record. Works without a script.

The stage is moved from the one that the page showed: two people who move it at once do not overwrite each other, and whoever is second
is told what the case became. A sheet's form carries a key, so that a second press of Enter makes no second record.
"""
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.errors import CaseChanged, StageMissing, StageMoved
from cases.filing import add_note, move_stage, note_of
from cases.models import Case
from cases.portal.opening import opened_file
from cases.portal.reckonings import sheet_page
from cases.portal.words import STAGES
from cases.reckonings import day_of
from cases.selectors import CaseFile, case_for
from common.errors import DomainError
from common.problems import Forbidden
from common.refused import Refused
from evidence.intake import admit
from evidence.portal.case_pages import workspace
from evidence.portal.deposit_form import key_of
from evidence.portal.work import depositor_of, see_other
from evidence.reckonings import deposit_sheet


@require_POST
@needs_act(Act.READ_CASE)
def add_case_note(request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    """Whoever may read the case may note something on it. Raises CaseNotFound."""
    now = timezone.now()
    found = case_for(viewer, ref, now=now)
    try:
        add_note(viewer, found, note_of(request.POST.get("text", "")), shared="shared" in request.POST, now=now)
    except DomainError as error:
        return workspace(request, viewer, ref, refused=Refused("note", error, request.POST))
    return see_other(f"{reverse('case', args=[ref])}#notes")


@require_POST
@needs_act(Act.KEEP_CASE)
def move_case_stage(request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    """Raises CaseNotFound, Forbidden for a case that is only open to the viewer."""
    now = timezone.now()
    found = case_for(viewer, ref, now=now)
    if found.organisation_id != viewer.organisation.pk:
        raise Forbidden
    try:
        _move(viewer, found, request.POST.get("stage", ""), request.POST.get("seen", ""))
    except DomainError as error:
        return workspace(request, viewer, ref, refused=Refused("move", error, request.POST))
    return see_other(f"{reverse('case', args=[ref])}#facts")


def _move(viewer: Viewer, found: Case, stage: str, seen: str) -> None:
    if stage not in Case.Stage.values or seen not in Case.Stage.values or stage == seen:
        raise StageMissing(pointer="/stage")
    try:
        move_stage(viewer, found, Case.Stage(stage), seen=Case.Stage(seen), now=timezone.now())
    except CaseChanged:
        found.refresh_from_db(fields=["stage"])
        raise StageMoved(stage=str(STAGES[Case.Stage(found.stage)]), pointer="/stage") from None


@require_POST
@never_cache
@needs_act(Act.KEEP_CASE)
def deposit_case_sheet(request: HttpRequest, viewer: Viewer, /, case: str) -> HttpResponse:
    """The sheet of the day that the page shows, as a record of the case. Raises CaseNotFound, Forbidden as `move_case_stage` does."""
    file = opened_file(request, viewer, case, now=timezone.now())
    if not file.own:
        raise Forbidden
    typed = request.POST.get("on", "")[:10]
    try:
        number = _deposit(request, viewer, file, day_of(typed))
    except DomainError as error:
        return sheet_page(request, viewer, file, typed, error=error)
    return see_other(f"{reverse('case-reckoning', args=[case])}?on={typed}&deposited={number}")


def _deposit(request: HttpRequest, viewer: Viewer, file: CaseFile, on: date) -> str:
    depositor, now = depositor_of(viewer), timezone.now()
    retry = key_of(request.POST.get("key", ""), f"{request.path}/{on}", depositor.actor)
    admit(depositor, retried=True, now=now)
    return deposit_sheet(depositor, file, on, now=now, request=retry).records[0]
