"""What a page shows of one file beside its original: the rendering, that it is being prepared, or why there is none.

On the record's page the beginning of each of the first files; on the file's own page everything that was drawn.
"""
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from evidence.csv_exports import is_export
from evidence.export_words import lines_of
from evidence.models import Evidence, EvidenceFile, Rendering, RenderingPart
from evidence.portal.rendering_words import not_as_called, what_is_cut, why_not
from evidence.rendering.parts import DOCUMENT, MP3, Document
from evidence.renderings import LOST, ask_for_renderings, document_in, is_asked_for, may_be_rendered, rendering_of
from evidence.selectors import claims_of
from tlog.canonical import Json
from tlog.claims import parse_claim

logger = logging.getLogger(__name__)

FILES_ON_A_RECORD = 5
"""So many are shown, and asked for, on the record's page; the others on their own pages."""
PAGES_BEGUN, ROWS_BEGUN, TEXT_BEGUN = 2, 10, 1000
STRETCHES = 10


@dataclass(frozen=True, slots=True)
class Loudness:
    """A stretch of a recording, in seconds from its beginning, and its loudest moment from 0 to 100."""

    begins: int
    ends: int
    level: int

    @property
    def span(self) -> str:
        return f"{clock(self.begins)}–{clock(self.ends)}"


@dataclass(frozen=True, slots=True)
class Wave:
    """`bars`: (x, y, height) in a drawing 200 high; `loudness`: the same in ten rows of text."""

    bars: tuple[tuple[int, int, int], ...]
    width: int
    length: str
    loudness: tuple[Loudness, ...]


@dataclass(frozen=True, slots=True)
class FileView:
    """`state`: `kept-elsewhere`, `preparing`, `refused` or `shown`. `begun`: more was drawn than stands here.

    `not_as_called`: a sentence when its bytes are of another kind than the type or the name that its depositor gave it.
    `unreadable`: a line for each thing that cannot be read in an export, which was deposited as it is.
    """

    position: int
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    state: str
    why_not: str = ""
    cut: str = ""
    not_as_called: str = ""
    pictures: tuple[RenderingPart, ...] = ()
    sound: RenderingPart | None = None
    document: Document | None = None
    wave: Wave | None = None
    begun: bool = False
    unreadable: tuple[str, ...] = ()

    @property
    def is_mixed(self) -> bool:
        """Whether the recording was thinned out to be heard over a network."""
        return self.sound is not None and self.sound.media_type == MP3


def views_of_record(record: Evidence, *, now: datetime) -> tuple[FileView, ...]:
    """The beginnings of the first files; what was not drawn yet is asked for. Raises ClaimsErased, OSError."""
    return _views(record, record.files.filter(position__lte=FILES_ON_A_RECORD).order_by("position"), whole=False, now=now)


def view_of_file(record: Evidence, position: int, *, now: datetime) -> FileView | None:
    """All that was drawn of one file; None where the record has no such file. Raises ClaimsErased, OSError."""
    return next(iter(_views(record, record.files.filter(position=position), whole=True, now=now)), None)


def is_ready(record: Evidence, position: int, *, now: datetime) -> bool:
    """Whether a page that waits for this file would show something else now."""
    file = record.files.filter(position=position).first()
    if file is None or file.stored_object_id is None:
        return True
    return rendering_of(file, now=now) is not None and not is_asked_for(file)


def _views(record: Evidence, files: Iterable[EvidenceFile], *, whole: bool, now: datetime) -> tuple[FileView, ...]:
    if not may_be_rendered(record):
        return ()
    claims = {claim.name: parse_claim(claim.name, claim.data) for claim in claims_of(record) if claim.name.startswith("files/")}
    found, waiting = [], []
    for file in files:
        view = _told(file, claims[f"files/{file.position}"])
        rendering = rendering_of(file, now=now)
        if view.state != "kept-elsewhere" and rendering is None:
            waiting.append(file.pk)
        if rendering is not None and view.state != "kept-elsewhere":
            try:
                view = _shown(view, rendering, record.kind, whole=whole)
            except LOST as lost:
                logger.warning("a rendering is drawn again: %s", type(lost).__name__)
                waiting.append(file.pk)
        found.append(view)
    ask_for_renderings(waiting, now=now)
    return tuple(found)


def _told(file: EvidenceFile, claim: Json) -> FileView:
    assert isinstance(claim, dict)
    state = "preparing" if file.stored_object_id is not None else "kept-elsewhere"
    return FileView(file.position, str(claim["name"]), str(claim["media_type"]), file.size_bytes, str(claim["sha256"]), state)


def _shown(view: FileView, rendering: Rendering, kind: str, *, whole: bool) -> FileView:
    if rendering.refused:
        return replace(view, state="refused", why_not=why_not(rendering.refused))
    parts = list(rendering.parts.select_related("stored_object", "rendering__file__evidence").order_by("position"))
    pictures = [part for part in parts if part.media_type.startswith("image/")]
    document = next((document_in(part) for part in parts if part.media_type == DOCUMENT), None)
    shown = replace(
        view, state="shown", cut=what_is_cut(rendering),
        not_as_called=not_as_called(rendering.kind, view.name, view.media_type), pictures=tuple(pictures),
        sound=next((part for part in parts if part.media_type.startswith("audio/")), None),
        document=document, wave=wave_of(document) if document is not None and document.kind == "wave" else None,
        unreadable=_unreadable(kind, view.name, document))
    return shown if whole else _beginning(shown)


def _unreadable(kind: str, name: str, document: Document | None) -> tuple[str, ...]:
    if document is None or not is_export(kind, name):
        return ()
    return tuple(lines_of(document.faults, document.faults_total))


def _beginning(view: FileView) -> FileView:
    begun, document = len(view.pictures) > PAGES_BEGUN, view.document
    if document is not None:
        begun |= len(document.rows) > ROWS_BEGUN + 1 or len(document.text) > TEXT_BEGUN
        document = replace(document, rows=document.rows[:ROWS_BEGUN + 1], text=document.text[:TEXT_BEGUN])
    return replace(view, pictures=view.pictures[:PAGES_BEGUN], document=document, begun=begun)


def wave_of(document: Document) -> Wave:
    """The drawing of a recording's loudness, and the same to be read aloud."""
    bars, seconds = document.bars, document.seconds
    each = max(1, -(-len(bars) // STRETCHES))
    loudness = tuple(
        Loudness(at * seconds // len(bars), min(len(bars), at + each) * seconds // len(bars), max(bars[at:at + each]))
        for at in range(0, len(bars), each))
    drawn = tuple((4 * place, 100 - max(1, height), 2 * max(1, height)) for place, height in enumerate(bars))
    return Wave(drawn, 4 * len(bars), clock(seconds), loudness)


def clock(seconds: int) -> str:
    """
    >>> clock(65), clock(3605)
    ('1:05', '1:00:05')
    """
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
