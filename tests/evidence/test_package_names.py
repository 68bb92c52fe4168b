"""Names that every system can unpack, and cells that no spreadsheet takes for a formula."""
import csv
import io
import os
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.cells import safe_cell
from evidence.packages.names import MAX_BYTES, safe_name, unique_name
from tests.evidence.package_fixture import World, members_of
from tests.tlog.examination.in_memory import report_on
from tlog.examination.container import is_safe

HOSTILE_NAMES = [
    "../../etc/passwd", "..", ".", "/", "\\", "a/b", "a\\b", "C:\\Windows\\x.dll", "c:x", "\0", "a\0.pdf", "a\nb", "a\r\nb: c",
    "\x1b[2Jx", "a\x7f", "\u202egpj.exe", "a\u2066b", "\ufeffx", "a\u200bb", "\u2028", "\u2029", "\u3000", "\u00a0", "\ud800",
    "con", "CON.txt", "nul", "AUX ", "com1.pdf", "LPT9", "COM\u00b9", "conin$", "name.", "name ", " name", "...", "name...", ".hidden", "",
    "a" * 1000, "合" * 500 + ".pdf", "." + "x" * 300, "a" * 300 + "." + "x" * 300, "e\u0301.pdf", "\u0301", "\u212b", "ﬁ", "straße",
    "STRASSE", "a*?\"<>|b", "-rf", "=1+1", "$(id)", "`id`", "'; --", "%2e%2e%2f", "a%00b", "~", "\ue000", "\U000e0041",
    "\U0001f468\u200d\U0001f469", "\U00100000", "\u0378", "a.tar.gz", "CZ-1", "mimetype", "SHA256SUMS", "a,b", 'a"b', "a b",
]  # fmt: skip


RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789")}


def is_portable(name: str) -> bool:
    """What Windows, macOS and Linux all take for one file in the folder."""
    return (
        is_safe(f"evidence/1/{name}")
        and 0 < len(name.encode()) <= MAX_BYTES
        and "/" not in name
        and name == name.strip(" .")
        and not set(name) & set('\\:*?"<>|')
        and name.partition(".")[0].rstrip().upper() not in RESERVED
        and not any(unicodedata.category(character)[0] == "C" and unicodedata.category(character) != "Co" for character in name)
    )


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_name_becomes_a_portable_one(name: str) -> None:
    assert is_portable(safe_name(name))


@given(st.text(st.characters(), max_size=300))
def test_any_name_becomes_a_portable_one_and_stays_so(name: str) -> None:
    safe = safe_name(name)
    assert is_portable(safe)
    assert safe_name(safe) == safe


@given(st.lists(st.sampled_from([*HOSTILE_NAMES, "a.pdf", "A.pdf", "a (2).pdf"]) | st.text(max_size=5), max_size=40))
def test_names_in_one_folder_differ_on_every_file_system(names: list[str]) -> None:
    taken: set[str] = set()
    made = [unique_name(name, taken) for name in names]
    assert len({unicodedata.normalize("NFC", name.casefold()) for name in made}) == len(names)
    assert all(map(is_portable, made))


def test_five_hundred_hostile_names_unpack_inside_their_folder(tmp_path: Path) -> None:
    names = [f"{part}{name}" for name in HOSTILE_NAMES for part in ("", "../", "/", "a/../", "\u202e", "x", "X", "con.")]
    kept = [name for name in dict.fromkeys(names) if name and "\0" not in name and "\ud800" not in name][:500]
    assert len(kept) == 500
    world = World()
    made = world.deposit({name: b"%d" % n for n, name in enumerate(kept)})
    point = world.publish()
    package = world.pack(world.contents([world.record(made, point)], [world.folder(point)], scope="record"))
    assert report_on(package.data, package.trust).exit_code == 0
    (tmp_path / "package.asice").write_bytes(package.data)
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    subprocess.run(["unzip", "-q", "package.asice", "-d", "inside"], cwd=tmp_path, check=True, env=environment)
    assert sorted(os.listdir(tmp_path)) == ["inside", "package.asice"]
    files = list((tmp_path / "inside" / "evidence" / "1").iterdir())
    assert {file.read_bytes() for file in files} == {b"%d" % n for n in range(500)}
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "inside", check=True, env=environment)


BLANKS, STARTS, RESTS = ("", " ", "\n", "\u3000"), "=+-@\t＝＋－＠", ("1+1", "cmd|'/c calc'!A1", "", "SUM(A1)", "x\ty")
FORMULAS = [f"{blank}{start}{rest}" for start in STARTS for blank in BLANKS for rest in RESTS]


@pytest.mark.parametrize("text", [*FORMULAS, "a\r\nb", "\0=1", "\u2028=1", "plain", "", "'quoted"])
def test_cell_never_starts_a_formula(text: str) -> None:
    cell = safe_cell(text)
    assert cell.lstrip()[:1] not in set("=+-@\t＝＋－＠")
    assert not set(cell) & set("\r\n\t\0\u2028")


def test_hostile_titles_stay_in_their_cells() -> None:
    for title in ('=HYPERLINK("http://x","y")', 'a","b', "a\r\nCZ,b,c", "@SUM(1)"):
        world = World()
        made = world.deposit({"=1+1.csv": b"a"}, title=title)
        point = world.publish()
        package = world.pack(world.contents([world.record(made, point)], [world.folder(point)], scope="record"))
        rows = list(csv.reader(io.StringIO(members_of(package.data)["catalogue.csv"].decode("utf-8-sig"), newline="")))
        assert len(rows) == 2
        assert all(cell[:1] not in ("=", "+", "-", "@", "\t") for row in rows for cell in row)
        assert report_on(package.data, package.trust).exit_code == 0


