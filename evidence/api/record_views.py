"""Records over HTTP: with a key those that are open to its organisation, and what is public of any by its number.

Proofs and states change until a record is stamped, so they are never cached; a statement never changes.
"""
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import viewer_of_request
from accounts.scopes import Scope
from common.bodies import answer
from common.request_ids import request_id_of
from evidence.api import schema
from evidence.facts import facts_of
from evidence.looking import note_others
from evidence.models import Evidence
from evidence.proofs import proof_of, timestamps_of
from evidence.reading import note_viewing
from evidence.selectors import public_record, record_for, records_for
from tlog.times import format_time

PAGE = 50


def proof_response(record: Evidence) -> HttpResponse:
    proof = proof_of(record)
    response = HttpResponse(proof.proof, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{record.record}.tlog-proof"'
    response["Cache-Control"] = "no-store"
    return response


def public_facts(record: Evidence) -> dict[str, object]:
    """What anyone with the number may know."""
    facts, base = facts_of(record), f"{settings.PUBLIC_URL}/api/v1/records/{record.record}"
    return {
        "record": record.record, "state": facts.state, "received_at": format_time(record.received_at),
        "integrity": facts.integrity, "log": facts.log, "time": facts.time, "certificate": facts.certificate,
        "links": {"statement": f"{base}/statement", "proof": f"{base}/proof", "timestamps": f"{base}/timestamps"},
    }


def own_facts(record: Evidence) -> dict[str, object]:
    """For whom the record is open: also the client's case reference and the place in the case."""
    return {
        **public_facts(record), "kind": record.kind,
        "case": {"reference": record.case.client_reference, "ref": record.case.ref, "sequence": record.case_sequence},
        "package": f"{settings.PUBLIC_URL}/api/v1/evidence/{record.record}/package",
    }


class EvidenceListView(APIView):
    """The records that are open to the organisation, the newest first, by cursor. Others' records have the row of it first."""

    scopes = {"GET": Scope.EVIDENCE_READ}

    @extend_schema(**schema.LIST)
    def get(self, request: Request) -> HttpResponse:
        viewer, after, now = viewer_of_request(request), request.query_params.get("cursor"), timezone.now()
        rows = records_for(viewer, now=now)
        if after is not None:
            # The cursor is a record's number: a row's id would tell how much all organisations deposit.
            rows = rows.filter(id__lt=record_for(viewer, after, now=now).pk)
        found = list(rows[: PAGE + 1])
        page, cursor = found[:PAGE], found[PAGE - 1].record if len(found) > PAGE else None
        note_others(viewer, page, request_id=request_id_of(request), now=now)
        return answer({"records": [own_facts(record) for record in page], "next_cursor": cursor})


class EvidenceView(APIView):
    scopes = {"GET": Scope.EVIDENCE_READ}

    @extend_schema(**schema.OWN_RECORD)
    def get(self, request: Request, record: str) -> HttpResponse:
        viewer, now = viewer_of_request(request), timezone.now()
        found = record_for(viewer, record, now=now)
        note_viewing(viewer, found, request_id=request_id_of(request), now=now)
        return answer(own_facts(found))


class EvidenceProofView(APIView):
    scopes = {"GET": Scope.EVIDENCE_READ}

    @extend_schema(**schema.PROOF)
    def get(self, request: Request, record: str) -> HttpResponse:
        return proof_response(record_for(viewer_of_request(request), record, now=timezone.now()))


class EvidenceTimestampsView(APIView):
    scopes = {"GET": Scope.EVIDENCE_READ}

    @extend_schema(**schema.TIMESTAMPS)
    def get(self, request: Request, record: str) -> HttpResponse:
        return answer(timestamps_of(record_for(viewer_of_request(request), record, now=timezone.now())))


class RecordView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(**schema.PUBLIC_RECORD)
    def get(self, request: Request, record: str) -> HttpResponse:
        return answer(public_facts(public_record(record)))


class RecordStatementView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(**schema.STATEMENT)
    def get(self, request: Request, record: str) -> HttpResponse:
        found = public_record(record)
        response = HttpResponse(bytes(found.statement), content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="{found.record}.statement.json"'
        response["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


class RecordProofView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(**schema.PUBLIC_PROOF)
    def get(self, request: Request, record: str) -> HttpResponse:
        return proof_response(public_record(record))


class RecordTimestampsView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(**schema.PUBLIC_TIMESTAMPS)
    def get(self, request: Request, record: str) -> HttpResponse:
        return answer(timestamps_of(public_record(record)))
