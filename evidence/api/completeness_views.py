"""GET /api/v1/cases/{case}/completeness: of each procedure what evidence is there, weak or missing, with the rule that asks for it."""
from typing import Annotated, Literal

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.scopes import Scope
from cases.api import schema as case_schema
from cases.api.viewing import opened_file, viewer_of
from common.bodies import answer
from common.endpoints import endpoint, found
from common.request_ids import request_id_of
from evidence.api.relation_views import Number
from evidence.case_evidence import panels_of, records_that_count
from evidence.errors import TrailBusy
from evidence.looking import note_others


class NeedAnswer(Struct, forbid_unknown_fields=True):
    """`state`: `weak` cannot stand alone, and `why` says so; `none`: need not have happened, or is not known to be asked for here.

    `bases`: citations.
    """

    need: Annotated[str, Meta(pattern=r"^[a-z_]+$(?!\n)")]
    title: str
    state: Literal["present", "weak", "missing", "none"]
    favours_debtor: bool
    records: tuple[Number, ...]
    why: str
    bases: tuple[str, ...]


class ProcedureAnswer(Struct, forbid_unknown_fields=True):
    procedure: Literal["demand", "notarial_execution", "arbitration", "suit", "enforcement"]
    title: str
    needs: tuple[NeedAnswer, ...]


class Completeness(Struct, forbid_unknown_fields=True):
    """`whole_case`: whether all records of the case are open to you; otherwise what is missing may only be closed."""

    whole_case: bool
    procedures: tuple[ProcedureAnswer, ...]


TYPES = (Completeness,)
COMPLETENESS = endpoint(
    "caseCompleteness", "What evidence is there, weak or missing · 材料齐备度",
    "For each kind of procedure, from the records of the case that are open to you; texts in the language of Accept-Language. It compares "
    "with the rules that it cites, and judges neither truth nor force of any evidence.\n\n只对照所列规定，不判断证据的真实性和证明力。",
    tag="cases", parameters=(case_schema.CASE,), success=found(Completeness, "The comparison. 对照。"),
    refusals=(*case_schema.READ_ERRORS, TrailBusy))


class CaseCompletenessView(APIView):
    scopes = {"GET": Scope.CASES_READ}

    @extend_schema(**COMPLETENESS)
    def get(self, request: Request, case: str) -> HttpResponse:
        now, viewer = timezone.now(), viewer_of(request)
        file = opened_file(request, case, now=now)
        records = records_that_count(viewer, file.case, now=now)
        note_others(viewer, records, request_id=request_id_of(request), now=now)
        panels = panels_of(viewer, file, records, now=now)
        return answer({"whole_case": file.sight.chain, "procedures": [
            {"procedure": panel.procedure, "title": str(panel.word), "needs": [
                {"need": each.key, "title": str(each.word), "state": each.state, "favours_debtor": each.debtor,
                 "records": list(each.records), "why": str(each.why), "bases": list(each.bases)} for each in panel.needs]}
            for panel in panels]})
