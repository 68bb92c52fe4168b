"""An e-mail as text: its headers as they stand, its body without markup, its attachments by name. Nothing is fetched, nothing is opened.

What this does not do: check a DKIM signature or a route; the original holds both.
Source: RFC 5322, RFC 2045 to 2049.
"""
import codecs
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import Message
from html.parser import HTMLParser
from typing import Any

from evidence.rendering import texts
from evidence.rendering.limits import MAX_ATTACHMENTS, MAX_CELL, MAX_HEADERS, MAX_TEXT
from evidence.rendering.parts import Ending, Part, Refused, document
from evidence.rendering.texts import shown

ENCODINGS = ("gbk", "gb2312", "gb18030", "big5", "iso-8859-1", "iso-2022-jp", "us-ascii", "utf-7", "windows-1252", "hz")
SAMPLE = b"Subject: =?gbk?B?1tA=?=\nDate: Mon, 2 Nov 2026 10:00:00 +0800\nFrom: a <a@b.example>\nContent-Type: text/html\n\n<p>x</p>"


def prepare() -> None:
    texts.prepare()
    for encoding in ENCODINGS:
        codecs.lookup(encoding)
    draw(SAMPLE, lambda _part: None)


def draw(data: bytes, keep: Callable[[Part], None]) -> Ending:
    message = message_from_bytes(data, policy=policy.default)
    headers = [[name[:MAX_CELL], _header(message, name, value)] for name, value in message.raw_items()][:MAX_HEADERS]
    if not headers:
        raise Refused("damaged")
    text = shown(_body(message))
    keep(document({"kind": "letter", "headers": headers, "text": text[:MAX_TEXT], "attachments": _attachments(message)}))
    return Ending(cut="text" if len(text) > MAX_TEXT else "", total=len(text))


def _header(message: Message, name: str, raw: object) -> str:
    try:
        value = str(message.policy.header_fetch_parse(name, str(raw)))
    except Exception:  # noqa: BLE001 - the parser of headers fails on some that somebody made; they are shown as they stand
        value = str(raw)
    return shown(value.encode("utf-8", "replace").decode())[:MAX_CELL].replace("\n", " ")


def _body(message: Message) -> str:
    plain = _first(message, "text/plain")
    if plain is not None:
        return plain
    html = _first(message, "text/html")
    return "" if html is None else without_markup(html)


def _first(message: Message, kind: str) -> str | None:
    for part in message.walk():
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            return _text(part)
    return None


def _text(part: Message) -> str:
    payload: Any = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else str(payload).encode("utf-8", "replace")
    try:
        # GB2312 is what mailers call everything of the GB family.
        charset = (part.get_content_charset() or "").lower()
        return data.decode("gb18030" if charset in ("gb2312", "gbk") else charset)
    except (LookupError, ValueError):
        pass
    try:
        return texts.decoded(data)
    except Refused:
        return data.decode("utf-8", "replace")


def _attachments(message: Message) -> list[list[object]]:
    found: list[list[object]] = []
    for part in message.walk():
        if part.is_multipart() or not (part.get_content_disposition() == "attachment" or part.get_filename()):
            continue
        payload: Any = part.get_payload(decode=True)
        size = len(payload) if isinstance(payload, bytes) else 0
        found.append([shown(str(part.get_filename() or ""))[:MAX_CELL], part.get_content_type()[:200], size])
    return found[:MAX_ATTACHMENTS]


class _Words(HTMLParser):
    """The words of a page, with a line break where a block ends; what scripts and styles hold is left out."""

    BLOCKS = frozenset(("p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "blockquote", "pre"))
    SILENT = frozenset(("script", "style", "head", "title", "template", "noscript"))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in self.SILENT
        if tag in self.BLOCKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.silent = max(0, self.silent - (tag in self.SILENT))
        if tag in self.BLOCKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(re.sub(r"\s+", " ", data))


def without_markup(html: str) -> str:
    words = _Words()
    words.feed(html)
    words.close()
    return re.sub(r"\n\s*\n+", "\n\n", "".join(words.words)).strip()
