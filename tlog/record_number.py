"""The record number (存证编号): the name under which people keep, read out and type in a record.

What it is for: `CZ-20261123-4K7QM-X2R9D-0` is `CZ`, the day of receipt in China, ten characters of random Crockford
base32 and one check character over the eighteen before it, so that a number that was misread is refused before any look-up.

What it does not do: draw randomness (an argument), or say that a record exists. The 50 random bits make numbers
unguessable one by one; they are not a password.

Source: ISO 7064:2003, MOD 37,36 (the standard's hybrid system for letters and digits); Crockford base32.

>>> check_character("A12425GABC1234002")
'M'
>>> number_from("20261123", bytes(range(10)))
'CZ-20261123-01234-56789-W'
>>> normalise_record_number("cz 20261123 oi234 56789 w")
'CZ-20261123-01234-56789-W'
>>> verify_record_number("CZ-20261123-01234-56789-B")
Traceback (most recent call last):
    ...
tlog.errors.VerificationError: the record number's check character is wrong
"""

import re
from functools import lru_cache

from tlog.errors import VerificationError

RANDOM_LENGTH = 10
"""Bytes of randomness that `number_from` takes."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

RECORD_NUMBER = re.compile(r"CZ-([0-9]{8})-([0-9A-HJKMNP-TV-Z]{5})-([0-9A-HJKMNP-TV-Z]{5})-([0-9A-HJKMNP-TV-Z])")
"""The grouped form, to be used with `fullmatch`; the check character is not judged by it."""

_DATE = re.compile(r"[0-9]{8}")
_TYPED = re.compile(r"CZ[0-9A-Z]{19}")

_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
# 256 is a multiple of 32: each letter stands for eight byte values, none is favoured.
_RANDOM_LETTERS = bytes(ord(_CROCKFORD[byte % 32]) for byte in range(256))
# Crockford's reading of what people confuse; U has no reading, and is refused.
_CONFUSED = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


# Whoever makes a number checks it again where it is written down, in the statement and in the receipt.
@lru_cache(maxsize=4096)
def check_character(text: str) -> str:
    """Return the ISO 7064 MOD 37,36 check character of `text`, which consists of 0-9 and A-Z.

    Raises:
        ValueError: another character in `text`.
    """
    product = 36
    for character in text:
        if character not in _VALUES:
            raise ValueError("check_character: only 0-9 and A-Z have a value")
        product = ((product + _VALUES[character]) % 36 or 36) * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def number_from(date: str, random: bytes) -> str | None:
    """Return the record number of the day `date` (`tlog.times.date_in_china` of `received_at`) made of 10 fresh random bytes.

    None means that the check character would be I, L, O or U: draw other bytes (it happens one time in nine).

    Raises:
        ValueError: `date` is not eight digits, or `random` is not 10 bytes.
    """
    if not _DATE.fullmatch(date) or len(random) != RANDOM_LENGTH:
        raise ValueError("number_from: date YYYYMMDD and 10 random bytes are needed")
    letters = random.translate(_RANDOM_LETTERS).decode("ascii")
    check = check_character(date + letters)
    # SPEC: a number whose check character would be I, L, O or U is drawn again, so that reading O as 0 never hides an error.
    if check not in _CROCKFORD:
        return None
    return f"CZ-{date}-{letters[:5]}-{letters[5:]}-{check}"


def verify_record_number(text: str) -> str:
    """Return `text` if it is a record number in the grouped form, the only one in statements, receipts, URLs and file names.

    Raises:
        VerificationError: another form, or a wrong check character.
    """
    if not (match := RECORD_NUMBER.fullmatch(text)):
        raise VerificationError("not a record number of the form CZ-20261123-4K7QM-X2R9D-0")
    if check_character(match[1] + match[2] + match[3]) != match[4]:
        raise VerificationError("the record number's check character is wrong")
    return text


def normalise_record_number(text: str) -> str:
    """Return the grouped form of a number as a person typed it.

    Raises:
        VerificationError: it is no record number, or was mistyped.
    """
    # ASCII first: upper() turns dotless i and long s into letters that nobody typed.
    if not text.isascii():
        raise VerificationError("a record number has only digits and the letters A-Z")
    typed = text.upper().translate(_CONFUSED)
    if not _TYPED.fullmatch(typed):
        raise VerificationError("a record number is CZ and 19 digits or letters")
    return verify_record_number(f"CZ-{typed[2:10]}-{typed[10:15]}-{typed[15:20]}-{typed[20]}")
