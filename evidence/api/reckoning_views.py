"""POST /api/v1/cases/{case}/reckoning/deposit: the sheet that GET shows, as a record of the case."""
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.scopes import Scope
from cases.api.case_views import own_case
from cases.api.viewing import keeper_of
from cases.reckonings import day_of
from cases.selectors import case_file_for
from common.bodies import read_json
from evidence.api import payloads, schema
from evidence.api.deposit_views import admitted, created, idempotent_request
from evidence.reckonings import deposit_sheet


class ReckoningDepositView(APIView):
    scopes = {"POST": Scope.CASE_FILES_WRITE}

    @extend_schema(**schema.DEPOSIT_RECKONING)
    def post(self, request: Request, case: str) -> HttpResponse:
        viewer, depositor = keeper_of(request), admitted(request)
        own_case(viewer, case)
        wanted = payloads.decode(read_json(request), payloads.ReckoningDeposit)
        on, retry = day_of(wanted.on.isoformat()), idempotent_request(request, wanted, [])
        now = timezone.now()
        return created(request, deposit_sheet(depositor, case_file_for(viewer, case, now=now), on, now=now, request=retry))
