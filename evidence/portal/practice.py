"""The trial by hand: whoever works at an organisation on trial downloads the practice file, verifies it, and fetches its package.

The verification and the package are the real ones; the page only leads to them. Machines do the same by the API with the record's number.
"""
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import TrialStep
from accounts.portal.gate import needs_person
from accounts.portal.workplace import viewer_of
from accounts.trial import note_trial_step, trial_steps
from accounts.viewer import Viewer
from common.errors import DomainError
from evidence.custody import CustodyAction
from evidence.errors import PracticeFileMissing
from evidence.models import Evidence
from evidence.packages.archive import stream_package
from evidence.packages.assembly import gather_package
from evidence.packages.fetching import MEDIA_TYPE
from evidence.portal.bounded_forms import bounded
from evidence.practice import FILE_NAME, PRACTICE_FILE, practice_for
from evidence.trail import done_by_viewer
from evidence.verification import verify_file
from ledger.digest_stamps import stamp_digest
from tlog.digests import sha256, sm3
from tlog.report import Report

LARGEST_BYTES = 1024**2


def on_trial(request: HttpRequest) -> tuple[Viewer, Evidence]:
    """Raises RecordNotFound for an organisation that is not on trial."""
    viewer = viewer_of(request)
    return viewer, practice_for(viewer.organisation)


@bounded(LARGEST_BYTES)
@require_http_methods(["GET", "POST"])
@needs_person
def practice(request: HttpRequest) -> HttpResponse:
    """What is to be done; POST verifies the file that is sent, which is hashed and not kept."""
    viewer, record = on_trial(request)
    if request.method != "POST":
        return practice_page(request, viewer, record)
    now, file = timezone.now(), request.FILES.get("file")
    try:
        if not isinstance(file, UploadedFile):
            raise PracticeFileMissing
        data = file.read()
        report = verify_file(
            record.record, sha256(data), sm3(data), by=done_by_viewer(viewer, CustodyAction.VERIFIED), now=now)
    except DomainError as error:
        return practice_page(request, viewer, record, error=error)
    note_trial_step(viewer.organisation, TrialStep.Step.VERIFIED, actor=viewer.actor, now=now)
    return practice_page(request, viewer, record, report=report)


def practice_page(
    request: HttpRequest, viewer: Viewer, record: Evidence, *, report: Report | None = None, error: DomainError | None = None
) -> HttpResponse:
    return render(request, "evidence/practice.html", {
        "organisation": viewer.organisation, "record": record, "report": report, "error": error,
        "steps": trial_steps(viewer.organisation), "file_name": FILE_NAME,
    }, status=200 if error is None else error.status)


@require_GET
@needs_person
def practice_file(request: HttpRequest) -> HttpResponse:
    on_trial(request)
    response = HttpResponse(PRACTICE_FILE, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return response


@require_POST
@needs_person
def practice_package(request: HttpRequest) -> HttpResponse:
    """The package of the practice record. Raises RecordNotFound, RecordNotPublished while it is not in a published checkpoint."""
    viewer, record = on_trial(request)
    now = timezone.now()
    contents = gather_package([record], scope="record", now=now)
    package = b"".join(stream_package(contents, stamp=stamp_digest))
    note_trial_step(viewer.organisation, TrialStep.Step.FETCHED, actor=viewer.actor, now=now)
    response = HttpResponse(package, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
    response["Content-Disposition"] = f'attachment; filename="{record.record}-record.asice"'
    return response
