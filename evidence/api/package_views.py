"""GET /api/v1/evidence/{record}/package: the evidence package, streamed as it is made."""
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import credential_of
from accounts.models import TrialStep
from accounts.scopes import Scope
from accounts.trial import note_trial_step
from common.faults import RequestMalformed
from evidence.api import schema
from evidence.corrections import with_corrections
from evidence.errors import TooManyRecords
from evidence.models import Evidence
from evidence.packages.archive import stream_package
from evidence.packages.assembly import gather_package
from evidence.packages.contents import Scope as PackageScope
from evidence.practice import open_on_trial
from evidence.selectors import case_records, record_of, records_of, selection_of
from ledger.digest_stamps import stamp_digest

MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"
# They stand in the address, and gunicorn takes 4,094 bytes of it.
MAX_SELECTION = 100


class EvidencePackageView(APIView):
    """`scope`: `record` (default), `case` (all of its case, with the signed head), or `selection` (this and each `with`)."""

    scopes = {"GET": Scope.PACKAGES_FETCH}

    @extend_schema(**schema.PACKAGE)
    def get(self, request: Request, record: str) -> HttpResponseBase:
        scope, records = complete(*chosen(request, record))
        key, now = credential_of(request), timezone.now()
        contents = gather_package(records, scope=scope, now=now)
        note_trial_step(key.organisation, TrialStep.Step.FETCHED, actor=f"api_key:{key.pk}", now=now)
        response = StreamingHttpResponse(stream_package(contents, stamp=stamp_digest), content_type=MEDIA_TYPE)
        response["Content-Disposition"] = f'attachment; filename="{records[0].record}-{scope}.asice"'
        response["Cache-Control"] = "no-store"
        return response


def complete(scope: PackageScope, records: list[Evidence]) -> tuple[PackageScope, list[Evidence]]:
    """A record that was deposited by mistake goes out with the record that says so; a case holds both anyhow."""
    if scope == "case":
        return scope, records
    told = with_corrections(records, records_of(records[0].organisation_id))
    return ("selection" if len(told) > 1 else scope), told


def chosen(request: Request, number: str) -> tuple[PackageScope, list[Evidence]]:
    """The scope asked for and its records. Raises RecordNotFound, RequestMalformed, TooManyRecords."""
    organisation, scope = credential_of(request).organisation, request.query_params.get("scope", "record")
    record = open_on_trial(organisation, number) or record_of(organisation.pk, number)
    if scope == "record":
        return "record", [record]
    if scope == "case":
        return "case", case_records(record)
    if scope != "selection":
        raise RequestMalformed(reason="scope: record | case | selection")
    others = request.query_params.getlist("with")
    if len(others) >= MAX_SELECTION:
        raise TooManyRecords(limit=MAX_SELECTION)
    return "selection", selection_of(organisation.pk, [record.record, *others])
