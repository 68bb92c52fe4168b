"""Canonical JSON: equal to RFC 8785 by an independent package, one spelling only, total."""

import json
import sys
from enum import IntEnum, StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tests.tlog.mutants import each_byte_replaced
from tlog.canonical import MAX_DEPTH, MAX_INTEGER, IllegalValue, canonical_json, check_value_rules, parse_canonical
from tlog.errors import VerificationError

KEYS = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=8)
STRINGS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
LEAVES = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | STRINGS
VALUES = st.recursive(LEAVES, lambda inside: st.lists(inside, max_size=5) | st.dictionaries(KEYS, inside, max_size=5), max_leaves=30)

ILLEGAL = {
    "float": 1.5,
    "whole float": 1.0,
    "nan": float("nan"),
    "infinity": float("inf"),
    "bytes": b"abc",
    "set": {1},
    "object": object(),
    "integer too large": MAX_INTEGER + 1,
    "integer too small": -MAX_INTEGER - 1,
    "capital in key": {"Key": 1},
    "hyphen in key": {"a-b": 1},
    "space in key": {"a b": 1},
    "Chinese key": {"键": 1},
    "fullwidth digit in key": {"１": 1},
    "empty key": {"": 1},
    "integer key": {1: 1},
    "boolean key": {True: 1},
    "null key": {None: 1},
    "U+0000": "a\0b",
    "high surrogate": "\ud800",
    "low surrogate": "a\udfffb",
    "inside a list": [1, [2.0]],
    "inside an object": {"a": {"b": "\0"}},
    "inside a tuple": ("\ud83d", "\ude00"),
}

NOT_CANONICAL = {
    "empty": b"",
    "white space before": b' {"a":1}',
    "white space after": b'{"a":1}\n',
    "white space inside": b'{"a": 1}',
    "unsorted": b'{"b":1,"a":1}',
    "name twice, same value": b'{"a":1,"a":1}',
    "name twice, two values": b'{"a":1,"a":2}',
    "name twice, deep": b'[{"x":{"a":1,"a":2}}]',
    "name twice by an escape": rb'{"a":1,"\u0061":2}',
    "float": b"1.0",
    "exponent": b"1e3",
    "float in a list": b"[0.5]",
    "negative zero": b"-0",
    "leading zero": b"01",
    "plus": b"+1",
    "NaN": b"NaN",
    "Infinity": b"[Infinity]",
    "negative Infinity": b"-Infinity",
    "integer too large": str(MAX_INTEGER + 1).encode(),
    "integer too small": str(-MAX_INTEGER - 1).encode(),
    "integer of 5000 digits": b"9" * 5000,
    "needless escape of a letter": rb'"\u0061"',
    "needless escape of Chinese": rb'"\u901a"',
    "escaped solidus": rb'"\/"',
    "capital hex in an escape": rb'"\u001F"',
    "long escape of a newline": rb'"\u000a"',
    "surrogate pair by escapes": rb'"\ud83d\ude00"',
    "lone surrogate by escape": rb'"\ud800"',
    "surrogate in UTF-8": b'"\xed\xa0\x80"',
    "overlong UTF-8": b'"\xc1\x81"',
    "U+0000 by escape": rb'"\u0000"',
    "raw control character": b'"\x01"',
    "byte order mark": b"\xef\xbb\xbf1",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-16 without mark": '{"a":1}'.encode("utf-16-le"),
    "UTF-32": '{"a":1}'.encode("utf-32"),
    "two values": b"1 1",
    "comment": b"1//x",
    "trailing comma": b"[1,]",
    "single quotes": b"{'a':1}",
    "bare word": b"none",
    "truncated object": b'{"a":',
    "truncated string": b'"abc',
    "key with a capital": b'{"A":1}',
    "key that is empty": b'{"":1}',
    "key beyond ASCII": '{"ключ":1}'.encode(),
}


@given(VALUES)
def test_bytes_are_those_of_rfc_8785_and_read_back_as_the_value(value: Any) -> None:
    data = canonical_json(value)
    assert data == rfc8785.dumps(value)
    assert parse_canonical(data) == value


def test_every_character_below_u_0100_is_written_as_rfc_8785_writes_it() -> None:
    text = "".join(map(chr, range(1, 0x100))) + "\u2028\u2029\ufeff\uffff\U0001f600"
    assert canonical_json(text) == rfc8785.dumps(text)


def test_bounds_of_integers_and_depth_are_included() -> None:
    deepest = value = []  # type: list[Any]
    for _ in range(MAX_DEPTH - 1):
        inner: list[Any] = []
        deepest.append(inner)
        deepest = inner
    deepest += [MAX_INTEGER, -MAX_INTEGER]
    assert parse_canonical(canonical_json(value)) == value
    deepest.append([1])
    with pytest.raises(ValueError, match="deeper than 64"):
        canonical_json(value)
    with pytest.raises(VerificationError, match="deeper than 64"):
        parse_canonical(json.dumps(value, separators=(",", ":")).encode())


def test_enumerations_and_tuples_are_written_as_their_values() -> None:
    class Custody(StrEnum):
        VAULT = "vault"

    class Place(IntEnum):
        FIRST = 1

    assert canonical_json({"custody": Custody.VAULT, "place": (Place.FIRST, True)}) == b'{"custody":"vault","place":[1,true]}'


@pytest.mark.parametrize("value", ILLEGAL.values(), ids=ILLEGAL)
def test_writer_refuses(value: object) -> None:
    with pytest.raises(IllegalValue):
        canonical_json(value)
    with pytest.raises(IllegalValue):
        check_value_rules({"a": [value]})


def test_a_value_that_contains_itself_is_refused() -> None:
    value: dict[str, Any] = {}
    value["itself"] = value
    with pytest.raises(ValueError, match="deeper than 64"):
        canonical_json(value)


def test_reasons_never_repeat_the_value() -> None:
    for value in ({"13800138000": "13800138000\0"}, {"13800138000 ": 1}, 13800138000 * 10**9, 138001.5, ["\ud80013800138000"]):
        with pytest.raises(IllegalValue) as refused:
            canonical_json(value)
        assert "138001" not in str(refused.value)
    for data in (b'{"phone":138001.5}', b'{"phone":13800138000138001380}', b'{"13800138000 ":1}', b'"13800138000'):
        with pytest.raises(VerificationError) as unread:
            parse_canonical(data)
        assert "138001" not in str(unread.value)


@pytest.mark.parametrize("data", NOT_CANONICAL.values(), ids=NOT_CANONICAL)
def test_reader_refuses(data: bytes) -> None:
    with pytest.raises(VerificationError):
        parse_canonical(data)


@given(st.binary() | st.text('{}[]",:\\u0123456789.eE+-nulltrfas \n\0é', max_size=40).map(str.encode))
def test_reader_is_total(data: bytes) -> None:
    try:
        value = parse_canonical(data)
    except VerificationError:
        return
    assert rfc8785.dumps(value) == data


def test_reader_survives_a_megabyte_of_anything() -> None:
    million = 1_000_000
    for data in (b"[", b'{"a":', b"0", b"\0", b'"', b"\xff", b"1,", b"[]"):
        with pytest.raises(VerificationError):
            parse_canonical(data * million)
    assert parse_canonical(b'"' + b"a" * million + b'"') == "a" * million
    assert parse_canonical(b"[" + b"1," * million + b"1]") == [1] * (million + 1)


def test_reader_refuses_huge_integers_at_once_where_the_limit_of_python_is_lifted() -> None:
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        with pytest.raises(VerificationError, match="integer beyond"):
            parse_canonical(b"[" + b"9" * 1_000_000 + b"]")
    finally:
        sys.set_int_max_str_digits(limit)


def test_a_changed_byte_never_leaves_the_value() -> None:
    value = {"a": [1, -20, None, True], "b_2": {"c": '录音 "\\\n\u001f'}, "d": ""}
    data = canonical_json(value)
    for mutant in each_byte_replaced(data):
        try:
            assert parse_canonical(mutant) != value
        except VerificationError:
            continue
