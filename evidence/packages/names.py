"""Names of files that every system can unpack, made from names that anyone may have chosen.

What it is for: the name of a deposited file is evidence and stands in its claim as it was; the name inside the package is
ours, and must not climb out of its folder, hide its suffix, overwrite its neighbour or be refused by Windows.

What it does not do: keep names apart across folders.

Source: Unicode 15 (general categories, normalisation form C); Win32 "Naming Files, Paths, and Namespaces".

>>> safe_name("../../合同\u202egpj.exe ")
'_.._合同_gpj.exe'
>>> safe_name("nul.txt"), safe_name("...")
('_nul.txt', 'unnamed')
>>> taken = set()
>>> [unique_name(name, taken) for name in ("a.pdf", "A.PDF", "a.pdf")]
['a.pdf', 'A (2).PDF', 'a (3).pdf']
"""

import re
import unicodedata

MAX_BYTES = 160
"""Bytes of a name in UTF-8: below the 255 of file systems, and leaving room for a path of 260 characters on Windows."""

_FORBIDDEN = frozenset('/\\:*?"<>|')
# Cc control, Cf invisible (bidi controls, zero width), Cs surrogate, Cn unassigned (its normal form may change), Zl/Zp breaks.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])[ ]*(?:\.|$)", re.IGNORECASE)
_EDGES = " .\u3000\u00a0"


def safe_name(name: str) -> str:
    """Return a name for one file: not empty, one path element, at most `MAX_BYTES`, in normalisation form C."""
    shown = "".join("_" if _is_forbidden(character) else character for character in unicodedata.normalize("NFC", name))
    shown = shown.strip(_EDGES)
    if _RESERVED.match(shown):
        shown = f"_{shown}"
    return _shortened(shown, MAX_BYTES) or "unnamed"


def unique_name(name: str, taken: set[str]) -> str:
    """Return a safe name that differs from those `taken` in more than upper and lower case, and add it to them."""
    safe = safe_name(name)
    stem, suffix = _split(safe)
    candidate, number = safe, 1
    while (folded := unicodedata.normalize("NFC", candidate.casefold())) in taken:
        number += 1
        mark = f" ({number})"
        candidate = f"{_shortened(stem, MAX_BYTES - len(mark) - len(suffix.encode()))}{mark}{suffix}"
    taken.add(folded)
    return candidate


def _is_forbidden(character: str) -> bool:
    return character in _FORBIDDEN or unicodedata.category(character) in _FORBIDDEN_CATEGORIES


def _split(name: str) -> tuple[str, str]:
    """Return stem and suffix with its dot; what is too long to be a suffix belongs to the stem."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem and len(suffix.encode()) <= 16 else (name, "")


def _shortened(name: str, limit: int) -> str:
    """Cut the stem so that the name has at most `limit` bytes, between characters and without a bare accent at the cut."""
    if len(name.encode()) <= limit:
        return name
    stem, suffix = _split(name)
    kept = stem.encode()[: limit - len(suffix.encode())].decode("utf-8", "ignore")
    return kept.rstrip(_EDGES) + suffix
