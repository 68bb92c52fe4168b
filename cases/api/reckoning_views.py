"""What is owed, over HTTP: the reckoning sheet of a case as JSON and as CSV, and the rate caps that it is reckoned with."""
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import viewer_of_request
from accounts.scopes import Scope
from cases.api import payloads, schema
from cases.api.answers import caps_answer
from cases.api.viewing import keeper_of, opened_file
from cases.caps import caps_of, state_caps
from cases.reckoning.reckoner import Reckoning
from cases.reckoning.sheet import sheet_csv, sheet_json
from cases.reckonings import day_of, day_offered, reckoning_of
from common.bodies import answer, decode_with, read_json
from tlog.times import CHINA


def asked_reckoning(request: Request, case: str) -> Reckoning:
    """To the day of `on`; without it to today in China, or to the last day of which the key's organisation sees the file.

    Raises CaseNotFound, DayMalformed, ReckoningImpossible.
    """
    now, text = timezone.now(), request.query_params.get("on")
    named = None if text is None else day_of(text)
    file = opened_file(request, case, now=now)
    return reckoning_of(file, day_offered(file, now.astimezone(CHINA).date()) if named is None else named)


class ReckoningView(APIView):
    scopes = {"GET": Scope.CASES_READ}

    @extend_schema(**schema.RECKONING)
    def get(self, request: Request, case: str) -> HttpResponse:
        return HttpResponse(
            sheet_json(asked_reckoning(request, case)), content_type="application/json", headers={"Cache-Control": "no-store"})


class ReckoningCsvView(APIView):
    scopes = {"GET": Scope.CASES_READ}

    @extend_schema(**schema.RECKONING_CSV)
    def get(self, request: Request, case: str) -> HttpResponse:
        reckoning = asked_reckoning(request, case)
        return HttpResponse(sheet_csv(reckoning), content_type="text/csv; charset=utf-8", headers={
            "Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="reckoning-{case}-{reckoning.at}.csv"'})


class RateCapsView(APIView):
    """The lender's rate caps: read them, or state them all anew."""

    scopes = {"GET": Scope.CASES_READ, "PUT": Scope.CASE_FILES_WRITE}

    @extend_schema(**schema.RATE_CAPS)
    def get(self, request: Request) -> HttpResponse:
        return answer(caps_answer(caps_of(viewer_of_request(request).organisation)))

    @extend_schema(**schema.STATE_CAPS)
    def put(self, request: Request) -> HttpResponse:
        viewer = keeper_of(request)
        state_caps(viewer.organisation, payloads.rate_caps(decode_with(payloads.RATE_CAPS, read_json(request))), now=timezone.now())
        return answer(caps_answer(caps_of(viewer.organisation)))
