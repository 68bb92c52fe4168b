"""GET and POST /api/v1/evidence/{record}/relations: how a record belongs to others, and to say so later by a record of its own."""
from typing import Annotated, Literal

import msgspec
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import viewer_of_request
from accounts.scopes import Scope
from common.bodies import answer, decode_with, read_json
from common.endpoints import JSON, endpoint, found, ref
from common.idempotency import read_key
from common.request_ids import request_id_of
from evidence.api import schema
from evidence.api.deposit_views import admitted
from evidence.errors import InvalidRecord
from evidence.reading import note_viewing
from evidence.related import RelationRow, relations_of
from evidence.relating import relate, relating
from evidence.selectors import record_for

Number = Annotated[str, Meta(pattern=r"^CZ-[0-9]{8}-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]$(?!\n)")]
RelationName = Literal["derived_from", "corroborates", "replaces", "reply_to"]


class RelationAnswer(Struct, forbid_unknown_fields=True):
    """`source` is the record asked about in `from_here`, `target` otherwise.

    `said_by`: the record whose claims say so, null where it is not open to you.
    """

    relation: RelationName
    direction: Literal["from_here", "to_here"]
    record: Number
    kind: str
    said_by: Number | None


class Relations(Struct, forbid_unknown_fields=True):
    relations: tuple[RelationAnswer, ...]


class RelationWanted(Struct, forbid_unknown_fields=True, frozen=True):
    """To say that the record belongs to another of its case; both must be open to who says it."""

    relation: RelationName
    record: Annotated[str, Meta(min_length=1, max_length=60)]
    reason: Annotated[str, Meta(max_length=1000, pattern=r"^[^\x00]*$")] = ""


class RelationMade(Struct, forbid_unknown_fields=True):
    record: Number


TYPES = (Relations, RelationWanted, RelationMade)
DECODER = msgspec.json.Decoder(RelationWanted)
LIST = endpoint(
    "listRelations", "How a record belongs to others · 存证的关联",
    "Said by the record's own claims or by a later record; only those to records that are open to you.\n\n只列出向您开放的存证之间的关联。",
    tag="evidence", parameters=(schema.RECORD,), success=found(Relations, "The relations. 关联。"), refusals=schema.RECORD_ERRORS)
RELATE = endpoint(
    "relateEvidence", "Say how two records belong together · 说明关联",
    "Makes a record of the kind `relation` in the same case; nothing of the two records changes.\n\n"
    "在同一案件中存入一份关联说明，两份存证不变。",
    tag="evidence", parameters=(schema.RECORD, schema.IDEMPOTENCY_KEY, schema.CONTENT_DIGEST),
    success={(201, JSON): OpenApiResponse(ref(RelationMade), description="The record that says so. 关联说明的存证编号。")},
    request={JSON: ref(RelationWanted)}, refusals=(*schema.DEPOSIT_ERRORS, *schema.RECORD_ERRORS, InvalidRecord))


class EvidenceRelationsView(APIView):
    scopes = {"GET": Scope.EVIDENCE_READ, "POST": Scope.EVIDENCE_WRITE}

    @extend_schema(**LIST)
    def get(self, request: Request, record: str) -> HttpResponse:
        viewer, now = viewer_of_request(request), timezone.now()
        of = record_for(viewer, record, now=now)
        note_viewing(viewer, of, request_id=request_id_of(request), now=now)
        return answer({"relations": [_told(row) for row in relations_of(viewer, of, now=now)]})

    @extend_schema(**RELATE)
    def post(self, request: Request, record: str) -> HttpResponse:
        viewer, depositor, now = viewer_of_request(request), admitted(request), timezone.now()
        source = record_for(viewer, record, now=now)
        wanted = decode_with(DECODER, read_json(request))
        target = record_for(viewer, wanted.record, now=now)
        retry = relating(source, wanted.relation, target.record, wanted.reason, key=read_key(request.headers.get("Idempotency-Key")))
        made = relate(depositor, source, wanted.relation, target, reason=wanted.reason, now=now, retry=retry)
        return answer({"record": made}, status=201)


def _told(row: RelationRow) -> dict[str, str | None]:
    return {
        "relation": row.relation, "direction": "from_here" if row.forward else "to_here", "record": row.record.record,
        "kind": row.record.kind, "said_by": row.said_by}
