"""Setting a document: the same bytes again, PDF/A-3b with its file inside, data that is never markup, and nothing else within reach."""
import json
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pylopdf_fonts_zh_cn
import pytest

from documents.errors import DocumentsBusy, DocumentTooLarge, GlyphMissing
from documents.fonts import Typefaces
from documents.typesetting import ONE_AT_A_TIME, TYPES, Attachment, TypesettingFailed, set_by_itself, typeset
from tests.documents.reading import TEMPLATES, read, sample

AT = datetime(2026, 11, 30, 2, 20, tzinfo=UTC)
FACES = Typefaces()
REPAIR = "write schema_text(name) of this module there"


def made(data: dict[str, Any], attachment: Attachment | None = None, at: datetime = AT) -> bytes:
    return typeset("custody_trail", data, at=at, typefaces=FACES, attachment=attachment)


def of_source(folder: Path, source: str, **bounds: float) -> bytes:
    (folder / "odd.typ").write_text(source, encoding="utf-8")
    return set_by_itself(folder, "odd", json.dumps({"data": {}, "attachment": None}).encode(), at=AT, typefaces=FACES, **bounds)


def test_the_same_input_makes_the_same_bytes_and_another_moment_others() -> None:
    first, again, later = made(sample()), made(sample()), made(sample(), at=AT.replace(second=1))
    assert first == again
    assert first != later


def test_a_document_says_that_it_is_pdf_a_3b_and_holds_its_file() -> None:
    rows = '{"rows": ["张三", "\\u0000", "#eval"]}\n'
    pdf = made(sample(), Attachment("rows.json", "application/json", rows, "the same rows"))
    assert re.search(rb"<pdfaid:part>3</pdfaid:part>", pdf)
    assert re.search(rb"<pdfaid:conformance>B</pdfaid:conformance>", pdf)
    assert re.search(rb"/OutputIntents", pdf)
    assert re.search(rb"/AFRelationship ?/Data", pdf)
    assert read(pdf).files == {"rows.json": rows.encode()}
    assert read(pdf).title == "存证流转记录"
    assert b"D:20261130022000Z" in pdf, "the moment given, and no clock"


NASTY = {
    "markup": "#eval(\"1+1\") = *bold* _it_ $x^2$ `raw` <label> @ref \\ [content] // comment /* */ ~ -- ... \"q\" 'q'",
    "heading": "= not a heading",
    "a list": "- one + two / term: x",
    "one word of 400 letters": "W" * 400,
    "4,000 characters": "（2026）民初第一号，审理需要。" * 250,
    "code": "#import \"@preview/x:1.0.0\"; #read(\"/etc/passwd\"); #sys.inputs",
    "escapes": "\\u{1F600} \\n \\\\ &lt; %s {0}",
}


@pytest.mark.parametrize("text", NASTY.values(), ids=list(NASTY))
def test_data_are_text_and_never_markup(text: str) -> None:
    told = sample()
    told["rows"] = [{**told["rows"][6], "purpose": text, "organisation": {"name": text[:300], "ref": text[:64]}, "request_id": text[:64]}]
    told["organisation"] = {"name": text[:100], "ref": "org-1"}
    seen = re.sub(r"\s", "", read(made(told)).text)
    for part in (text, text[:300], text[:100]):
        # A page's end may stand within it, and head and foot there.
        whole = re.sub(r"\s", "", part)
        assert whole[:200] in seen
        assert whole[-150:] in seen
    if len(text) < 300:
        assert seen.count(re.sub(r"\s", "", text[:64])) >= 3


def test_a_word_that_does_not_fit_stays_in_its_column() -> None:
    told = sample()
    told["rows"] = [{**told["rows"][0], "organisation": {"name": "W" * 200, "ref": "x" * 64}, "actor": {"name": "A" * 64, "ref": "a" * 64}}]
    text = read(made(told)).pages[0]
    assert max(len(found) for found in re.findall("W+", text)) < 60, "wrapped"
    assert max(len(found) for found in re.findall("x+", text)) < 64


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_part_of_the_template_is_there_in_both_languages(language: str) -> None:
    end, row = sample()["ends"][0], sample()["rows"][0]
    bare = {name: row[name] for name in row} | dict.fromkeys(("role", "signed_in", "root", "on_behalf_of", "purpose", "request_id"))
    log = {"origin": "localhost/cunzheng/0", "size": None, "root": None, "published_at": None}
    pointers = ("/organisation/name", "/rows/0/actor/name", "/rows/0/purpose")
    unshown = [{"pointer": pointer, "characters": ["U+1F600"]} for pointer in pointers]
    variants: list[dict[str, Any]] = [
        {}, {"rows": [], "ends": []}, {"since": None}, {"until": None}, {"since": None, "until": None}, {"log": log, "ends": [end]},
        {"rows": [bare], "ends": [{"record": end["record"]}]}, {"unshown": unshown, "unlisted": 3}]
    texts = [read(made(sample(language=language, **changes))).text for changes in variants]
    assert len(set(texts)) == len(variants)
    assert re.search("另有 3 项|not listed: 3", texts[-1])
    if language == "en":
        # What is Chinese in the document is so in the data.
        assert set(re.findall("[\u3000-\u9fff]", "".join(texts))) <= set(json.dumps(sample(), ensure_ascii=False))


def test_what_the_type_does_not_know_is_refused() -> None:
    for wrong in (sample(colour="red"), sample(language="fr"), {**sample(), "rows": [{"number": 1}]}, sample(since="23.11.2026")):
        with pytest.raises(msgspec.ValidationError):
            made(wrong)


def test_a_character_that_cannot_be_shown_is_named_with_its_field() -> None:
    told = sample()
    told["rows"][2]["purpose"] = "张😀三\u202e"
    with pytest.raises(GlyphMissing) as refused:
        made(told)
    assert refused.value.faults == [("/rows/2/purpose", "U+1F600 U+202E")]


@pytest.mark.parametrize(("source", "said"), [
    ('#read("/etc/passwd")', "file not found"),
    ('#read("../beside.txt")', "project"),
    ('#image("/etc/hostname")', "file not found"),
    ('#import "@preview/cetz:0.3.0"', "package"),
    ('#set text(font: "No Such Face")\nabc', "unknown font family"),
    ('#set text(font: "Noto Sans SC", fallback: false)\n\u0627', "could not be displayed"),
])
def test_a_template_reaches_nothing_beyond_its_folder_and_a_warning_is_a_failure(tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "beside.txt").write_text("secret", encoding="utf-8")
    inner = tmp_path / "templates"
    inner.mkdir()
    began = time.monotonic()
    with pytest.raises(TypesettingFailed) as failed:
        of_source(inner, source)
    assert said in failed.value.diagnostic
    assert said not in str(failed.value), "what it said may quote data, and this is logged"
    assert time.monotonic() - began < 20


def test_fonts_of_a_folder_are_used_for_what_the_package_s_lacks(tmp_path: Path) -> None:
    shutil.copy(pylopdf_fonts_zh_cn.serif_path(), tmp_path)
    (tmp_path / "families.typ").write_text("#sys.inputs.families.split(\"\\n\").join(\" | \")", encoding="utf-8")
    pdf = set_by_itself(tmp_path, "families", b"{}", at=AT, typefaces=Typefaces(tmp_path))
    assert read(pdf).text.split(" | ")[0] == "Noto Sans SC", "the package's first"
    assert "Noto Serif SC" in read(pdf).text
    assert typeset("custody_trail", sample(), at=AT, typefaces=Typefaces(tmp_path)).startswith(b"%PDF")


def test_no_template_names_a_package() -> None:
    sources = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.typ")}
    assert len(sources) > 1
    assert [name for name, source in sources.items() if re.search(r'"@\w|https?:', source)] == []


def test_a_document_that_takes_too_much_ends_with_its_own_process(tmp_path: Path) -> None:
    with pytest.raises(DocumentTooLarge):
        of_source(tmp_path, "#let a = range(400000000)\n#a.len()")
    with pytest.raises(DocumentTooLarge):
        of_source(tmp_path, "#let n = 0\n#while n < 9 { n = n - 1; for x in range(1000000) { n = n - x } }\n#n", wall_s=1.5)
    assert read(made(sample())).pages, "and the next one is set"


def test_one_document_at_a_time_and_who_waits_too_long_is_told() -> None:
    with ONE_AT_A_TIME, pytest.raises(DocumentsBusy) as refused:
        typeset("custody_trail", sample(), at=AT, typefaces=FACES, wait_s=0.01)
    assert refused.value.retry_after_s == 30


def test_the_typesetter_is_never_loaded_by_who_asks_for_a_document() -> None:
    program = (
        "import sys, json, datetime; from documents.typesetting import typeset, TEMPLATES; from documents.fonts import Typefaces\n"
        "told = json.loads((TEMPLATES / 'custody_trail.sample.json').read_text())\n"
        "pdf = typeset('custody_trail', told, at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), typefaces=Typefaces())\n"
        "print(pdf[:4].decode(), 'typst' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", program], cwd=TEMPLATES.parents[1], env={**os.environ, "HOME": "/nonexistent"},
                          capture_output=True, text=True, check=True)
    assert done.stdout == "%PDF False\n"


def schema_text(template: str) -> str:
    """The template's JSON Schema (2020-12), as it is to lie beside it."""
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(TYPES[template])}
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@pytest.mark.parametrize("name", TYPES)
def test_each_template_lies_beside_its_schema_and_a_sample(name: str) -> None:
    schema = (TEMPLATES / f"{name}.schema.json").read_text(encoding="utf-8")
    assert schema == schema_text(name), REPAIR
    assert jsonschema_rs.Draft202012Validator(json.loads(schema)).is_valid(sample(name))
    assert not jsonschema_rs.Draft202012Validator(json.loads(schema)).is_valid(sample(name, since="yesterday"))
    assert {path.name for path in TEMPLATES.iterdir()} == {"house.typ", *(f"{name}{end}" for name in TYPES for end in (
        ".typ", ".schema.json", ".sample.json"))}
