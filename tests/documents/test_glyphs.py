"""No character vanishes: what a font cannot show, and what shows nothing, is spelled out and named with its field."""
from typing import Any

import pytest

from documents.fonts import Typefaces
from documents.glyphs import Missing, Spelling, code_point

COVERED = Typefaces().characters()


def spelled(value: Any) -> tuple[Any, list[Missing]]:
    spelling = Spelling(COVERED)
    return spelling.spelled(value), spelling.missing


@pytest.mark.parametrize(("text", "shown", "characters"), [
    ("张三 a·b — “引” ０㎡", "张三 a·b — “引” ０㎡", ()),
    ("😀", "U+1F600", ("U+1F600",)),
    ("\0", "U+0000", ("U+0000",)),
    ("a\tb", "aU+0009b", ("U+0009",)),
    ("a\r\nb\nc", "a\nb\nc", ()),
    ("a\rb", "aU+000Db", ("U+000D",)),
    ("مرحبا", "U+0645U+0631U+062DU+0628U+0627", ("U+0645", "U+0631", "U+062D", "U+0628", "U+0627")),
    ("\u202eabc", "U+202Eabc", ("U+202E",)),
    ("a\u200db\u200b\ufeff", "aU+200DbU+200BU+FEFF", ("U+200D", "U+200B", "U+FEFF")),
    ("\u2028", "U+2028", ("U+2028",)),
    ("\ue000", "U+E000", ("U+E000",)),
    ("葛\U000e0100", "葛U+E0100", ("U+E0100",)),
    ("𬴊\U00031350\U00031350", "𬴊U+31350U+31350", ("U+31350",)),
])
def test_each_character_is_shown_or_spelled_out(text: str, shown: str, characters: tuple[str, ...]) -> None:
    assert spelled(text) == (shown, [Missing("", characters)] if characters else [])


@pytest.mark.parametrize("character", "\u202e\u2067\u200b\u200d\ufeff\u00ad\ue000\u2028\x00\t")
def test_what_draws_nothing_is_spelled_out_whatever_a_font_has_for_it(character: str) -> None:
    spelling = Spelling(frozenset({*COVERED, ord(character)}))
    assert spelling.spelled(f"a{character}b") == f"a{code_point(character)}b"
    assert spelling.missing == [Missing("", (code_point(character),))]


def test_fields_are_named_by_pointers_and_other_values_stay() -> None:
    value, missing = spelled({"a": [{"b": "x😀"}, {"b": "y"}], "n": 3, "z": None, "t": ("😀", True)})
    assert value == {"a": [{"b": "xU+1F600"}, {"b": "y"}], "n": 3, "z": None, "t": ["U+1F600", True]}
    assert [each.pointer for each in missing] == ["/a/0/b", "/t/0"]


def test_what_is_spelled_out_can_be_shown() -> None:
    once, _ = spelled("".join(map(chr, range(0x3000))))
    assert spelled(once) == (once, [])


def test_code_points_are_written_as_unicode_does() -> None:
    assert [code_point(character) for character in "\tA😀"] == ["U+0009", "U+0041", "U+1F600"]
