"""Rewrites DER as BER, as some authorities send it: indefinite lengths, octet strings in pieces, lengths longer than needed.

A TSTInfo and certificates are signed as the bytes they are and stay so; signed attributes are signed as DER, however they are sent.
"""
from __future__ import annotations

from tlog.timestamp import ber
from tlog.timestamp.ber import Element

_PIECE = 7


def indefinite(token: bytes, *, attributes: bool) -> bytes:
    """Give every constructed element an indefinite length and cut octet strings into pieces; signed attributes only when told so."""

    def rewritten(element: Element) -> bytes:
        if _is_certificate(element) or (_is_attribute(element) and not attributes):
            return token[element.start : element.end]
        if isinstance(element.content, tuple):
            return element.tag + b"\x80" + b"".join(map(rewritten, element.content)) + b"\x00\x00"
        if element.tag == b"\x04":
            pieces = [element.content[at : at + _PIECE] for at in range(0, len(element.content), _PIECE)]
            return b"\x24\x80" + b"".join(b"\x04" + bytes([len(piece)]) + piece for piece in pieces) + b"\x00\x00"
        return token[element.start : element.end]

    return rewritten(ber.parse(token))


def long_lengths(token: bytes) -> bytes:
    """Write every length outside certificates and attributes in four octets."""

    def rewritten(element: Element) -> bytes:
        if _is_certificate(element) or _is_attribute(element):
            return token[element.start : element.end]
        content = b"".join(map(rewritten, element.content)) if isinstance(element.content, tuple) else element.content
        return element.tag + b"\x84" + len(content).to_bytes(4, "big") + content

    return rewritten(ber.parse(token))


def _is_certificate(element: Element) -> bool:
    """A sequence of three whose first member begins with the version, [0]."""
    parts = element.children
    return len(parts) == 3 and parts[0].tag == b"\x30" and bool(parts[0].children) and parts[0].children[0].tag == b"\xa0"


def _is_attribute(element: Element) -> bool:
    """A sequence of an object identifier and a set."""
    return [child.tag for child in element.children] == [b"\x06", b"\x31"]
