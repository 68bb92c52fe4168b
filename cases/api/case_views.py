"""Cases over HTTP: open, list, search, read and revise. A foreign id is an unknown one; nothing personal stands in an address."""
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.scopes import Scope
from accounts.viewer import Viewer
from cases.api import payloads, schema
from cases.api.answers import case_answer, case_summary, note_answer
from cases.api.viewing import keeper_of, opened_file, viewer_of
from cases.errors import SearchInvalid
from cases.facts import NoteFacts
from cases.filing import add_note, move_stage, open_case, revise_file
from cases.models import AccessEvent, Case
from cases.record_counts import records_seen
from cases.selectors import CaseFile, case_file_for, case_for, cases_for, cases_of_person, cases_referenced, place_of_note
from cases.watching import note_listed, note_told
from common.bodies import answer, decode_with, read_json
from common.problems import Forbidden
from common.request_ids import request_id_of

PAGE = 50


def page_of(viewer: Viewer, cases: QuerySet[Case], after: str | None, *, now: datetime) -> tuple[list[Case], str | None]:
    """One page, the newest first, and the cursor of the next; `after` is the last case of the page before. Raises CaseNotFound."""
    if after is not None:
        # The cursor is a case's id: a row's number would tell how many cases all organisations have.
        cases = cases.filter(id__lt=case_for(viewer, after, now=now).pk)
    found = list(cases[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].ref if len(found) > PAGE else None


def page_answer(viewer: Viewer, page: list[Case], cursor: str | None, *, now: datetime) -> HttpResponse:
    counts = records_seen(viewer, page, now=now)
    return answer({"cases": [case_summary(case, counts[case.pk]) for case in page], "next_cursor": cursor})


def answer_of(viewer: Viewer, file: CaseFile, *, now: datetime) -> dict[str, Any]:
    return case_answer(file, records_seen(viewer, [file.case], now=now)[file.case.pk])


def own_case(viewer: Viewer, ref: str) -> Case:
    """A case of the viewer's own organisation. Raises CaseNotFound, Forbidden when it is only open to him."""
    case = case_for(viewer, ref, now=timezone.now())
    if case.organisation_id != viewer.organisation.pk:
        raise Forbidden
    return case


class CasesView(APIView):
    """The collection: GET lists what is open to the key's organisation, POST opens a case with its file."""

    scopes = {"GET": Scope.CASES_READ, "POST": Scope.CASE_FILES_WRITE}

    @extend_schema(**schema.LIST)
    def get(self, request: Request) -> HttpResponse:
        viewer, now = viewer_of(request), timezone.now()
        page, cursor = page_of(viewer, cases_for(viewer, now=now), request.query_params.get("cursor"), now=now)
        note_listed(viewer, page, request_id=request_id_of(request), now=now)
        return page_answer(viewer, page, cursor, now=now)

    @extend_schema(**schema.OPEN)
    def post(self, request: Request) -> HttpResponse:
        viewer, now = keeper_of(request), timezone.now()
        wanted = decode_with(payloads.NEW_CASE, read_json(request))
        case = open_case(viewer, wanted.reference, payloads.case_facts(wanted), now=now)
        return answer(answer_of(viewer, case_file_for(viewer, case.ref, now=now), now=now), status=201)


class CaseSearchView(APIView):
    scopes = {"POST": Scope.CASES_READ}

    @extend_schema(**schema.SEARCH)
    def post(self, request: Request) -> HttpResponse:
        viewer, now = viewer_of(request), timezone.now()
        wanted = decode_with(payloads.CASE_SEARCH, read_json(request))
        name, identity_number, phone = wanted.name or "", wanted.identity_number or "", wanted.phone or ""
        if (wanted.reference is None) != any((name, identity_number, phone)):
            raise SearchInvalid
        by_person = wanted.reference is None
        found = cases_of_person(viewer, now=now, name=name, identity_number=identity_number, phone=phone) if by_person else (
            cases_referenced(viewer, wanted.reference or "", now=now))
        page, cursor = page_of(viewer, found, wanted.cursor, now=now)
        if by_person:
            note_told(viewer, page, AccessEvent.SEARCH, request_id=request_id_of(request), now=now)
        return page_answer(viewer, page, cursor, now=now)


class CaseView(APIView):
    scopes = {"GET": Scope.CASES_READ, "PUT": Scope.CASE_FILES_WRITE}

    @extend_schema(**schema.READ)
    def get(self, request: Request, case: str) -> HttpResponse:
        now = timezone.now()
        return answer(answer_of(viewer_of(request), opened_file(request, case, now=now), now=now))

    @extend_schema(**schema.REVISE)
    def put(self, request: Request, case: str) -> HttpResponse:
        viewer, now = keeper_of(request), timezone.now()
        own = own_case(viewer, case)
        wanted = decode_with(payloads.REVISED_CASE, read_json(request))
        revise_file(viewer, own, payloads.case_facts(wanted), version=wanted.version, now=now)
        return answer(answer_of(viewer, case_file_for(viewer, case, now=now), now=now))


class CaseStageView(APIView):
    scopes = {"PUT": Scope.CASE_FILES_WRITE}

    @extend_schema(**schema.STAGE)
    def put(self, request: Request, case: str) -> HttpResponse:
        viewer = keeper_of(request)
        own = own_case(viewer, case)
        wanted = decode_with(payloads.STAGE_MOVE, read_json(request))
        move_stage(viewer, own, payloads.stage_of(wanted.stage), seen=payloads.stage_of(wanted.seen), now=timezone.now())
        return answer(case_summary(own, own.sequence))


class CaseNotesView(APIView):
    scopes = {"POST": Scope.CASE_NOTES_WRITE}

    @extend_schema(**schema.NOTE)
    def post(self, request: Request, case: str) -> HttpResponse:
        viewer, now = viewer_of(request), timezone.now()
        seen = case_for(viewer, case, now=now)
        wanted = decode_with(payloads.NEW_NOTE, read_json(request))
        note = add_note(viewer, seen, wanted.text, shared=wanted.shared, now=now)
        number = place_of_note(viewer, seen, note, now=now)
        return answer(note_answer(NoteFacts(number, note.at, note.actor, wanted.text, note.shared)), status=201)
