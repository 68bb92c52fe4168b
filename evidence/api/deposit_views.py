"""POST /api/v1/evidence and POST /api/v1/evidence/batch.

Five steps each: admit, read, recognise a retry, deposit, answer; what pages share of them is in `evidence.intake`.
"""
import time
from collections.abc import Sequence

import msgspec
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import credential_of
from accounts.scopes import Scope
from cases.selectors import owner_of_assigned
from common.bodies import read_json
from common.idempotency import IdempotentRequest, fingerprint, read_key
from evidence.api import payloads, schema
from evidence.api.record_views import EvidenceListView
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.errors import DigestMismatch, FilesMismatch, TooManyRecords
from evidence.facts import QUEUED, states_of
from evidence.intake import admit, deposit_upload, deposit_valid
from evidence.limits import WAITING, wait_seconds
from evidence.multipart import MultipartDeposit
from evidence.services import Acknowledgement
from ledger.selectors import log_facts, places_of
from vault.uploads import StoredFile

POLL_S = 0.05


class EvidenceView(EvidenceListView):
    """The collection: GET lists the organisation's records, POST makes one with its files (multipart/form-data)."""

    scopes = {"GET": Scope.EVIDENCE_READ, "POST": Scope.EVIDENCE_WRITE}

    @extend_schema(**schema.DEPOSIT)
    def post(self, request: Request) -> HttpResponse:
        depositor = admitted(request)
        upload = MultipartDeposit(lambda document: owner_ref(depositor, document))

        def read() -> tuple[DepositItem, IdempotentRequest | None]:
            upload.read(request._request)
            payload = payloads.decode(bytes(upload.document), payloads.Deposit)
            return stored_item(payload, upload.stored), idempotent_request(request, payload, upload.stored)

        return created(request, deposit_upload(depositor, upload, read))


class EvidenceBatchView(APIView):
    """Up to 1,000 records by digest, JSON; the depositor keeps the originals and the statements say so."""

    scopes = {"POST": Scope.EVIDENCE_WRITE}

    @extend_schema(**schema.BATCH)
    def post(self, request: Request) -> HttpResponse:
        depositor = admitted(request)
        batch = payloads.decode(read_json(request), payloads.Batch)
        if len(batch.records) > settings.MAX_BATCH_RECORDS:
            raise TooManyRecords(limit=settings.MAX_BATCH_RECORDS)
        items = [payloads.kept_item(record) for record in batch.records]
        return created(request, deposit_valid(depositor, items, idempotent_request(request, batch, []), batch=True))


def admitted(request: Request) -> Depositor:
    """Who deposits. Raises what `admit` raises, IdempotencyKeyMalformed."""
    key = credential_of(request)
    depositor = Depositor(key.organisation, key.pk)
    admit(depositor, retried=read_key(request.headers.get("Idempotency-Key")) is not None, now=timezone.now())
    return depositor


def owner_ref(depositor: Depositor, document: bytes) -> str:
    """Whose the originals will be: an agency's deposit is the lender's. Raises what `payloads.decode` raises.

    A case that is not assigned is refused by the deposit itself, so that a retry of what was acknowledged gets its receipt for ever.
    """
    owner = None
    if depositor.entrusted:
        case = payloads.decode(document, payloads.Deposit).case
        owner = owner_of_assigned(depositor.organisation, case, now=timezone.now())
    return (owner or depositor.organisation).ref


def stored_item(payload: payloads.Deposit, stored: Sequence[StoredFile]) -> DepositItem:
    """The record that these parts make. Raises FilesMismatch, and DigestMismatch naming the digest that differs."""
    if len(payload.files) != len(stored):
        raise FilesMismatch(declared=len(payload.files), received=len(stored))
    payloads.check_depth(payload.subject.metadata, above=2)
    for position, (declared, file) in enumerate(zip(payload.files, stored, strict=True)):
        for algorithm, expected, found in (("sha256", declared.sha256, file.sha256), ("sm3", declared.sm3, file.sm3)):
            if expected is not None and expected != found.hex():
                raise DigestMismatch(pointer=f"/files/{position}/{algorithm}", file=position + 1, algorithm=algorithm)
    files = tuple(
        FileItem(declared.name, declared.media_type, file.size_bytes, file.sha256.hex(), file.sm3.hex(), file)
        for declared, file in zip(payload.files, stored, strict=True)
    )
    subject = payload.subject
    return DepositItem(
        payload.case, subject.kind, subject.title, files, subject.metadata, payloads.provenance_values(payload.provenance),
        own_timestamp=payload.timestamp == "record",
    )


def idempotent_request(request: Request, payload: msgspec.Struct, stored: Sequence[StoredFile]) -> IdempotentRequest | None:
    """The client's key with this request's fingerprint; None when no key was sent."""
    key = read_key(request.headers.get("Idempotency-Key"))
    if key is None:
        return None
    canonical = msgspec.json.encode(payload, order="sorted")
    return IdempotentRequest(key, fingerprint(request.path, canonical, [file.sha256 for file in stored]))


def created(request: Request, answer: Acknowledgement) -> HttpResponse:
    """201 with the receipt; after `Prefer: wait` once the records are in a published checkpoint, or when the wait is over."""
    waited = wait_until_published(answer.tickets, wait_seconds(request.headers.get("Prefer")))
    # A record made a moment ago is queued; only after a wait, or for a retry, there is more to know.
    states = states_of(answer.tickets) if waited or answer.repeated else {}
    records = [
        {"record": record, "state": states.get(ticket, QUEUED), "url": f"{settings.PUBLIC_URL}/api/v1/evidence/{record}"}
        for record, ticket in zip(answer.records, answer.tickets, strict=True)
    ]
    response = JsonResponse({"records": records, "receipt": answer.receipt}, status=201, json_dumps_params={"ensure_ascii": False})
    if waited:
        response["Preference-Applied"] = "wait"
    return response


def wait_until_published(tickets: Sequence[int], seconds: float) -> bool:
    """Wait for the last ticket to be published. False at once when none may wait or too many threads do already."""
    if seconds <= 0 or not WAITING.acquire(blocking=False):
        return False
    try:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            place = places_of([tickets[-1]]).get(tickets[-1])
            if place is not None and place.index < log_facts().published_size:
                break
            time.sleep(POLL_S)
        return True
    finally:
        WAITING.release()
