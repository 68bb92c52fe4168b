"""An e-mail as text: its headers as they stand, its text without markup, and by name whatever else it holds, mails attached to it too.
Nothing is fetched, nothing is opened.

What this does not do: check a DKIM signature or a route; the original holds both.
Source: RFC 5322, RFC 2045 to 2049.
"""
import codecs
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import Message
from html.parser import HTMLParser
from typing import Any

from evidence.rendering import texts
from evidence.rendering.limits import MAX_ATTACHMENTS, MAX_CELL, MAX_HEADERS, MAX_TEXT
from evidence.rendering.parts import Cut, Ending, Part, Refused, document
from evidence.rendering.texts import shown

ENCODINGS = ("gbk", "gb2312", "gb18030", "big5", "iso-8859-1", "iso-2022-jp", "us-ascii", "utf-7", "windows-1252", "hz")
AS_IT_STANDS = policy.default.clone(refold_source="none")
"""No header is folded anew."""
SAMPLE = (
    b"Subject: =?gbk?B?1tA=?=\nDate: Mon, 2 Nov 2026 10:00:00 +0800\nFrom: a <a@b.example>\nContent-Type: multipart/mixed; boundary=b\n\n"
    b"--b\nContent-Type: text/html\n\n<p>x</p>\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\nx\n--b--\n")


def prepare() -> None:
    texts.prepare()
    for encoding in ENCODINGS:
        codecs.lookup(encoding)
    draw(SAMPLE, lambda _part: None)


def draw(data: bytes, keep: Callable[[Part], None]) -> Ending:
    message = message_from_bytes(data, policy=policy.default)
    headers = [[name, _header(message, name, value)] for name, value in message.raw_items()]
    if not headers:
        raise Refused("damaged")
    plain, html, others = _sorted(message)
    text = shown("\n\n".join(map(_text, plain)) if plain else "\n\n".join(without_markup(_text(part)) for part in html))
    attachments = [_attachment(part) for part in others[:MAX_ATTACHMENTS]]
    keep(document({
        "kind": "letter", "headers": [[name[:MAX_CELL], value[:MAX_CELL]] for name, value in headers[:MAX_HEADERS]],
        "text": text[:MAX_TEXT], "attachments": attachments}))
    # What a page says beside the plain text may be something else, and only one of the two is shown.
    left_out = bool(plain and html) or len(others) > MAX_ATTACHMENTS or len(headers) > MAX_HEADERS
    left_out |= any(max(len(name), len(value)) > MAX_CELL for name, value in headers[:MAX_HEADERS])
    cut: Cut = "parts" if left_out else "text" if len(text) > MAX_TEXT else ""
    return Ending(cut=cut, total=len(text))


def _header(message: Message, name: str, raw: object) -> str:
    try:
        value = str(message.policy.header_fetch_parse(name, str(raw)))
    except Exception:  # noqa: BLE001 - the parser of headers fails on some that somebody made; they are shown as they stand
        value = str(raw)
    return shown(value.encode("utf-8", "replace").decode()).replace("\n", " ")


def _sorted(message: Message) -> tuple[list[Message], list[Message], list[Message]]:
    """The parts that are read as plain text, those that are read as pages, and all that are only named; each of them is in one at least."""
    plain: list[Message] = []
    html: list[Message] = []
    others: list[Message] = []
    for part in _leaves(message):
        kind, apart = part.get_content_type(), part.get_content_disposition() == "attachment"
        text = {"text/plain": plain, "text/html": html}.get(kind)
        if text is not None and not apart:
            text.append(part)
        if text is None or apart or part.get_filename():
            others.append(part)
    return plain, html, others


def _leaves(message: Message) -> Iterator[Message]:
    """Parts in their order. A mail attached to this one is one part: what it says is not what this one says."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        within: Any = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(within, list):
            waiting.extend(reversed(within))
        else:
            yield part


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


def _attachment(part: Message) -> list[object]:
    """Its name, its type and its size in bytes; an attached mail without a name is named by its subject."""
    within: Any = part.get_payload()
    name = str(part.get_filename() or "")
    if isinstance(within, list):
        name = name or next((_header(each, "Subject", each["Subject"]) for each in within if each["Subject"]), "")
        size = sum(_size(each) for each in within)
    else:
        payload: Any = part.get_payload(decode=True)
        size = len(payload) if isinstance(payload, bytes) else 0
    return [shown(name)[:MAX_CELL], part.get_content_type()[:200], size]


def _size(message: Message) -> int:
    try:
        return len(message.as_bytes(policy=AS_IT_STANDS))
    except Exception:  # noqa: BLE001 - the writer of mails fails on some that somebody made; they are listed without a size
        return 0


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
