"""The English catalogue is complete, fits its messages, and is what the compiled file says."""
import gettext
import re
import string
from pathlib import Path

import pytest

from tests.repository.messages import MO, PO, messages, mo_bytes, po_text, read_po

REPAIR = "run `python -m tests.repository.messages` and translate what it leaves empty"
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
NAMED = re.compile(r"%\((\w+)\)s")


def fields(text: str) -> set[str]:
    """The names that a message wants filled in, in either of the two styles."""
    return set(NAMED.findall(text)) | {name for _, name, _, _ in string.Formatter().parse(NAMED.sub("", text)) if name}


def test_every_message_of_code_and_templates_is_translated_and_no_other() -> None:
    known, found = read_po(), messages()
    assert sorted(set(found) - {message for message, translation in known.items() if translation}) == [], REPAIR
    assert sorted(set(known) - set(found)) == [], REPAIR


def test_nothing_in_the_catalogue_is_fuzzy_or_written_by_hand_in_another_form() -> None:
    assert "fuzzy" not in PO.read_text(encoding="utf-8")
    assert PO.read_text(encoding="utf-8") == po_text(messages(), read_po()), REPAIR


def test_translations_fill_in_the_same_names_and_hold_no_chinese() -> None:
    for message, translation in read_po().items():
        assert fields(translation) == fields(message), message
        assert not CHINESE.search(translation), message
        assert message.startswith(" ") == translation.startswith(" "), message


def test_compiled_catalogue_says_what_the_source_says() -> None:
    assert MO.read_bytes() == mo_bytes(read_po()), REPAIR
    with MO.open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message, translation in read_po().items():
        assert compiled.gettext(message) == translation
    assert compiled.info()["content-type"] == "text/plain; charset=UTF-8"


def test_catalogue_reads_back_what_it_writes(tmp_path: Path) -> None:
    odd = {'a "quote" and \\ backslash\\n': "line\nline\ttab", "plain": "plain"}
    path = tmp_path / "odd.po"
    path.write_text(po_text({message: {"x.py"} for message in odd}, odd), encoding="utf-8")
    assert read_po(path) == odd


def test_line_that_is_no_part_of_the_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.po"
    path.write_text('msgid "a"\nmsgstr_plural "b"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="no line of this catalogue"):
        read_po(path)
