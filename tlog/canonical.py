r"""Canonical JSON: the one spelling of a value, so that a digest of it means the value.

What it is for: claims, statements, `package.json` and `custody.json` are hashed as bytes; two programs that agree on the
value must agree on the bytes. RFC 8785 (JCS) with the limits of our formats: object keys are `[a-z0-9_]+`, integers lie
within ±(2^53−1), there are no floats, and strings are Unicode scalar values without U+0000, not normalised.

Under these limits `json` with sorted keys writes exactly what RFC 8785 asks for: ASCII keys sort alike by code point
and by UTF-16 unit, and the delicate part, the spelling of floats, cannot occur.

What it does not do: floats (amounts are strings), Unicode normalisation (evidence is kept as it was found), the fields of
any one document.

Source: RFC 8785; RFC 8259; RFC 7493 (I-JSON) section 2.2 for the range of integers.

>>> canonical_json({"value": {"title": "通话录音\n"}, "name": "subject"})
b'{"name":"subject","value":{"title":"\xe9\x80\x9a\xe8\xaf\x9d\xe5\xbd\x95\xe9\x9f\xb3\\n"}}'
>>> parse_canonical(b'{"name":"case","value":[1,null,true]}')
{'name': 'case', 'value': [1, None, True]}
>>> parse_canonical(b'{"b":1,"a":2}')
Traceback (most recent call last):
    ...
tlog.errors.VerificationError: JSON is not in canonical form
"""

import json
import re
from typing import NoReturn, TypeAlias

from tlog.errors import VerificationError

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
"""What `parse_canonical` returns. `bool` is a subclass of `int`: test with `type(value) is int` where a number is meant."""

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly, also those that hold numbers as doubles."""

MAX_DEPTH = 64
"""Lists and objects nest at most so deep; our own documents stay below ten."""

_KEY_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"
_SURROGATE = re.compile("[\ud800-\udfff]")


RULES = ("shape", "depth", "text", "key", "integer", "type", "size")


class IllegalValue(ValueError):
    """A value breaks a rule of our formats. The message names the rule and never the value: claims hold personal data.

    `rule` is one word of RULES, for whoever says it in another language.
    """

    def __init__(self, message: str, rule: str = "shape") -> None:
        super().__init__(message)
        self.rule = rule


def canonical_json(value: object) -> bytes:
    """Return the RFC 8785 bytes of `value`: None, bool, int, str, and lists, tuples and dicts of these.

    Raises:
        ValueError: `value` breaks a rule of `check_value_rules`.
    """
    check_value_rules(value)
    return _ENCODER.encode(value).encode("utf-8")


def parse_canonical(data: bytes) -> Json:
    """Return the value of canonical JSON that keeps the rules of `check_value_rules`.

    Raises:
        VerificationError: `data` is anything else, another spelling of the same value included.
    """
    try:
        # Decoded here, because json.loads(bytes) would guess UTF-16 and UTF-32 as well.
        value: Json = _DECODER.decode(data.decode("utf-8"))
        again = canonical_json(value)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise VerificationError("not JSON in UTF-8") from None
    except IllegalValue as fault:
        raise VerificationError(f"JSON: {fault}") from None
    # SPEC: RFC 8785 3.2. This one comparison refuses white space, unsorted and duplicated names (json keeps the last of
    # two), needless escapes, "-0" and every other second spelling.
    if again != data:
        raise VerificationError("JSON is not in canonical form")
    return value


def check_value_rules(value: object) -> None:
    """Check what holds for every value in our documents, at every depth.

    Raises:
        ValueError: a key that is not `[a-z0-9_]+`, an integer beyond ±(2^53−1), a float or another foreign type, U+0000 or
            a surrogate in a string, more than `MAX_DEPTH` levels.
    """
    level = [value]
    # Level by level instead of by recursion: quicker, and the bound holds whatever the interpreter's recursion limit is.
    for _ in range(MAX_DEPTH + 1):
        level = _check_level(level)
        if not level:
            return
    raise IllegalValue(f"nested deeper than {MAX_DEPTH} levels", "depth")


def _check_level(values: list[object]) -> list[object]:
    """Check values apart from what is inside them, and return that."""
    inside: list[object] = []
    for value in values:
        if isinstance(value, str):
            # isascii() is a look at a flag; only other strings are searched.
            if "\0" in value or (not value.isascii() and _SURROGATE.search(value)):
                raise IllegalValue("U+0000 or a surrogate in a string", "text")
        elif isinstance(value, dict):
            for key in value:
                # json would write the key 1 as "1". A key consists of legal characters if none stops strip().
                if not isinstance(key, str) or not key or key.strip(_KEY_CHARACTERS):
                    raise IllegalValue("an object key that is not [a-z0-9_]+", "key")
            inside += value.values()
        elif isinstance(value, int):
            if not -MAX_INTEGER <= value <= MAX_INTEGER:
                raise IllegalValue("an integer beyond 2^53 - 1", "integer")
        elif isinstance(value, (list, tuple)):
            inside += value
        elif value is not None:
            raise IllegalValue(f"a value of type {type(value).__name__}", "type")
    return inside


def _integer(text: str) -> int:
    # int() of a million digits takes seconds, or is refused by a limit that the process may have lifted.
    if len(text) > len("-9007199254740991"):
        raise IllegalValue("an integer beyond 2^53 - 1", "integer")
    return int(text)


def _no_float(_text: str) -> NoReturn:
    raise IllegalValue("a float", "type")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_no_float, parse_constant=_no_float)
# A prepared encoder saves a quarter of json.dumps; cycles are refused by the bound on depth.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, sort_keys=True, separators=(",", ":"))
