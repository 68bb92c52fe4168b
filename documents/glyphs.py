"""Characters of a document's data that no font at hand can show, found before anything is set. Pure.

A character without a glyph would be an empty box, and one that draws nothing at all would be nothing: a zero-width joiner, a mark that
turns the direction of what follows. Neither may stand in a document unseen. Whoever sets it refuses, or has each spelled out by its code
point, `U+1F600`, and says so in the document. A line break is no character to be shown; a return before one goes with it.
Source: formats A8; Unicode 15, general categories.
"""
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Categories that are never shown, whatever a font has for them: controls, marks of format, private use, separators of lines."""
BREAK = "\n"


@dataclass(frozen=True, slots=True)
class Missing:
    """A field by its JSON pointer (RFC 6901), and the characters of it, each once, by code point: `U+1F600`."""

    pointer: str
    characters: tuple[str, ...]


@dataclass(slots=True)
class Spelling:
    """Spells data out for fonts that have these code points; `missing` is what was found so far."""

    covered: Collection[int]
    missing: list[Missing] = field(default_factory=list)
    _shown: set[str] = field(default_factory=lambda: {BREAK})

    def spelled(self, value: Any, pointer: str = "") -> Any:
        """The value with every character that cannot be shown written as its code point, strings within lists and objects too."""
        if isinstance(value, str):
            return self._text(value, pointer)
        if isinstance(value, dict):
            return {name: self.spelled(each, f"{pointer}/{name}") for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.spelled(each, f"{pointer}/{number}") for number, each in enumerate(value)]
        return value

    def _text(self, text: str, pointer: str) -> str:
        text = text.replace("\r\n", BREAK)
        lacking = dict.fromkeys(character for character in text if not self._shows(character))
        if not lacking:
            return text
        self.missing.append(Missing(pointer, tuple(map(code_point, lacking))))
        return "".join(code_point(character) if character in lacking else character for character in text)

    def _shows(self, character: str) -> bool:
        if character in self._shown:
            return True
        shown = ord(character) in self.covered and unicodedata.category(character) not in UNSEEN
        if shown:
            self._shown.add(character)
        return shown


def code_point(character: str) -> str:
    """`U+0009`, `U+1F600`: at least four digits, as Unicode writes them."""
    return f"U+{ord(character):04X}"
