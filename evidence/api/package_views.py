"""GET /api/v1/evidence/{record}/package: the evidence package, streamed as it is made."""
from datetime import datetime

from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import viewer_of_request
from accounts.models import TrialStep
from accounts.permissions import Act
from accounts.scopes import Scope
from accounts.trial import note_trial_step
from accounts.viewer import Viewer
from common.downloads import begun
from common.faults import RequestMalformed
from common.request_ids import request_id_of
from evidence.api import schema
from evidence.corrections import with_corrections
from evidence.custody import CustodyAction
from evidence.errors import TooManyRecords
from evidence.models import Evidence
from evidence.packages.archive import stream_package
from evidence.packages.assembly import gather_package
from evidence.packages.contents import Scope as PackageScope
from evidence.practice import open_on_trial
from evidence.proofs import check_published
from evidence.reading import note_reading
from evidence.selectors import case_records_for, is_whole_case, record_for, records_for, selection_for
from ledger.digest_stamps import stamp_digest

MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"
# They stand in the address, and gunicorn takes 4,094 bytes of it.
MAX_SELECTION = 100


class EvidencePackageView(APIView):
    """`scope`: `record` (default), `case` (all of its case, with the signed head), or `selection` (this and each `with`).

    Of a case that is open in part only, the answer to `case` is the selection of what is open.
    """

    scopes = {"GET": Scope.PACKAGES_FETCH}

    @extend_schema(**schema.PACKAGE)
    def get(self, request: Request, record: str) -> HttpResponseBase:
        viewer, now = viewer_of_request(request), timezone.now()
        viewer.must(Act.FETCH)
        practice = open_on_trial(viewer.organisation, record)
        whole: tuple[PackageScope, list[Evidence]] = ("record", [practice] if practice else [])
        scope, records = whole if practice else complete(viewer, *chosen(request, viewer, record, now), now=now)
        # Whoever cannot have the package yet leaves no trace of having fetched it.
        check_published(records)
        if practice is None:  # nobody's case, and open by no root: its trace is the step of the trial
            note_reading(viewer, records, CustodyAction.FETCHED, request_id=request_id_of(request), now=now)
        contents = gather_package(records, scope=scope, now=timezone.now())
        note_trial_step(viewer.organisation, TrialStep.Step.FETCHED, actor=viewer.actor, now=now)
        name = f"{records[0].record}-{scope}.asice"
        return begun(stream_package(contents, stamp=stamp_digest), content_type=MEDIA_TYPE, file_name=name)


def complete(viewer: Viewer, scope: PackageScope, records: list[Evidence], *, now: datetime) -> tuple[PackageScope, list[Evidence]]:
    """A record that was deposited by mistake or replaced goes out with the one that says so or stands for it; a case holds both anyhow."""
    if scope == "case":
        return scope, records
    told = with_corrections(records, records_for(viewer, now=now))
    return ("selection" if len(told) > 1 else scope), told


def chosen(request: Request, viewer: Viewer, number: str, now: datetime) -> tuple[PackageScope, list[Evidence]]:
    """The scope asked for and its records. Raises RecordNotFound, RequestMalformed, TooManyRecords."""
    scope = request.query_params.get("scope", "record")
    record = record_for(viewer, number, now=now)
    if scope == "record":
        return "record", [record]
    if scope == "case":
        records = case_records_for(viewer, record.case, now=now)
        return ("case" if is_whole_case(records) else "selection"), records
    if scope != "selection":
        raise RequestMalformed(reason=_("参数 scope 只能是 record、case 或 selection。"))
    others = request.query_params.getlist("with")
    if len(others) >= MAX_SELECTION:
        raise TooManyRecords(limit=MAX_SELECTION)
    return "selection", selection_for(viewer, [record.record, *others], now=now)
