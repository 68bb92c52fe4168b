"""What a file is, by its first bytes, and only where those say nothing by the name that its depositor gave it. Pure.

A page, a script or a drawing with scripts is never drawn, whatever it is called: a file that begins as markup is `active`.
"""
import re
from typing import Final, Literal

from evidence.rendering.parts import Refused

Kind = Literal["picture", "pages", "sound", "letter", "table", "sheet", "text"]
KINDS: Final[tuple[Kind, ...]] = ("picture", "pages", "sound", "letter", "table", "sheet", "text")
HEAD_BYTES = 4096

PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"BM")
SOUNDS = (b"ID3", b"OggS", b"fLaC", b".snd")
CONTAINERS = ((b"RIFF", b"WAVE"), (b"RF64", b"WAVE"), (b"FORM", b"AIFF"), (b"FORM", b"AIFC"))
ENDINGS: dict[str, Kind] = {
    "csv": "table", "tsv": "table", "json": "table", "jsonl": "table", "eml": "letter", "txt": "text", "log": "text", "md": "text",
}
TYPES: dict[str, Kind] = {
    "text/csv": "table", "text/tab-separated-values": "table", "application/json": "table", "message/rfc822": "letter",
    "text/plain": "text",
}
ACTIVE_ENDINGS = {
    "html", "htm", "xhtml", "xht", "shtml", "svg", "svgz", "xml", "xsl", "xslt", "mht", "mhtml", "hta", "htc", "js", "mjs", "css", "swf",
    "jar", "rss", "url", "appcache", "vbs", "ps1", "bat", "exe"}
# What no decoder of ours reads, but everybody knows by name: it is told apart from what nobody knows.
UNDECODED_ENDINGS = {
    "amr", "m4a", "aac", "wma", "silk", "mp4", "mov", "avi", "3gp", "mkv", "heic", "heif", "doc", "docx", "xls", "ppt", "pptx", "wps",
    "ofd", "rtf", "zip", "rar", "7z", "gz", "tar", "msg"}
# Kinds that a type or an ending may stand for. What is read as text differs by its name alone; browsers call a CSV what their office
# program is called, and an Ogg file may hold a film whose sound is heard.
AS_TEXT: frozenset[Kind] = frozenset(("letter", "table", "text"))
OF_TYPES: tuple[tuple[str, frozenset[Kind]], ...] = (
    ("image/", frozenset(("picture",))), ("audio/", frozenset(("sound",))), ("application/ogg", frozenset(("sound",))),
    ("video/ogg", frozenset(("sound",))), ("video/", frozenset()), ("application/pdf", frozenset(("pages",))), ("text/", AS_TEXT),
    ("application/json", AS_TEXT), ("message/", AS_TEXT), ("application/vnd.ms-excel", AS_TEXT | {"sheet"}),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml", frozenset(("sheet",))))
OF_ENDINGS: dict[str, frozenset[Kind]] = {
    **dict.fromkeys(ACTIVE_ENDINGS | UNDECODED_ENDINGS, frozenset[Kind]()), **dict.fromkeys(ENDINGS, AS_TEXT),
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "tif", "tiff", "bmp", "webp", "heic", "heif"), frozenset[Kind](("picture",))),
    **dict.fromkeys(("wav", "mp3", "ogg", "oga", "opus", "flac", "aiff", "aif", "au", "amr", "m4a", "aac", "wma", "silk"),
                    frozenset[Kind](("sound",))),
    "pdf": frozenset(("pages",)), "xlsx": frozenset(("sheet",)),
}
MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?[\s\0]*<(?:!doctype|!--|\?xml|html|head|body|script|svg|iframe|meta|style|link|base|form|details|rss|a\b|img|object)",
    re.IGNORECASE)


def kind_of(name: str, media_type: str, head: bytes) -> Kind:
    """`head`: the first `HEAD_BYTES` of the file. Raises Refused: `empty`, `active`, `no-decoder`, `unknown`."""
    if not head:
        raise Refused("empty")
    ending = _ending(name)
    known = _by_bytes(head, ending, media_type)
    if known is not None:
        return known
    if ending in ACTIVE_ENDINGS or MARKUP.match(head) or MARKUP.match(head.replace(b"\0", b"")):
        raise Refused("active")
    if head[:5] == b"#!AMR" or head[4:8] == b"ftyp" or ending in UNDECODED_ENDINGS:
        raise Refused("no-decoder")
    found = ENDINGS.get(ending) or TYPES.get(media_type.partition(";")[0].strip().lower())
    if found is None:
        raise Refused("unknown")
    return found


def belied(kind: str, name: str, media_type: str) -> str:
    """The type that its depositor gave a file of this kind, or else the ending (`.wav`), when it stands for another kind.

    "" when both fit or say nothing of a kind, as `application/octet-stream` does.

    >>> belied("picture", "录音.wav", "audio/wav"), belied("picture", "录音.wav", "image/png"), belied("table", "a.csv", "text/plain")
    ('audio/wav', '.wav', '')
    """
    called = media_type.partition(";")[0].strip().lower()
    kinds = next((kinds for begins, kinds in OF_TYPES if called.startswith(begins)), None)
    if kinds is not None and kind not in kinds:
        return media_type
    ending = _ending(name)
    return f".{ending}" if kind not in OF_ENDINGS.get(ending, (kind,)) else ""


def _ending(name: str) -> str:
    """"" when the name has none."""
    return name.rstrip(". \u200b\ufeff").rpartition(".")[2].lower()


def _by_bytes(head: bytes, ending: str, media_type: str) -> Kind | None:
    if head.startswith(b"%PDF-"):
        return "pages"
    if head.startswith(PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "picture"
    if head.startswith(SOUNDS) or (head[:4], head[8:12]) in CONTAINERS:
        return "sound"
    # An MPEG frame of layer III: eleven bits of synchronisation, then the version and the layer.
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and (ending == "mp3" or media_type.startswith("audio/")):
        return "sound"
    return "sheet" if head.startswith(b"PK\x03\x04") and ending == "xlsx" else None
