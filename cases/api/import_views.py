"""Import of cases, and of payments on them, over HTTP: check a file, then confirm that very file."""
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.scopes import Scope
from cases.api import payloads, schema
from cases.api.answers import imported_answer, imported_payments_answer, payment_report_answer, report_answer
from cases.api.viewing import keeper_of
from cases.errors import ImportTooLarge
from cases.importing.tables import MAX_BYTES
from cases.imports import check_import, confirm_import
from cases.models import CaseImport
from common.bodies import answer, decode_with, read_json
from common.content_digest import BodyDigest
from common.problems import UnsupportedMediaType


def read_file(request: Request) -> bytes:
    """The body, held against Content-Digest when the client sent one. Raises UnsupportedMediaType, ImportTooLarge."""
    if request.content_type.partition(";")[0].strip().lower() != schema.BYTES:
        raise UnsupportedMediaType
    digest = BodyDigest(request.headers.get("Content-Digest"))
    body: bytes = request._request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise ImportTooLarge(limit=MAX_BYTES)
    digest.update(body)
    digest.verify()
    return body


def confirmed(request: Request, checked: str, kind: CaseImport.Kind) -> CaseImport:
    """The file of this kind that was checked under this id, imported now or before."""
    viewer = keeper_of(request)
    sha256 = decode_with(payloads.IMPORT_CONFIRMATION, read_json(request)).sha256
    return confirm_import(viewer, checked, sha256, kind=kind, now=timezone.now())


class ImportsView(APIView):
    scopes = {"POST": Scope.CASE_FILES_WRITE}

    @extend_schema(**schema.CHECK_IMPORT)
    def post(self, request: Request) -> HttpResponse:
        viewer = keeper_of(request)
        return answer(report_answer(check_import(viewer, read_file(request), now=timezone.now())))


class ImportConfirmView(APIView):
    scopes = {"POST": Scope.CASE_FILES_WRITE}

    @extend_schema(**schema.CONFIRM_IMPORT)
    def post(self, request: Request, checked: str) -> HttpResponse:
        return answer(imported_answer(confirmed(request, checked, CaseImport.Kind.CASES)), status=201)


class PaymentImportsView(APIView):
    scopes = {"POST": Scope.CASE_FILES_WRITE}

    @extend_schema(**schema.CHECK_PAYMENTS)
    def post(self, request: Request) -> HttpResponse:
        viewer = keeper_of(request)
        report = check_import(viewer, read_file(request), kind=CaseImport.Kind.PAYMENTS, now=timezone.now())
        return answer(payment_report_answer(report))


class PaymentImportConfirmView(APIView):
    scopes = {"POST": Scope.CASE_FILES_WRITE}

    @extend_schema(**schema.CONFIRM_PAYMENTS)
    def post(self, request: Request, checked: str) -> HttpResponse:
        return answer(imported_payments_answer(confirmed(request, checked, CaseImport.Kind.PAYMENTS)), status=201)
