"""Originals for people: a ticket, good once and for a minute, made where somebody is signed in and used at the evidence origin.

The address holds 256 random bits and nothing else; what is stored of them is a digest. The custody trail has its row before a byte of
the file goes out. What this does not do: decide who may see the record; both callers ask `record_for`, the second one again.
Source: threats T17, T26, T27.
"""
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from django.db import transaction

from accounts.viewer import Viewer
from common.tenancy import opened
from evidence.custody import CustodyAction
from evidence.errors import RecordNotFound
from evidence.models import Evidence, EvidenceFile, OriginalTicket
from evidence.quarantine import refuse_when_quarantined
from evidence.reading import note_reading
from evidence.record_keys import open_original
from evidence.selectors import claims_of
from evidence.trail import how_signed_in
from tlog.claims import parse_claim
from vault.downloads import verified_blocks
from vault.storage import blocks_of

GOOD_FOR = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class FetchedOriginal:
    """An opened original with the name that its claim gives it, any text, and the digest there. To be iterated over, or closed.

    Iterating raises OriginalDamaged before the last block unless what passed is what was deposited.
    """

    name: str
    size_bytes: int
    sha256: bytes
    file: BinaryIO

    def __iter__(self) -> Iterator[bytes]:
        return verified_blocks(blocks_of(self.file), self.sha256, self.size_bytes)

    def close(self) -> None:
        """For whoever goes away before the first byte; may be called twice."""
        self.file.close()


def issue_ticket(viewer: Viewer, record: Evidence, position: int, *, now: datetime) -> str:
    """The token of a new ticket for one file of a record that the viewer may see. Raises RecordNotFound where we keep no such
    original, OriginalQuarantined."""
    file = record.files.filter(position=position, stored_object__isnull=False).first()
    if file is None or viewer.person is None:
        raise RecordNotFound
    refuse_when_quarantined(record)
    token = secrets.token_urlsafe(32)
    OriginalTicket.objects.create(
        token_sha256=digest_of_token(token), file=file, person=viewer.person, organisation=viewer.organisation,
        signed_in=how_signed_in(viewer.actor), made_at=now, expires_at=now + GOOD_FOR)
    return token


def ticket_for(token: str, *, now: datetime) -> OriginalTicket:
    """The ticket that can still be used. Raises RecordNotFound for anything else."""
    digest = digest_of_token(token)
    found = OriginalTicket.objects.filter(token_sha256=digest, used_at=None, expires_at__gt=now)
    with opened(ticket=digest.hex()):
        ticket = found.select_related("person", "organisation").first()
    if ticket is None:
        raise RecordNotFound
    return ticket


def file_of(ticket: OriginalTicket) -> EvidenceFile:
    """The ticket's file with its record, once its holder is known. Raises RecordNotFound when it is not open to him any more."""
    file = EvidenceFile.objects.filter(pk=ticket.file_id).select_related("evidence", "stored_object").first()
    if file is None:
        raise RecordNotFound
    return file


def redeem(ticket: OriginalTicket, viewer: Viewer, *, request_id: str, now: datetime) -> FetchedOriginal:
    """Use the ticket up and open its original.

    Raises RecordNotFound when another request was first, ClaimsErased, OriginalQuarantined, KeyUnavailable, OSError.
    """
    kept = file_of(ticket)
    record, position, stored = kept.evidence, kept.position, kept.stored_object
    assert stored is not None
    refuse_when_quarantined(record)
    [claim] = [claim for claim in claims_of(record) if claim.name == f"files/{position}"]
    value = parse_claim(claim.name, claim.data)
    assert isinstance(value, dict)
    file = open_original(kept)
    try:
        with transaction.atomic():
            if OriginalTicket.objects.filter(pk=ticket.pk, used_at=None).update(used_at=now) != 1:
                raise RecordNotFound
            # There is no session at this origin: what counts is how he had signed in who got the ticket.
            note_reading(viewer, [record], CustodyAction.DOWNLOADED, request_id=request_id, now=now, signed_in=ticket.signed_in)
    except BaseException:
        file.close()
        raise
    return FetchedOriginal(str(value["name"]), stored.size_bytes, bytes.fromhex(str(value["sha256"])), file)


def digest_of_token(token: str) -> bytes:
    """What is kept of the token of a ticket's address, 32 bytes."""
    return hashlib.sha256(token.encode()).digest()
