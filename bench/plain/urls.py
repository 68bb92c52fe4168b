"""The plain views.

`writes` makes the durable writes that a deposit cannot do without, and nothing else: the original is fsynced with its folder,
a locked case moves, and six rows of a deposit's sizes come with it in one transaction. The
serializer is what `ModelSerializer` makes of the model by itself: a query for each unique number and each case.
"""
import json
import os
import secrets
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ListSerializer, ModelSerializer
from rest_framework.views import APIView

from bench.plain.models import Case, Record, Row
from common.object_store import FileObjectStore

# The bytes of a deposit's rows: queue, receipt, original, record, file, custody trail.
ROWS = ["x" * length for length in (170, 250, 120, 2100, 90, 240)]


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
def writes(request: HttpRequest) -> JsonResponse:
    """The file of a multipart deposit and the rows that go with one; the names of queue, receipt, original, record, file and trail."""
    document = json.loads(request.POST["deposit"])
    file = request.FILES["file"]
    assert isinstance(file, UploadedFile)
    name = secrets.token_hex(16)
    FileObjectStore(Path(os.environ["CUNZHENG_VAR"]) / "originals").put_new(f"{name[:2]}/{name}", file.chunks())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM plain_case WHERE reference = %s FOR UPDATE", [document["case"]])
        [case_id] = cursor.fetchone()
        cursor.execute("INSERT INTO plain_row (body) VALUES (%s), (%s), (%s), (%s), (%s), (%s)", [json.dumps(text) for text in ROWS])
        cursor.execute("UPDATE plain_case SET reference = reference WHERE id = %s", [case_id])
    return JsonResponse({"name": name}, status=201)


@csrf_exempt
def cases(_request: HttpRequest) -> JsonResponse:
    """Make the hundred cases that the records name; returns their ids."""
    made = [Case._default_manager.create(reference=f"LN-2026-{number:05}").pk for number in range(100)]
    return JsonResponse({"ids": made}, status=201)


urlpatterns = [path("cases", cases), path("writes", writes), path("records", RecordsView.as_view()), path("rows", rows)]
