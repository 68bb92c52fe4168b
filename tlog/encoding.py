"""The spellings that all public formats share: base64 and decimal numbers with one form only, and plain text.

What it is for: a value has exactly one spelling, so that a text that verified cannot be respelled and still verify
(signed bytes are compared, stored and deduplicated as bytes).

What it does not do: lenient decoding. White space, missing padding, the URL alphabet, leading zeros, signs and
non-ASCII digits are refused.

Source: RFC 4648 section 4 and section 3.5 (canonical encoding); C2SP tlog-checkpoint ("ASCII decimal with no leading zeroes").

>>> encode_base64(b"tlog")
'dGxvZw=='
>>> decode_base64("dGxvZw==", 4)
b'tlog'
>>> decimal("6476701")
6476701
"""

import base64
import re

from tlog.errors import VerificationError

MAX_NUMBER = (1 << 63) - 1
"""Sizes, indices and POSIX seconds end here: every other implementation holds them in a signed 64-bit integer."""

_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_BASE64 = re.compile("((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)|((?:[A-Za-z0-9+/]{4})+)=+")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def encode_base64(data: bytes) -> str:
    """Return `data` in standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str, length: int | None = None) -> bytes:
    """Return the bytes of standard, padded, canonical base64; `length` is the number of bytes expected, None is any.

    Raises:
        VerificationError: `text` is not what `encode_base64` makes of any bytes, or of another number of bytes.
    """
    data = decode_uncanonical_base64(text)
    # The unused bits of the last digit must be zero, or several texts would mean the same bytes.
    if encode_base64(data) != text:
        raise VerificationError("base64 is not canonical")
    if length is not None and len(data) != length:
        raise VerificationError(f"base64 of {len(data)} bytes where {length} are expected")
    return data


def decode_uncanonical_base64(text: str) -> bytes:
    """Return the bytes of base64 whose last digit may have unused bits set, or that has padding where none is needed.

    Only for telling what a badly spelled text was meant to be; what is believed goes through `decode_base64`.

    Raises:
        VerificationError: another alphabet, white space, or missing padding.
    """
    # Judged here and not by the standard library, whose strictness differs between versions of Python.
    if not (match := _BASE64.fullmatch(text)):
        raise VerificationError("not base64")
    return base64.b64decode(match[1] or match[2] or "")


def decimal(text: str) -> int:
    """Return the number that `text` spells, 0 ≤ number < 2^63.

    Raises:
        VerificationError: signs, spaces, leading zeros, digits other than 0-9, or a number of 2^63 or more.
    """
    # A bounded pattern first: int() of a million digits takes seconds.
    if not _DECIMAL.fullmatch(text) or (number := int(text)) > MAX_NUMBER:
        raise VerificationError(f"not a decimal number below 2^63: {text[:24]!r}")
    return number


def plain_text(text: str) -> str:
    """Return `text` if it may stand in a signed note: Unicode scalar values, no control character but the newline.

    Raises:
        VerificationError: a character below U+0020 other than LF, or half of a surrogate pair.
    """
    # SPEC: signed-note: "MUST be valid UTF-8 and MUST NOT contain any ASCII control characters other than newline".
    if found := _CONTROL.search(text):
        raise VerificationError(f"character U+{ord(found[0]):04X} is not allowed in a note")
    return text
