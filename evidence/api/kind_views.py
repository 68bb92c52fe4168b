"""GET /api/v1/kinds and /api/v1/kinds/<kind>/<version>: the closed list of kinds, and each published schema, for everybody.

A published version never changes, so that a cache may keep it for ever; the list grows, and is kept for minutes.
"""
import hashlib
from collections.abc import Sequence
from itertools import groupby

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from common.endpoints import JSON, endpoint, found
from common.problems import NotFound
from evidence.api.kind_answers import EvidenceKind, EvidenceKinds, KindVersion
from evidence.kinds.schemas import KindSchema, all_schemas

# SPEC: JSON Schema 2020-12, Core 14: the media type of a schema.
SCHEMA_JSON = "application/schema+json"

KINDS = endpoint(
    "listKinds", "Kinds of evidence · 证据种类",
    "The closed list of kinds that `subject.kind` may be, each with its published schemas. `subject.metadata` is judged by the newest "
    "version, or by the one that `subject.metadata.schema` names.\n\n"
    "证据种类是封闭列表；`subject.metadata` 按所列结构的最新版本校验，也可指明版本。",
    tag="contract", public=True, refusals=(), success=found(EvidenceKinds, "The list. 列表。"))
SCHEMA = endpoint(
    "getKind", "The schema of a kind · 一个种类的结构",
    "JSON Schema 2020-12 with labels in Chinese (`title`) and English (`x-title-en`) and examples; a published version is never changed."
    "\n\nJSON Schema，含中英文名称和示例；已发布的版本不再改变。",
    tag="contract", public=True, refusals=(NotFound,),
    parameters=[
        OpenApiParameter("kind", {"type": "string", "examples": ["sms"]}, OpenApiParameter.PATH, description="The kind. 种类。"),
        OpenApiParameter("version", {"type": "integer", "examples": [1]}, OpenApiParameter.PATH, description="Its version. 版本。")],
    success={(200, SCHEMA_JSON): OpenApiResponse({"type": "object"}, description="The schema. 结构。")})


class KindsView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(**KINDS)
    def get(self, request: Request) -> HttpResponse:
        by_kind = groupby(sorted(all_schemas().values(), key=lambda each: (each.own, each.kind, each.version)), key=lambda each: each.kind)
        answer = EvidenceKinds(tuple(_kind(list(versions)) for _kind_name, versions in by_kind))
        return HttpResponse(msgspec.json.encode(answer), content_type=JSON, headers={"Cache-Control": "public, max-age=300"})


class KindView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(**SCHEMA)
    def get(self, request: Request, kind: str, version: int) -> HttpResponse:
        schema = all_schemas().get(f"{kind}/{version}")
        if schema is None:
            raise NotFound
        return HttpResponse(schema.data, content_type=SCHEMA_JSON, headers={"Cache-Control": "public, max-age=31536000, immutable"})


def _kind(versions: Sequence[KindSchema]) -> EvidenceKind:
    newest = versions[-1]
    told = newest.document
    return EvidenceKind(
        newest.kind, told["title"], told["x-title-en"], told["description"], told["x-description-en"], told["x-deposited-by"],
        tuple(KindVersion(each.version, f"/api/v1/kinds/{each.name}", hashlib.sha256(each.data).hexdigest()) for each in versions))
