"""What goes over the pipe from the process that draws: parts of a closed list of types, and an ending that says what is not shown.

    {"type": "image/png", "size": 1234, "width": 1600, "height": 900}⏎ 1234 bytes
    {"end": true, "cut": "pages", "total": 120}⏎          or          {"end": true, "refused": "damaged"}⏎

The process may have been taken over by the file that it read: nothing that it says is believed. Whatever is not one of these, is too
large, or does not begin as its type begins, is refused, and a document is read into values that a template writes out as text.
"""
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Literal

from evidence.csv_exports import LISTED, WHATS, RowFault
from evidence.rendering.faults import Fault, parse_fault
from evidence.rendering.limits import MAX_COLUMNS, MAX_DOCUMENT_BYTES, MAX_OUTPUT_BYTES, MAX_PAGES, PAGE_PIXELS

DOCUMENT, PNG, JPEG, WAV, MP3 = "application/json", "image/png", "image/jpeg", "audio/wav", "audio/mpeg"
MEDIA_TYPES: Final = (DOCUMENT, PNG, JPEG, WAV, MP3)
MAX_PARTS = MAX_PAGES + 2
LONGEST_HEAD = 300

Refusal = Literal[
    "empty", "too-large", "unknown", "active", "no-decoder", "damaged", "protected", "too-complex", "too-slow", "unconfined", "failed"]
REFUSALS: Final[tuple[Refusal, ...]] = (
    "empty", "too-large", "unknown", "active", "no-decoder", "damaged", "protected", "too-complex", "too-slow", "unconfined", "failed")
Cut = Literal["", "pages", "rows", "sheets", "parts", "text", "length", "frames", "truncated", "time", "failed"]
CUTS: Final[tuple[Cut, ...]] = ("", "pages", "rows", "sheets", "parts", "text", "length", "frames", "truncated", "time", "failed")


class Refused(Exception):
    """The file is not rendered; `reason` is one of the closed list and quotes nothing of the file."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason: Refusal = reason


class Garbled(Exception):
    """What came over the pipe is nothing that a part may be."""


@dataclass(frozen=True, slots=True)
class Part:
    """One picture, one sound or one document; width and height in pixels, None where there is nothing to measure."""

    media_type: str
    data: bytes
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """`refused` when nothing can be shown, else `cut` for what of the file is not shown, "" when all is.

    `total`: how many pages, rows, sheets or seconds the whole has, None where nobody knows. `fault`: where our own program failed, with
    `failed` alone, and not always then.
    """

    refused: Refusal | None = None
    cut: Cut = ""
    total: int | None = None
    fault: Fault | None = None


Draw = Callable[[bytes, Callable[[Part], None]], Ending]
"""Draws one file, part by part. Raises Refused, MemoryError, and whatever a decoder raises."""


def document(value: object) -> Part:
    return Part(DOCUMENT, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def write_part(stream: BinaryIO, part: Part) -> None:
    head: dict[str, object] = {"type": part.media_type, "size": len(part.data)}
    if part.width is not None:
        head |= {"width": part.width, "height": part.height}
    stream.write(json.dumps(head).encode() + b"\n" + part.data)
    stream.flush()


def write_ending(stream: BinaryIO, ending: Ending) -> None:
    told = {"end": True, "refused": ending.refused, "cut": ending.cut, "total": ending.total, "fault": ending.fault}
    stream.write(json.dumps(told).encode() + b"\n")
    stream.flush()


@dataclass(frozen=True, slots=True)
class Head:
    """The announcement of a part, its bytes to follow."""

    media_type: str
    size: int
    width: int | None
    height: int | None


def parse_head(line: bytes) -> Head | Ending:
    """Raises Garbled."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        raise Garbled from None
    if not isinstance(told, dict):
        raise Garbled
    if told.get("end") is True:
        return _ending(told)
    media_type, size = told.get("type"), told.get("size")
    if media_type not in MEDIA_TYPES or not _is_count(size, MAX_OUTPUT_BYTES) or not size:
        raise Garbled
    if media_type not in (PNG, JPEG):
        return Head(media_type, size, None, None)
    if not all(_is_count(told.get(side), PAGE_PIXELS) for side in ("width", "height")):
        raise Garbled
    return Head(media_type, size, told["width"], told["height"])


def _ending(told: dict[str, Any]) -> Ending:
    refused, cut, total = told.get("refused"), told.get("cut", ""), told.get("total")
    if refused not in (None, *REFUSALS) or cut not in CUTS or not (total is None or _is_count(total, 2**31 - 1)):
        raise Garbled
    return Ending(refused, cut, total, parse_fault(told.get("fault")) if refused == "failed" else None)


def _is_count(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def verify_part(part: Part) -> Part:
    """The part, when its bytes begin as such bytes do. Raises Garbled."""
    data = part.data
    right = {
        PNG: data.startswith(b"\x89PNG\r\n\x1a\n"), JPEG: data.startswith(b"\xff\xd8\xff"),
        WAV: data[:4] == b"RIFF" and data[8:12] == b"WAVE",
        MP3: data[:3] == b"ID3" or (data[:1] == b"\xff" and data[1:2] >= b"\xe0"), DOCUMENT: True,
    }[part.media_type]
    if not right:
        raise Garbled
    if part.media_type == DOCUMENT:
        parse_document(data)
    return part


@dataclass(frozen=True, slots=True)
class Document:
    """What is shown as text of ours: `kind` is `table`, `text`, `letter` or `wave`.

    `rows` of a table with their numbers in the file, a row that could not be read having None for its cells, and of a CSV the first
    `faults` of `faults_total`; `headers` and `attachments`
    of a letter; `text` of a letter or a text; `bars` of a wave, 0 to 100 each, with its `seconds`.
    """

    kind: str
    rows: tuple[tuple[int, tuple[str, ...] | None], ...] = ()
    headed: bool = False
    faults: tuple[RowFault, ...] = ()
    faults_total: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[tuple[str, str, int], ...] = ()
    text: str = ""
    bars: tuple[int, ...] = ()
    seconds: int = 0


def parse_document(data: bytes) -> Document:
    """Raises Garbled."""
    if len(data) > MAX_DOCUMENT_BYTES:
        raise Garbled
    try:
        told = json.loads(data)
        made = _DOCUMENTS[told["kind"]](told)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Garbled from None
    return made


def _table(told: dict[str, Any]) -> Document:
    rows = tuple((int(number), None if cells is None else _texts(cells)) for number, cells in told["rows"])
    if any(cells is not None and len(cells) > MAX_COLUMNS for _, cells in rows):
        raise Garbled
    faults = tuple(_fault(each) for each in told.get("faults", []))
    total = told.get("total", 0)
    if len(faults) > LISTED or not _is_count(total, 2**31 - 1):
        raise Garbled
    return Document("table", rows=rows, headed=told["headed"] is True, faults=faults, faults_total=total)


def _fault(told: Any) -> RowFault:
    row, what, found, wanted = told
    if what not in WHATS or not all(_is_count(number, 2**31 - 1) for number in (row, found, wanted)):
        raise Garbled
    return RowFault(row, what, found, wanted)


def _letter(told: dict[str, Any]) -> Document:
    headers = tuple((str(name), str(value)) for name, value in told["headers"])
    attachments = tuple((str(name), str(kind), int(size)) for name, kind, size in told["attachments"])
    return Document("letter", headers=headers, attachments=attachments, text=str(told["text"]))


def _text(told: dict[str, Any]) -> Document:
    return Document("text", text=str(told["text"]))


def _wave(told: dict[str, Any]) -> Document:
    return Document("wave", bars=tuple(min(100, max(0, int(bar))) for bar in told["bars"]), seconds=max(0, int(told["seconds"])))


def _texts(cells: Any) -> tuple[str, ...]:
    if not isinstance(cells, list):
        raise Garbled
    return tuple(str(cell) for cell in cells)


_DOCUMENTS: dict[str, Callable[[dict[str, Any]], Document]] = {"table": _table, "letter": _letter, "text": _text, "wave": _wave}
