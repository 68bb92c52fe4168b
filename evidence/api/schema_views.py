"""GET /api/v1/schema: the OpenAPI document, as it is committed and tested; nothing is generated on request."""
from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from evidence.api import schema


class SchemaView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(**schema.SCHEMA)
    def get(self, request: Request) -> HttpResponse:
        document = (settings.BASE_DIR / "docs" / "api" / "openapi.yaml").read_bytes()
        # SPEC: RFC 9512 registers the type; the document's own `openapi` member says the version.
        return HttpResponse(document, content_type="application/yaml", headers={"Cache-Control": "public, max-age=300"})
