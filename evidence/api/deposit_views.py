"""POST /api/v1/evidence and POST /api/v1/evidence/batch.

Five steps each: admit, read, recognise a retry, deposit, answer; what pages share of them is in `evidence.intake`.
"""
import time
from collections.abc import Mapping, Sequence
from typing import Any

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
from common.errors import DomainError
from common.idempotency import IdempotencyKeyMalformed, IdempotentRequest, fingerprint, read_key
from evidence.api import payloads, schema
from evidence.api.client_clock import measured_offset, with_offset
from evidence.api.record_views import EvidenceListView
from evidence.batches import note_refused
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.csv_exports import Examined, is_export
from evidence.errors import DigestMismatch, FilesMismatch, TooManyRecords
from evidence.export_words import sentence_of
from evidence.facts import QUEUED, states_of
from evidence.faults import LISTED
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
        depositor, offset_ms = admitted(request), measured_offset(request, arrived=timezone.now())
        upload = MultipartDeposit(lambda document: told_of_files(depositor, document))
        read_rows: list[dict[str, Any]] = []

        def read() -> tuple[DepositItem, IdempotentRequest | None]:
            upload.read(request._request)
            payload = payloads.decode(bytes(upload.document), payloads.Deposit)
            item = with_offset(stored_item(payload, upload.stored), offset_ms)
            read_rows.extend(row_faults(payload, upload.examined))
            return item, idempotent_request(request, payload, upload.stored)

        return created(request, deposit_upload(depositor, upload, read), read_rows)


class EvidenceBatchView(APIView):
    """Up to 1,000 records by digest, JSON; the depositor keeps the originals and the statements say so."""

    scopes = {"POST": Scope.EVIDENCE_WRITE}

    @extend_schema(**schema.BATCH)
    def post(self, request: Request) -> HttpResponse:
        count: int | None = None
        try:
            depositor, offset_ms = admitted(request), measured_offset(request, arrived=timezone.now())
            batch = payloads.decode(read_json(request), payloads.Batch)
            count = len(batch.records)
            if count > settings.MAX_BATCH_RECORDS:
                raise TooManyRecords(limit=settings.MAX_BATCH_RECORDS)
            kept = enumerate(map(payloads.kept_item, batch.records))
            items = [with_offset(item, offset_ms, base=f"/records/{number}") for number, item in kept]
            answer = deposit_valid(depositor, items, idempotent_request(request, batch, []), batch=True)
        except DomainError as refusal:
            key = credential_of(request)
            request_key = request.headers.get("Idempotency-Key", "") if not isinstance(refusal, IdempotencyKeyMalformed) else ""
            note_refused(Depositor(key.organisation, key.pk), refusal, count, request_key=request_key, at=timezone.now())
            raise
        return created(request, answer)


def admitted(request: Request) -> Depositor:
    """Who deposits. Raises what `admit` raises, IdempotencyKeyMalformed."""
    key = credential_of(request)
    depositor = Depositor(key.organisation, key.pk)
    admit(depositor, retried=read_key(request.headers.get("Idempotency-Key")) is not None, now=timezone.now())
    return depositor


def told_of_files(depositor: Depositor, document: bytes) -> tuple[str, Sequence[str]]:
    """Whose the originals will be, for an agency's deposit is the lender's, and their names. Raises what `payloads.decode` raises.

    A case that is not assigned is refused by the deposit itself, so that a retry of what was acknowledged gets its receipt for ever.
    """
    payload, owner = payloads.decode(document, payloads.Deposit), None
    if depositor.entrusted:
        owner = owner_of_assigned(depositor.organisation, payload.case, now=timezone.now())
    return (owner or depositor.organisation).ref, [file.name for file in payload.files]


def row_faults(payload: payloads.Deposit, examined: Sequence[Examined | None]) -> list[dict[str, Any]]:
    """What cannot be read in the exports among these files, by file and row.

    It refuses nothing: what the source wrote is evidence as it is, and nobody stands beside a machine to be asked (docs/adr/0025).
    """
    return [
        {"pointer": f"#/files/{position}", "total": each.total,
         "rows": [{"row": fault.row, "detail": sentence_of(fault)} for fault in each.faults]}
        for position, (file, each) in enumerate(zip(payload.files, examined, strict=True))
        if each is not None and each.faults and is_export(payload.subject.kind, file.name)]


def stored_item(payload: payloads.Deposit, stored: Sequence[StoredFile]) -> DepositItem:
    """The record that these parts make. Raises FilesMismatch, and DigestMismatch naming the digest that differs."""
    if len(payload.files) != len(stored):
        raise FilesMismatch(declared=len(payload.files), received=len(stored))
    payloads.check_depth(payload.subject.metadata, above=2)
    refuse_other_digests(payload, stored)
    files = tuple(
        FileItem(declared.name, declared.media_type, file.size_bytes, file.sha256.hex(), file.sm3.hex(), file)
        for declared, file in zip(payload.files, stored, strict=True)
    )
    subject = payload.subject
    return DepositItem(
        payload.case, subject.kind, subject.title, files, subject.metadata, payloads.provenance_values(payload.provenance),
        own_timestamp=payload.timestamp == "record",
    )


def refuse_other_digests(payload: payloads.Deposit, stored: Sequence[StoredFile]) -> None:
    """Raises DigestMismatch, which points at every digest that is not the file's."""
    differing = [
        (position, algorithm)
        for position, (declared, file) in enumerate(zip(payload.files, stored, strict=True))
        for algorithm, expected, found in (("sha256", declared.sha256, file.sha256), ("sm3", declared.sm3, file.sm3))
        if expected is not None and expected != found.hex()]
    if differing:
        told = [DigestMismatch(pointer=f"/files/{n}/{algorithm}", file=n + 1, algorithm=algorithm) for n, algorithm in differing[:LISTED]]
        faults = [(str(each.pointer), each.sentence()) for each in told]
        raise DigestMismatch(pointer=faults[0][0], faults=faults, file=differing[0][0] + 1, algorithm=differing[0][1])


def idempotent_request(request: Request, payload: msgspec.Struct, stored: Sequence[StoredFile]) -> IdempotentRequest | None:
    """The client's key with this request's fingerprint; None when no key was sent."""
    key = read_key(request.headers.get("Idempotency-Key"))
    if key is None:
        return None
    canonical = msgspec.json.encode(payload, order="sorted")
    return IdempotentRequest(key, fingerprint(request.path, canonical, [file.sha256 for file in stored]))


def created(request: Request, answer: Acknowledgement, read_rows: Sequence[Mapping[str, Any]] = ()) -> HttpResponse:
    """201 with the receipt; after `Prefer: wait` once the records are in a published checkpoint, or when the wait is over.

    `read_rows`: what could not be read in the exports that this very request brought; a retry brings them again.
    """
    waited = wait_until_published(answer.tickets, wait_seconds(request.headers.get("Prefer")))
    # A record made a moment ago is queued; only after a wait, or for a retry, there is more to know.
    states = states_of(answer.tickets) if waited or answer.repeated else {}
    records = [
        {"record": record, "state": states.get(ticket, QUEUED), "url": f"{settings.PUBLIC_URL}/api/v1/evidence/{record}"}
        for record, ticket in zip(answer.records, answer.tickets, strict=True)
    ]
    told = {"records": records, "receipt": answer.receipt, **({"unreadable": read_rows} if read_rows else {})}
    response = JsonResponse(told, status=201, json_dumps_params={"ensure_ascii": False})
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
