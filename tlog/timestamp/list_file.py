"""The file `<tsa>.crl` of a package: one revocation list as its issuer published it, or several as PEM, one block after the other.

A chain has a list for each of its issuers, and the file has one name. What is read here is not judged; `revocation` does that.

Source: formats.md A5 and A7; RFC 7468 section 6 (the label X509 CRL).

    >>> parse_lists(format_lists([b"one list"]))
    (b'one list',)
    >>> parse_lists(format_lists([b"first", b"second"]))
    (b'first', b'second')
"""
from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from tlog.errors import VerificationError

_BLOCK = re.compile(rb"-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----")


def format_lists(lists: Sequence[bytes]) -> bytes:
    """Write one or more DER lists as one file: a single one stays byte for byte as it is."""
    return lists[0] if len(lists) == 1 else b"".join(map(_block, lists))


def parse_lists(data: bytes) -> tuple[bytes, ...]:
    """Read the lists of a file, in PEM or one in DER, as DER.

    Raises: VerificationError: PEM without a block, or with one that is not base64.
    """
    if not data.startswith(b"-----"):
        return (data,)
    try:
        found = tuple(base64.b64decode(b"".join(block.split()), validate=True) for block in _BLOCK.findall(data))
    except binascii.Error:
        found = ()
    if not found:
        raise VerificationError("a revocation list that cannot be read")
    return found


def _block(der: bytes) -> bytes:
    text = base64.b64encode(der)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return b"\n".join([b"-----BEGIN X509 CRL-----", *lines, b"-----END X509 CRL-----", b""])
