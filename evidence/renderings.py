"""Renderings kept: asked for when somebody looks at a record, drawn by the worker, kept in the vault, erased with the record's content.

A rendering is never evidence: it is in no claim, no log and no package, and may be thrown away and made again at any time. Drawing is
`evidence.rendering.process`; this reads the original by the vault's own way of opening one and writes what was drawn by the vault's own way
of storing a file, so that what protects originals protects these. What this does not do: decide who may see them; callers ask `record_for`.
Source: docs/adr/0024.
"""
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from common.bulk import insert_all, reserve
from common.jobs import Job, wake_jobs
from common.tenancy import opened
from evidence.custody import CustodyAction
from evidence.encrypting import encrypt_record
from evidence.errors import RecordNotFound
from evidence.models import Evidence, EvidenceFile, Rendering, RenderingPart
from evidence.quarantine import in_quarantine
from evidence.record_keys import is_erased, open_original, open_rendering, record_key, rendering_place
from evidence.rendering.limits import MAX_INPUT_BYTES
from evidence.rendering.parts import DOCUMENT, Document, Ending, Garbled, Part, Refused, parse_document
from evidence.rendering.process import draw
from evidence.rendering.sniffing import HEAD_BYTES, Kind, kind_of
from evidence.selectors import claims_of
from evidence.trail import append_rows, append_with_retries, done_by_system, to_the_millisecond
from tlog.canonical import Json
from tlog.claims import parse_claim
from tlog.errors import VerificationError
from vault.errors import OriginalDamaged
from vault.models import StoredObject
from vault.sealing import seal
from vault.services import stored_file_rows
from vault.storage import blocks_of, vault_store
from vault.uploads import StoredFile, store_upload

logger = logging.getLogger(__name__)

RENDER_FILE, ERASE_RENDERINGS = "evidence.render-file", "evidence.erase-renderings"
FAILED: Final = "failed"
"""Our own program had a bug: what an operator is to know, and never called the file's fault."""
VERSION: Final = 3
"""To be raised when files are drawn differently; a rendering of another version is made anew when somebody looks."""
LOST: Final = (FileNotFoundError, OriginalDamaged, VerificationError, Garbled)
"""What opening or reading a rendering raises when it is lost or damaged. Whoever meets one asks for the file: its job draws it anew."""
TRIED_AGAIN: Final = ("no-decoder", "unconfined", "too-slow", FAILED)
"""What the file is not to blame for alone: such a refusal is looked at again after a day."""
AGAIN_AFTER = timedelta(days=1)
AT_ONCE = 500


def may_be_rendered(record: Evidence) -> bool:
    """Whether anything of the record's files may be shown at all, to whomever: its content was not erased, and is not in quarantine."""
    return not is_erased(record) and not in_quarantine([record.pk])


def rendering_of(file: EvidenceFile, *, now: datetime) -> Rendering | None:
    """What the file was drawn as, or that it was not; None when that is still to be done."""
    found = Rendering.objects.filter(file=file).first()
    return None if found is None or _is_stale(found, now) else found


def _is_stale(rendering: Rendering, now: datetime) -> bool:
    again = (rendering.refused in TRIED_AGAIN or rendering.cut == FAILED) and rendering.made_at < now - AGAIN_AFTER
    return rendering.version != VERSION or again


def ask_for_renderings(file_ids: Sequence[int], *, now: datetime) -> None:
    """See that these files are drawn soon. A job that waits or runs already is left alone, with its pauses."""
    waiting = Job.objects.filter(kind=RENDER_FILE, subject_id__in=file_ids, done_at=None).values_list("subject_id", flat=True)
    wanted = set(file_ids) - set(waiting)
    if wanted:
        with transaction.atomic():
            wake_jobs(RENDER_FILE, sorted(wanted), now=now)


def part_of(record: Evidence, position: int, part: int) -> RenderingPart:
    """One part of a file's rendering. Raises RecordNotFound when there is none, or none that may be shown."""
    found = RenderingPart.objects.filter(
        rendering__file__evidence=record, rendering__file__position=position, rendering__version=VERSION, position=part)
    kept = found.select_related("stored_object", "rendering__file__evidence__organisation").first()
    if kept is None or not may_be_rendered(record):
        raise RecordNotFound
    return kept


def is_asked_for(file: EvidenceFile) -> bool:
    """Whether the file waits to be drawn, for the first time or anew."""
    return Job.objects.filter(kind=RENDER_FILE, subject_id=file.pk, done_at=None).exists()


def document_in(part: RenderingPart) -> Document:
    """Raises Garbled when it is none, and what `open_rendering` raises."""
    return parse_document(b"".join(blocks_of(open_rendering(part))))


def render_file(file_id: int) -> None:
    """The job: draw one file. It is done when the file is drawn or refused; raises what `open_original` raises, and SwapLost."""
    now = timezone.now()
    file = _file(file_id)
    if file is None or file.stored_object is None or not may_be_rendered(file.evidence):
        return
    if (drawn := rendering_of(file, now=now)) is not None and not _is_lost(drawn):
        return
    if record_key(file.evidence) is None:
        # From before encryption: what is drawn of it must not lie in the clear beside it, and only a record's own key may seal it.
        encrypt_record(file.evidence)
        file = _file(file_id)
        assert file is not None
    kept: list[tuple[Part, StoredFile]] = []

    def keep(part: Part) -> None:
        kept.append((part, store_upload(vault_store(), file.evidence.organisation.ref, [part.data])))

    try:
        kind, ending = _drawn(file, keep)
        if FAILED in (ending.refused, ending.cut):
            # For whoever mends it; nothing of the file or of the record.
            logger.error("rendering failed (%s): %s", kind, "no word" if ending.fault is None else "{} at {}:{}".format(*ending.fault))
    except BaseException:
        _delete(stored.name for _, stored in kept)
        raise
    # An error of the database may come after its commit: what no row names then is left to the sweeper, and what one names is not lost.
    old = _write(file, kind, ending, kept, now)
    _delete([stored.name for _, stored in kept] if old is None else old)


def _is_lost(rendering: Rendering) -> bool:
    """Whether a part of it is gone or damaged; each is read whole. Raises OSError, KeyUnavailable when that cannot be said now."""
    try:
        for part in rendering.parts.select_related("stored_object", "rendering__file__evidence").order_by("position"):
            data = b"".join(blocks_of(open_rendering(part)))
            if part.media_type == DOCUMENT:
                parse_document(data)
    except LOST:
        return True
    return False


def _file(file_id: int) -> EvidenceFile | None:
    return EvidenceFile.objects.filter(pk=file_id).select_related("evidence__organisation", "stored_object").first()


def _drawn(file: EvidenceFile, keep: Callable[[Part], None]) -> tuple[Kind | None, Ending]:
    claim = _claim(file)
    if file.size_bytes > MAX_INPUT_BYTES:
        return None, Ending("too-large")
    with open_original(file) as original:
        head = original.read(HEAD_BYTES)
        try:
            kind = kind_of(str(claim["name"]), str(claim["media_type"]), head)
        except Refused as refused:
            return None, Ending(refused.reason)
        return kind, draw(kind, chain([head], blocks_of(original)), keep)


def _claim(file: EvidenceFile) -> dict[str, Json]:
    [claim] = [claim for claim in claims_of(file.evidence) if claim.name == f"files/{file.position}"]
    value = parse_claim(claim.name, claim.data)
    assert isinstance(value, dict)
    return value


def _write(
    file: EvidenceFile, kind: Kind | None, ending: Ending, kept: Sequence[tuple[Part, StoredFile]], now: datetime
) -> list[str] | None:
    """Names of what lay there before, which no row has any more; None when nothing was written, for the record was erased meanwhile."""
    with transaction.atomic():
        record = Evidence.objects.select_for_update().select_related("organisation").get(pk=file.evidence_id)
        key = record_key(record) if may_be_rendered(record) else None
        if key is None:
            return None
        old = _remove([file.pk])
        refused = "" if ending.refused is None else ending.refused
        rendering = Rendering.objects.create(
            file=file, version=VERSION, kind="" if refused or kind is None else kind, refused=refused, cut="" if refused else ending.cut,
            total=None if refused else ending.total, made_at=now)
        ids = reserve({StoredObject: len(kept)})[StoredObject] if kept else []
        if kept:
            insert_all([stored_file_rows(record.organisation, ids, [stored for _, stored in kept], now=now)])
        parts = [
            RenderingPart(rendering=rendering, position=position, media_type=part.media_type, width=part.width, height=part.height,
                          stored_object_id=id_)
            for position, ((part, _), id_) in enumerate(zip(kept, ids, strict=True), 1)]
        for part, (_, stored) in zip(parts, kept, strict=True):
            part.content_key = seal(stored.content_key, key, rendering_place(part))
        RenderingPart.objects.bulk_create(parts)
        if kept:
            drawn = done_by_system(CustodyAction.RENDERED, purpose=f"files/{file.position}")
            append_with_retries(lambda: append_rows({record.pk: [drawn]}, at=to_the_millisecond(now)))
    return old


def failed_renderings() -> int:
    """How many files are not shown, or not wholly, by a fault of our own program; of all organisations, whoever asks."""
    with opened(failures="counted"):
        return Rendering.objects.filter(Q(refused=FAILED) | Q(cut=FAILED)).count()


def erase_renderings(records: Collection[int]) -> int:
    """Throw away whatever was drawn of these records' files, bytes and rows; how many files that were. Raises OSError.

    Rows go first: bytes that no row names, the vault's sweeper takes when a crash leaves them.
    """
    files = list(Rendering.objects.filter(file__evidence__in=records).values_list("file_id", flat=True))
    with transaction.atomic():
        names = _remove(files)
    _delete(names)
    return len(files)


def erase_of_erased(_day: int) -> None:
    """The daily job: nothing drawn outlives the content that it was drawn from, by whatever way that was erased."""
    # Nothing was ever drawn of a record without a key, so one that has none has lost it.
    erased = Q(file__evidence__sealed_claims=None) | Q(file__evidence__wrapped_key=None)
    while gone := list(Rendering.objects.filter(erased).values_list("file__evidence_id", flat=True)[:AT_ONCE]):
        erase_renderings(gone)


def _remove(file_ids: Sequence[int]) -> list[str]:
    """Rows of these files' renderings; the names of what lay in the vault, to be deleted after the transaction."""
    parts = RenderingPart.objects.filter(rendering__file__in=file_ids)
    objects = dict(parts.values_list("stored_object_id", "stored_object__name"))
    parts.delete()
    Rendering.objects.filter(file__in=file_ids).delete()
    StoredObject.objects.filter(pk__in=objects).delete()
    return list(objects.values())


def _delete(names: Iterable[str]) -> None:
    for name in names:
        vault_store().delete(name)
