"""Papers of applications: licences and letters, kept in the vault as the operator's own, for those who check to download (`paper_tickets`).

What a file is, its first bytes decide and never its name or what the browser says. Nothing of it is opened here: not parsed, not drawn,
not converted. Papers are no evidence: the log knows nothing of them. Where a scanner is configured, a paper is shown to it each time before
somebody may have it: what nobody knew as malware when it came may be known when it is opened.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from django.db import transaction

from accounts.applying import Applicant, begin_round, canonical_applicant, submit_application
from accounts.errors import ApplicationNotFound
from accounts.models import Application, Organisation
from common.bulk import insert_all, reserve
from common.errors import DomainError
from evidence.errors import PaperInfected, PaperMissing, PaperNotScanned, PaperRefused
from evidence.models import ApplicationPaper
from evidence.own_deposits import the_operator
from evidence.rewrapping import hold_for_wrapping
from evidence.scanning import configured_scanner
from notifications.kinds import APPLICATION_RECEIVED
from notifications.noticing import leave_notices
from tlog.digests import sha256
from vault.content import decrypted
from vault.errors import OriginalDamaged
from vault.keys import key_provider
from vault.models import Cipher, StoredObject
from vault.scanning import ScanFailedError
from vault.sealing import SealBroken
from vault.search import blind_digest
from vault.services import stored_file_rows
from vault.storage import vault_store
from vault.uploads import StoredFile, store_upload

Kind = ApplicationPaper.Kind
LARGEST_BYTES, MOST = 5 * 1024**2, 6
# Somebody waits for the page; the job of a record's originals has more time.
SCAN_WAIT_S = 10.0
MOST_IN_ALL = 12
"""Papers of one application in all its rounds."""
# SPEC: ISO 32000-2 7.5.2; ISO/IEC 10918-1 B.1.1.3; ISO/IEC 15948 5.2: how each begins.
BEGINNINGS = ((b"%PDF-", "application/pdf", "pdf"), (b"\xff\xd8\xff", "image/jpeg", "jpg"), (b"\x89PNG\r\n\x1a\n", "image/png", "png"))


@dataclass(frozen=True, slots=True)
class Paper:
    """One file as it was sent, whole."""

    kind: ApplicationPaper.Kind
    data: bytes


def media_type_of(data: bytes, *, largest_bytes: int = LARGEST_BYTES) -> str:
    """By its first bytes. Raises PaperRefused for what is neither PDF, JPEG nor PNG, empty or too large."""
    found = next((media_type for beginning, media_type, _ in BEGINNINGS if data.startswith(beginning)), None)
    if found is None or len(data) > largest_bytes:
        raise PaperRefused(limit=largest_bytes // 1024**2)
    return found


def apply_with_papers(applicant: Applicant, papers: Sequence[Paper], *, now: datetime) -> tuple[Application, str]:
    """An open application with its papers, and the token of the applicant's link, which is returned once.

    Raises PaperMissing, PaperRefused, OperatorMissing, and what `canonical_applicant` raises; nothing is kept then.
    """
    canonical_applicant(applicant)
    if {Kind.LICENCE, Kind.LETTER} - {paper.kind for paper in papers}:
        raise PaperMissing
    types, operator = _judged(papers), the_operator()
    stored = _store(operator, papers)
    try:
        with transaction.atomic():
            application, token = submit_application(applicant, now=now)
            _insert(operator, application, application.round, list(zip(papers, types, stored, strict=True)), now)
            leave_notices([operator.pk], kind=APPLICATION_RECEIVED, subject=application.reference, now=now)
    except DomainError:
        _discard(stored)
        raise
    return application, token


def supplement(application: Application, papers: Sequence[Paper], *, now: datetime) -> None:
    """More papers: a new round begins. Raises PaperMissing, PaperRefused, ApplicationClosed; nothing is kept then."""
    if not papers:
        raise PaperMissing
    if ApplicationPaper.objects.filter(application=application).count() + len(papers) > MOST_IN_ALL:
        raise PaperRefused(limit=LARGEST_BYTES // 1024**2)
    types, operator = _judged(papers), the_operator()
    stored = _store(operator, papers)
    try:
        with transaction.atomic():
            _insert(operator, application, begin_round(application), list(zip(papers, types, stored, strict=True)), now)
            leave_notices([operator.pk], kind=APPLICATION_RECEIVED, subject=application.reference, now=now)
    except DomainError:
        _discard(stored)
        raise


def _judged(papers: Sequence[Paper]) -> list[str]:
    if len(papers) > MOST:
        raise PaperRefused(limit=LARGEST_BYTES // 1024**2)
    return [media_type_of(paper.data) for paper in papers]


def _store(operator: Organisation, papers: Sequence[Paper]) -> list[StoredFile]:
    # Durable before the transaction, as a deposit's originals are; what a crash leaves, the sweeper takes.
    return [store_upload(vault_store(), operator.ref, [paper.data]) for paper in papers]


def _discard(stored: Sequence[StoredFile]) -> None:
    for file in stored:
        vault_store().delete(file.name)


def _insert(
    operator: Organisation, application: Application, round_number: int, rows: Sequence[tuple[Paper, str, StoredFile]], now: datetime
) -> None:
    ids = reserve({StoredObject: len(rows)})[StoredObject]
    insert_all([stored_file_rows(operator, ids, [stored for _, _, stored in rows], now=now)])
    hold_for_wrapping()
    keys = key_provider().wrap(operator.ref, [(stored.content_key, stored.name) for _, _, stored in rows])
    ApplicationPaper.objects.bulk_create(
        ApplicationPaper(
            application=application, round=round_number, kind=paper.kind, media_type=media_type, stored_object_id=id_, wrapped_key=key)
        for (paper, media_type, _), id_, key in zip(rows, ids, keys, strict=True))


def papers_of(application: Application) -> list[ApplicationPaper]:
    """All papers of every round, as they came."""
    return list(ApplicationPaper.objects.filter(application=application).select_related("stored_object__organisation").order_by("id"))


def paper_of(application: Application, paper_id: int) -> ApplicationPaper:
    """Raises ApplicationNotFound for a paper of another application, or none."""
    found = ApplicationPaper.objects.filter(application=application, pk=paper_id).select_related("stored_object__organisation").first()
    if found is None:
        raise ApplicationNotFound
    return found


def file_name_of(paper: ApplicationPaper) -> str:
    """A name of ours: the applicant's own could say anything."""
    ending = next(ending for _, media_type, ending in BEGINNINGS if media_type == paper.media_type)
    return f"{paper.application.reference}-{paper.pk}.{ending}"


def refuse_malware(paper: ApplicationPaper) -> None:
    """Raises PaperInfected, PaperNotScanned while the scanner does not say, and what `bytes_of` raises. No transaction may be open."""
    scanner = configured_scanner(wait_s=SCAN_WAIT_S)
    if scanner is None:
        return
    try:
        found = scanner.examine([bytes_of(paper)])
    except ScanFailedError:
        raise PaperNotScanned from None
    if found is not None:
        raise PaperInfected


def bytes_of(paper: ApplicationPaper) -> bytes:
    """The whole file, as it came; at most LARGEST_BYTES. Raises KeyUnavailable, OriginalDamaged, OSError."""
    stored = paper.stored_object
    file = vault_store().open(stored.name)
    if stored.cipher != Cipher.PLAIN:  # one that nobody knows does not open
        try:
            file = decrypted(file, key_provider().unwrap(bytes(paper.wrapped_key or b""), stored.name), stored.name)
        except SealBroken:
            file.close()
            raise OriginalDamaged from None
    with file:
        data = file.read()
    if not compare_digest(blind_digest(stored.organisation.ref, sha256(data)), bytes(stored.sha256_hmac)):
        raise OriginalDamaged
    return data
