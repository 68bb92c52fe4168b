"""Writes DER: each function gives the encoding of one value, so that a structure is written as it is nested.

It writes whatever it is told, wrong orders and wrong types included; the tests' forgeries are made of it. Source: ITU-T X.690.

    >>> sequence(integer(1), octets(b"a")).hex()
    '3006020101040161'
"""
from __future__ import annotations

from datetime import datetime

NULL = b"\x05\x00"


def element(tag: int, content: bytes) -> bytes:
    """Put a one-byte tag and the length before `content`."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*members: bytes) -> bytes:
    """SEQUENCE of encoded members."""
    return element(0x30, b"".join(members))


def set_of(*members: bytes) -> bytes:
    """SET OF encoded members, sorted as DER wants."""
    return element(0x31, b"".join(sorted(members)))


def explicit(number: int, content: bytes) -> bytes:
    """Context tag `number` around encoded content; also an implicitly tagged set or sequence, given its members."""
    return element(0xA0 | number, content)


def integer(value: int) -> bytes:
    """INTEGER in two's complement of minimal length."""
    return element(0x02, value.to_bytes(((value if value >= 0 else ~value).bit_length() + 8) // 8, "big", signed=True))


def octets(value: bytes) -> bytes:
    """OCTET STRING."""
    return element(0x04, value)


def boolean(value: bool) -> bytes:
    """BOOLEAN."""
    return element(0x01, b"\xff" if value else b"\x00")


def utf8(text: str) -> bytes:
    """UTF8String."""
    return element(0x0C, text.encode())


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return element(0x06, b"".join(_base128(arc) for arc in (first * 40 + second, *rest)))


def algorithm(dotted: str, parameters: bytes = b"") -> bytes:
    """AlgorithmIdentifier with encoded parameters, none when empty."""
    return sequence(oid(dotted), parameters)


def generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime of an aware UTC time, to the millisecond, without trailing zeros as RFC 3161 wants."""
    fraction = f".{moment.microsecond // 1000:03d}".rstrip("0").rstrip(".")
    return element(0x18, f"{moment:%Y%m%d%H%M%S}{fraction}Z".encode())


def _base128(arc: int) -> bytes:
    groups = [arc & 0x7F]
    while arc := arc >> 7:
        groups.append(0x80 | arc & 0x7F)
    return bytes(reversed(groups))
