"""The two plain views.

The serializer is what `ModelSerializer` makes of the model by itself: a query for each unique number and each case.
"""
import json

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ListSerializer, ModelSerializer
from rest_framework.views import APIView

from bench.plain.models import Case, Record, Row


class BulkList(ListSerializer):  # type: ignore[type-arg]
    def create(self, validated_data: list[dict[str, object]]) -> list[Record]:
        with transaction.atomic():
            return Record._default_manager.bulk_create([Record(**row) for row in validated_data])


class RecordSerializer(ModelSerializer):  # type: ignore[type-arg]
    class Meta:
        model = Record
        fields = ["number", "case", "kind", "title", "metadata", "provenance", "name", "media_type", "size_bytes", "sha256"]
        list_serializer_class = BulkList


class RecordsView(APIView):
    def post(self, request: Request) -> Response:
        serializer = RecordSerializer(data=request.data, many=True)
        serializer.is_valid(raise_exception=True)
        return Response({"ids": [row.pk for row in serializer.save()]}, status=201)


@csrf_exempt
def rows(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"id": Row._default_manager.create(body=json.loads(request.body)).pk}, status=201)


@csrf_exempt
def cases(_request: HttpRequest) -> JsonResponse:
    """Make the hundred cases that the records name; returns their ids."""
    made = [Case._default_manager.create(reference=f"LN-2026-{number:05}").pk for number in range(100)]
    return JsonResponse({"ids": made}, status=201)


urlpatterns = [path("cases", cases), path("records", RecordsView.as_view()), path("rows", rows)]
