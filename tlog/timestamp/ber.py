"""The fence in front of the ASN.1 library: reads BER within fixed budgets and rewrites it with definite, minimal lengths.

Public authorities send BER: indefinite lengths, octet strings in pieces, long forms of short lengths. `parse` accepts all of that, but
nothing whose size, depth or number of elements could cost more than a few milliseconds; `encode` gives the same value with DER's lengths
and octet strings in one piece. Order inside sets, values of booleans and everything inside a primitive element stay as they were. So a
certificate that is DER comes out byte for byte, and the library behind sees neither a bomb nor an indefinite length.

It knows no types beyond the outer shape (tag, length, children). Source: ITU-T X.690 sections 8.1, 8.7 and 10.1.

    >>> encode(parse(bytes.fromhex("3080" "2480" "0401aa" "0401bb" "0000" "0000"))).hex()
    '30040402aabb'
"""
from __future__ import annotations

from dataclasses import dataclass

from tlog.timestamp.reasons import Reason, TimestampRefused

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_ELEMENTS = 20_000
_MAX_IDENTIFIER_BYTES = 128
_MAX_INTEGER_BYTES = 1024

_CONSTRUCTED = 0x20
_INTEGER, _OCTET_STRING, _OBJECT_IDENTIFIER = 0x02, 0x04, 0x06


@dataclass(frozen=True, slots=True)
class Element:
    """One BER element: identifier octets, extent in the input as received, and either its octets or its children."""

    tag: bytes
    start: int
    end: int
    content: bytes | tuple[Element, ...]

    @property
    def children(self) -> tuple[Element, ...]:
        """The elements inside; none for a primitive element."""
        return self.content if isinstance(self.content, tuple) else ()


def parse(data: bytes) -> Element:
    """Read one element that is all of `data`, at most 256 KiB, 32 levels and 20,000 elements.

    Raises: TimestampRefused (too-large, malformed, trailing-bytes).
    """
    if len(data) > MAX_BYTES:
        raise TimestampRefused(Reason.TOO_LARGE, f"{len(data)} bytes, at most {MAX_BYTES} are read")
    element = _Reader(data).element(0, len(data), 0)
    if element.end != len(data):
        raise TimestampRefused(Reason.TRAILING_BYTES, f"{len(data) - element.end} bytes after the end of the structure")
    return element


def encode(element: Element) -> bytes:
    """Give the element with definite, minimal lengths and octet strings in one piece."""
    if isinstance(element.content, bytes):
        return wrap(element.tag, element.content)
    parts = [encode(child) for child in element.content]
    # SPEC: X.690 8.7.3.2, 10.2: the pieces of a constructed octet string are octet strings; DER has them in one piece.
    if element.tag[0] == _OCTET_STRING | _CONSTRUCTED:
        if any(child.tag[0] & ~_CONSTRUCTED != _OCTET_STRING for child in element.content):
            raise _malformed("a piece of an octet string is something else")
        return wrap(bytes([_OCTET_STRING]), b"".join(content_of(part) for part in parts))
    return wrap(element.tag, b"".join(parts))


def wrap(tag: bytes, content: bytes) -> bytes:
    """Put identifier octets and a DER length before `content`."""
    size = len(content)
    if size < 0x80:
        return tag + bytes([size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes([0x80 | len(length)]) + length + content


def content_of(encoded: bytes) -> bytes:
    """Take identifier and length octets off one DER element with a one-byte tag, as `wrap` made it."""
    return encoded[2 if encoded[1] < 0x80 else 2 + (encoded[1] & 0x7F):]


def _malformed(detail: str) -> TimestampRefused:
    return TimestampRefused(Reason.MALFORMED, detail)


class _Reader:
    """Walks the input once; `left` is the budget of elements, so that half a megabyte of empty elements costs nothing."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.left = MAX_ELEMENTS

    def element(self, start: int, limit: int, depth: int) -> Element:
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            raise TimestampRefused(Reason.TOO_LARGE, f"more than {MAX_ELEMENTS} elements, or nested deeper than {MAX_DEPTH}")
        tag = self.tag(start, limit)
        length, at = self.length(start + len(tag), limit)
        if length is None:
            if not tag[0] & _CONSTRUCTED:
                raise _malformed("a primitive element of indefinite length")
            children, end = self.children_until_marker(at, limit, depth)
            return Element(tag, start, end, children)
        end = at + length
        if end > limit:
            raise _malformed("an element is longer than what holds it")
        if tag[0] & _CONSTRUCTED:
            return Element(tag, start, end, self.children(at, end, depth))
        return Element(tag, start, end, self.primitive(tag, at, end))

    def byte(self, at: int, limit: int) -> int:
        if at >= limit:
            raise _malformed("the structure ends in the middle of an element")
        return self.data[at]

    def tag(self, start: int, limit: int) -> bytes:
        first, end = self.byte(start, limit), start + 1
        if first == 0:
            raise _malformed("an end-of-contents marker that ends nothing")
        if first & 0x1F == 0x1F:
            # Four octets number every tag that anyone uses; an endless tag is an attack.
            while self.byte(end, limit) & 0x80:
                end += 1
                if end > start + 4:
                    raise _malformed("a tag of more than four octets")
            end += 1
        return self.data[start:end]

    def length(self, at: int, limit: int) -> tuple[int | None, int]:
        first = self.byte(at, limit)
        if first < 0x80:
            return first, at + 1
        if first == 0x80:
            return None, at + 1
        end = at + 1 + (first & 0x7F)
        self.byte(end - 1, limit)
        return int.from_bytes(self.data[at + 1:end], "big"), end

    def children(self, at: int, end: int, depth: int) -> tuple[Element, ...]:
        found = []
        while at < end:
            found.append(self.element(at, end, depth + 1))
            at = found[-1].end
        return tuple(found)

    def children_until_marker(self, at: int, limit: int, depth: int) -> tuple[tuple[Element, ...], int]:
        found = []
        while self.byte(at, limit) != 0:
            found.append(self.element(at, limit, depth + 1))
            at = found[-1].end
        if self.byte(at + 1, limit) != 0:
            raise _malformed("an end-of-contents marker with content")
        return tuple(found), at + 2

    def primitive(self, tag: bytes, at: int, end: int) -> bytes:
        # The library turns these two types into numbers: endless ones cost time, and Python refuses to print them.
        if (tag[0] == _OBJECT_IDENTIFIER and end - at > _MAX_IDENTIFIER_BYTES) or (tag[0] == _INTEGER and end - at > _MAX_INTEGER_BYTES):
            raise TimestampRefused(Reason.TOO_LARGE, "a number or an object identifier beyond any use")
        return self.data[at:end]
