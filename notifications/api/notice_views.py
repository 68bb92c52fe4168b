"""An organisation's inbox over HTTP."""
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import credential_of
from accounts.scopes import Scope
from common.bodies import answer
from notifications.api import schema
from notifications.api.answers import notice_facts
from notifications.noticing import read_by_machine
from notifications.selectors import notice_of, notices_of

PAGE = 50


class NoticesView(APIView):
    """The notices, the newest first, by cursor."""

    scopes = {"GET": Scope.NOTICES_READ}

    @extend_schema(**schema.NOTICES)
    def get(self, request: Request) -> HttpResponse:
        organisation_id, after = credential_of(request).organisation_id, request.query_params.get("cursor")
        rows = notices_of(organisation_id)
        if after is not None:
            rows = rows.filter(id__lt=notice_of(organisation_id, after).pk)
        page = list(rows[: PAGE + 1])
        cursor = page[PAGE - 1].ref if len(page) > PAGE else None
        return answer({"notices": [notice_facts(notice) for notice in page[:PAGE]], "next_cursor": cursor})


class NoticeReadView(APIView):
    scopes = {"POST": Scope.NOTICES_READ}

    @extend_schema(**schema.NOTICE_READ)
    def post(self, request: Request, notice: str) -> HttpResponse:
        organisation_id = credential_of(request).organisation_id
        read_by_machine(notice_of(organisation_id, notice), now=timezone.now())
        return answer(notice_facts(notice_of(organisation_id, notice)))
