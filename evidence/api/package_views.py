"""GET /api/v1/evidence/{record}/package: the evidence package, streamed as it is made."""
from datetime import datetime

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import viewer_of_request
from accounts.permissions import Act
from accounts.scopes import Scope
from accounts.viewer import Viewer
from common.faults import RequestMalformed
from common.request_ids import request_id_of
from evidence.api import schema
from evidence.custody import CustodyAction
from evidence.errors import TooManyRecords
from evidence.models import Evidence
from evidence.packages.archive import stream_package
from evidence.packages.assembly import gather_package
from evidence.packages.contents import Scope as PackageScope
from evidence.proofs import check_published
from evidence.reading import note_reading
from evidence.selectors import case_records_for, record_for, selection_for
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
        scope, records = chosen(request, viewer, record, now)
        # Whoever cannot have the package yet leaves no trace of having fetched it.
        check_published(records)
        note_reading(viewer, records, CustodyAction.FETCHED, request_id=request_id_of(request), now=now)
        contents = gather_package(records, scope=scope, now=timezone.now())
        response = StreamingHttpResponse(stream_package(contents, stamp=stamp_digest), content_type=MEDIA_TYPE)
        response["Content-Disposition"] = f'attachment; filename="{records[0].record}-{scope}.asice"'
        response["Cache-Control"] = "no-store"
        return response


def chosen(request: Request, viewer: Viewer, number: str, now: datetime) -> tuple[PackageScope, list[Evidence]]:
    """The scope asked for and its records. Raises RecordNotFound, RequestMalformed, TooManyRecords."""
    scope = request.query_params.get("scope", "record")
    record = record_for(viewer, number, now=now)
    if scope == "record":
        return "record", [record]
    if scope == "case":
        records = case_records_for(viewer, record.case, now=now)
        # The signed head says where the case ends; over a part of the case it would be untrue.
        return ("case" if len(records) == records[-1].case.sequence else "selection"), records
    if scope != "selection":
        raise RequestMalformed(reason="scope: record | case | selection")
    others = request.query_params.getlist("with")
    if len(others) >= MAX_SELECTION:
        raise TooManyRecords(limit=MAX_SELECTION)
    return "selection", selection_for(viewer, [record.record, *others], now=now)
