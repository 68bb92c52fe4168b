"""What the page of a record shows to somebody signed in to whom the record is open, and what he may do there: fetch, mark as 误存."""
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Person
from accounts.permissions import Act
from accounts.portal.workplace import needs_act, viewer_of
from accounts.viewer import Viewer
from common.errors import DomainError
from common.request_ids import request_id_of
from common.tenancy import without_number
from evidence.corrections import LONGEST_REASON, declared_by, reason_of, supersede, supersession_of
from evidence.custody import CustodyAction
from evidence.errors import AlreadySuperseded, InvalidRecord, TrailBusy
from evidence.intake import admit
from evidence.kinds import CORRECTION, kind_word
from evidence.kinds.words import Told, metadata_told, provenance_told
from evidence.models import Evidence, Supersession
from evidence.originals import issue_ticket
from evidence.portal.deposit_form import KEY
from evidence.portal.relation_page import may_relate
from evidence.portal.release_pages import CAUSES
from evidence.portal.state_words import Text
from evidence.portal.timeline import Step, timeline_of
from evidence.portal.work import depositor_of, see_other
from evidence.quarantine_rows import Quarantine
from evidence.reading import note_reading
from evidence.related import RelationRow, equal_to, relations_of
from evidence.releasing import may_release, quarantine_of
from evidence.selectors import claims_of, record_for
from tlog.canonical import Json
from tlog.claims import parse_claim
from tlog.errors import VerificationError
from vault.errors import KeyUnavailable


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file of the record as its claim tells it; `kept`: whether we hold the original."""

    position: int
    name: str
    media_type: str
    size_bytes: int
    kept: bool


@dataclass(frozen=True, slots=True)
class Mistake:
    """That the record was deposited by mistake: why, what says so, and what stands for it (None)."""

    reason: str
    correction: str
    replaced_by: str | None


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """`corrects`: the number of the record that this one declares a mistake, None for every other record.

    `told`: every field of its kind, `provenance`: where it comes from; what is missing is in both. `quarantine`: that its originals are not
    given out, and its `cause` in words.
    """

    record: Evidence
    kind: Text
    title: str
    files: tuple[OwnFile, ...]
    mistake: Mistake | None
    corrects: str | None
    may_supersede: bool
    told: tuple[Told, ...]
    provenance: tuple[Told, ...]
    relations: tuple[RelationRow, ...]
    equal: tuple[Evidence, ...]
    may_relate: bool
    timeline: Sequence[Step]
    quarantine: Quarantine | None
    cause: Text
    may_release: bool


def own_record(request: HttpRequest, number: str, *, now: datetime) -> OwnRecord | None:
    """None for a stranger, for a record that is not open to whoever is signed in, and where the claims were erased or are damaged.

    What is shown is written into the trail first. Raises KeyUnavailable, TrailBusy.
    """
    if not isinstance(request.user, Person):
        return None
    try:
        viewer = viewer_of(request)
        # The page showed its public part by the number alone; here both gates ask for the viewer's right.
        with without_number():
            record = record_for(viewer, number, now=now)
        claims = {claim.name: parse_claim(claim.name, claim.data) for claim in claims_of(record)}
        note_reading(viewer, [record], CustodyAction.VIEWED, request_id=request_id_of(request), now=now)
    except (KeyUnavailable, TrailBusy):
        raise  # it is his record and cannot be shown now: the page of a stranger would say that it is not
    except (DomainError, VerificationError):
        return None
    subject, provenance, mistake = claims["subject"], claims["provenance"], supersession_of(record)
    assert isinstance(subject, dict)
    metadata = subject["metadata"]
    assert isinstance(metadata, dict)
    assert isinstance(provenance, dict)
    told, shut = declared_by(record), quarantine_of(record)
    return OwnRecord(
        record, kind_word(record.kind), str(subject["title"]),
        tuple(_file(int(name[6:]), value) for name, value in claims.items() if name.startswith("files/")),
        None if mistake is None else _mistake(mistake), None if told is None else told.superseded.record,
        may_supersede=mistake is None and may_supersede(viewer, record),
        told=tuple(metadata_told(record.kind, metadata)), provenance=tuple(provenance_told(record.kind, provenance)),
        relations=tuple(relations_of(viewer, record, now=now)), equal=tuple(equal_to(viewer, record, now=now)),
        may_relate=may_relate(viewer, record), timeline=timeline_of([record]),
        quarantine=shut, cause="" if shut is None else CAUSES[shut.cause], may_release=shut is not None and may_release(viewer, record),
    )


def may_supersede(viewer: Viewer, record: Evidence) -> bool:
    """Whether this viewer may mark the record as 误存: who deposits, at the organisation that deposited it. A correction stands."""
    by = record.deposited_by_id or record.organisation_id
    return viewer.may(Act.DEPOSIT) and by == viewer.organisation.pk and record.kind != CORRECTION


def _file(position: int, value: Json) -> OwnFile:
    assert isinstance(value, dict)
    return OwnFile(position, str(value["name"]), str(value["media_type"]), int(str(value["size_bytes"])), value["custody"] == "vault")


def _mistake(found: Supersession) -> Mistake:
    return Mistake(reason_of(found.correction), found.correction.record, found.replaced_by.record if found.replaced_by else None)


@require_POST
@needs_act(Act.READ_CASE)
def fetch_original(_request: HttpRequest, viewer: Viewer, /, number: str, position: int) -> HttpResponse:
    """To the evidence origin with a ticket for one file. Raises RecordNotFound, RecordNumberMalformed."""
    now = timezone.now()
    token = issue_ticket(viewer, record_for(viewer, number, now=now), position, now=now)
    return see_other(f"{settings.EVIDENCE_ORIGIN}{reverse('original', urlconf='config.evidence_urls', args=[token])}")


@require_http_methods(["GET", "POST"])
@needs_act(Act.DEPOSIT)
def supersede_record(request: HttpRequest, viewer: Viewer, /, number: str) -> HttpResponse:
    """The form, and what it asks for. Raises RecordNotFound, RecordNumberMalformed."""
    now = timezone.now()
    record = record_for(viewer, number, now=now)
    if request.method == "GET":
        return _form(request, record)
    try:
        _supersede(request, viewer, record, now)
    except DomainError as error:
        return _form(request, record, error=error)
    return see_other(reverse("record", args=[record.record]))


def _supersede(request: HttpRequest, viewer: Viewer, record: Evidence, now: datetime) -> None:
    reason, typed, key = (request.POST.get(name, "").strip() for name in ("reason", "replaced_by", "key"))
    if not may_supersede(viewer, record):
        raise InvalidRecord(pointer="", reason=_("这份存证不能由您标记为误存。"))
    if not reason or len(reason) > LONGEST_REASON or "\0" in reason or not KEY.fullmatch(key):
        raise InvalidRecord(pointer="/reason", reason=_("请写明误存的原因，不超过 1000 字。"))
    replaced_by = record_for(viewer, typed, now=now) if typed else None
    depositor = depositor_of(viewer)
    admit(depositor, retried=True, now=now)
    supersede(depositor, record, reason=reason, replaced_by=replaced_by, now=now, key=f"{depositor.actor}/{key}")


def _form(request: HttpRequest, record: Evidence, *, error: DomainError | None = None) -> HttpResponse:
    if error is None and supersession_of(record) is not None:
        error = AlreadySuperseded()
    return render(request, "evidence/supersede.html", {
        "record": record, "error": error, "typed": request.POST, "key": request.POST.get("key") or secrets.token_hex(16),
        "longest": LONGEST_REASON,
    }, status=200 if error is None else error.status)
