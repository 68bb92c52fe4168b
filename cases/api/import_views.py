"""Import of cases, and of payments on them, over HTTP: check a file, then confirm that very file; a long one is done by a job."""
from collections.abc import Callable

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.scopes import Scope
from cases.api import payloads, schema
from cases.api.answers import imported_answer, imported_payments_answer, payment_report_answer, report_answer, status_answer
from cases.api.viewing import keeper_of
from cases.errors import CaseChanged, ImportTooLarge
from cases.importing.tables import MAX_BYTES
from cases.importing_jobs import faults_of
from cases.imports import check_import, confirm_import, import_of
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


def confirmed(
    request: Request, checked: str, kind: CaseImport.Kind, imported: Callable[[CaseImport], dict[str, object]],
) -> HttpResponse:
    """201 when the file of this kind that was checked under this id is imported, now or before; 202 while a job has it.

    Raises CaseChanged, also when that is what the job found.
    """
    viewer = keeper_of(request)
    sha256 = decode_with(payloads.IMPORT_CONFIRMATION, read_json(request)).sha256
    found = confirm_import(viewer, checked, sha256, kind=kind, now=timezone.now())
    if found.refused_at is not None:
        raise CaseChanged
    if found.imported_at is not None:
        return answer(imported(found), status=201)
    response = answer(status_answer(found, []), status=202)
    response["Location"] = f"{settings.PUBLIC_URL}/api/v1/cases/imports/{found.ref}"
    return response


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
        return confirmed(request, checked, CaseImport.Kind.CASES, imported_answer)


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
        return confirmed(request, checked, CaseImport.Kind.PAYMENTS, imported_payments_answer)


class ImportStatusView(APIView):
    scopes = {"GET": Scope.CASE_FILES_WRITE}

    @extend_schema(**schema.IMPORT_STATUS)
    def get(self, request: Request, checked: str) -> HttpResponse:
        found = import_of(keeper_of(request), checked)
        return answer(status_answer(found, faults_of(found, get_language() or "")))
