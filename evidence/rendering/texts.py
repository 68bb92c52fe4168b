"""Text as people in China save it: UTF-8 with or without a byte order mark, UTF-16 with one, or GB18030. Source: GB 18030-2022."""
import codecs
import re
from collections.abc import Callable

from evidence.rendering.limits import MAX_TEXT
from evidence.rendering.parts import Ending, Part, Refused, document

# All but tab and line breaks: a terminal or a page has no use for them.
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def prepare() -> None:
    for encoding in ("utf-8-sig", "utf-16", "gb18030"):
        codecs.lookup(encoding)
        b"".decode(encoding)


def decoded(data: bytes) -> str:
    """Raises Refused when the bytes are no text in any of these."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return shown(data.decode("utf-16", "replace"))
    # GB18030 takes nearly any bytes for text, so UTF-8 is asked first, and a zero byte says that it is neither.
    if b"\0" not in data:
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return shown(data.decode(encoding))
            except UnicodeDecodeError:
                continue
    raise Refused("damaged")


def shown(text: str) -> str:
    """With line breaks of one kind, and a visible sign for each control character."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))


def draw(data: bytes, keep: Callable[[Part], None]) -> Ending:
    text = decoded(data)
    keep(document({"kind": "text", "text": text[:MAX_TEXT]}))
    return Ending(cut="text" if len(text) > MAX_TEXT else "", total=len(text))
