"""Which characters a font has: both formats of the table say the same, a collection is all its fonts, a file that is none is refused."""
import json
import struct
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest

from documents import fonts
from documents.fonts import PACKAGED, Typefaces, characters_of
from documents.glyphs import UNSEEN
from documents.typesetting import set_by_itself

SEGMENTS = (
    struct.pack(">7H", 4, 40, 0, 4, 0, 0, 0) + struct.pack(">2H", 0x43, 0xFFFF) + b"\0\0" + struct.pack(">2H", 0x41, 0xFFFF)
    + struct.pack(">2H", 0, 1) + struct.pack(">2H", 4, 0) + struct.pack(">3H", 7, 0, 9))
"""Format 4: from U+0041 to U+0043 by an array of glyphs, of which the second is the one for what is missing."""


def group(first: int, last: int, glyph: int) -> bytes:
    return struct.pack(">HHIII", 12, 0, 28, 0, 1) + struct.pack(">III", first, last, glyph)


def font(table: bytes, platform: tuple[int, int] = (3, 10), at: int = 0) -> bytes:
    """A font of nothing but its table of characters, as it stands at this place of a file."""
    cmap = struct.pack(">HHHHI", 0, 1, *platform, 12) + table
    return b"OTTO" + struct.pack(">4H", 1, 0, 0, 0) + struct.pack(">4sIII", b"cmap", 0, at + 28, len(cmap)) + cmap


def test_both_formats_of_the_package_s_font_say_the_same() -> None:
    data = PACKAGED.read_bytes()
    table = fonts._table(data, 0, b"cmap")
    found: dict[int, set[int]] = {}
    for number in range(struct.unpack_from(">H", data, table + 2)[0]):
        *_, offset = struct.unpack_from(">HHI", data, table + 4 + 8 * number)
        form = struct.unpack_from(">H", data, table + offset)[0]
        reader = {4: fonts._segments, 12: fonts._groups}.get(form)
        if reader is not None:
            found[form] = set(reader(data, table + offset))
    assert found[4] == {point for point in found[12] if point <= 0xFFFF}
    assert characters_of(PACKAGED) == found[12]
    assert len(found[12]) > 30_000


def test_the_typesetter_shows_every_character_that_we_say_it_can(tmp_path: Path) -> None:
    points = sorted(point for point in Typefaces().characters() if unicodedata.category(chr(point)) not in UNSEEN)
    source = ('#set text(font: "Noto Sans SC", fallback: false, size: 4pt)\n'
              '#for each in json(bytes(sys.inputs.input)).data { [#each ] }\n')
    (tmp_path / "all.typ").write_text(source, encoding="utf-8")
    # A mark that is set over another letter takes one.
    told = json.dumps({"data": ["a" + chr(point) for point in points]}).encode()
    assert set_by_itself(tmp_path, "all", told, at=datetime(2026, 1, 1, tzinfo=UTC), typefaces=Typefaces()).startswith(b"%PDF")


def test_the_last_of_a_group_and_a_glyph_that_means_none(tmp_path: Path) -> None:
    cases = ((group(0x1F600, 0x1F602, 5), {0x1F600, 0x1F601, 0x1F602}), (group(0x41, 0x42, 0), {0x42}), (SEGMENTS, {0x41, 0x43}))
    for table, points in cases:
        path = tmp_path / f"{len(table)}-{min(points)}.otf"
        path.write_bytes(font(table))
        assert characters_of(path) == points


def test_a_collection_has_the_characters_of_all_its_fonts(tmp_path: Path) -> None:
    head = 20
    first = font(group(0x41, 0x41, 3), at=head)
    second = font(group(0x1F600, 0x1F600, 3), at=head + len(first))
    (tmp_path / "two.ttc").write_bytes(b"ttcf" + struct.pack(">IIII", 0x10000, 2, head, head + len(first)) + first + second)
    assert characters_of(tmp_path / "two.ttc") == {0x41, 0x1F600}


def test_a_folder_adds_to_what_the_package_has(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "More.TTF").write_bytes(font(group(0x1F600, 0x1F600, 3)))
    (tmp_path / "readme.txt").write_text("no font", encoding="utf-8")
    added = Typefaces(tmp_path)
    assert added.characters() - Typefaces().characters() == {0x1F600}
    assert added.folders == (PACKAGED.parent, tmp_path)


@pytest.mark.parametrize("data", [b"", b"OTTO", b"OTTO" + bytes(8), b"not a font at all, but text", font(SEGMENTS)[:60]])
def test_a_file_that_is_no_font_is_refused_by_its_name(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "broken.otf").write_bytes(data)
    with pytest.raises(ValueError, match=r"broken\.otf"):
        characters_of(tmp_path / "broken.otf")


def test_tables_that_go_by_another_code_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "mac.ttf").write_bytes(font(group(0x41, 0x45, 3), platform=(1, 0)))
    assert characters_of(tmp_path / "mac.ttf") == frozenset()
