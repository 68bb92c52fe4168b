"""Files as they are drawn by the confined process: real ones of every kind, broken ones, ones that ask for too much, hostile ones."""
import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from evidence.rendering import confinement, letters, limits, pages, pictures, sheets, sounds, tables, texts
from evidence.rendering.parts import Document, Ending, Garbled, Part, Refused, parse_document, parse_head, verify_part
from evidence.rendering.process import PROGRAM, draw
from evidence.rendering.sniffing import kind_of
from tests.evidence.drawn import LETTER, SMS, bomb, drawn, pdf, picture, scan, sound, workbook, zip_bomb
from tests.hostile.files import hostile_files

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def process_that_has_just_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing ends by the processor's time of its whole process. The process of the tests has had most of that before its first test."""
    clock, began = time.process_time, time.process_time()
    monkeypatch.setattr(time, "process_time", lambda: clock() - began)


def document_of(parts: list[Part]) -> Document:
    return parse_document(parts[0].data)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_a_picture_is_encoded_anew(form: str) -> None:
    data = picture(form)
    ending, [part] = drawn(f"a.{form.lower()}", data)
    assert ending == Ending(total=1)
    assert (part.width, part.height) == (320, 200)
    with Image.open(io.BytesIO(part.data)) as shown:
        assert (shown.format, shown.size) == ({"image/png": "PNG", "image/jpeg": "JPEG"}[part.media_type], (320, 200))
        assert 118 < sum(shown.convert("L").resize((1, 1)).tobytes()) < 138


def test_nothing_of_a_photo_goes_through_but_its_pixels_upright() -> None:
    made, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "beacon: 31.2304 N 121.4737 E"
    Image.new("RGB", (400, 200), "red").save(made, "JPEG", exif=exif, comment=b"beacon <script>")
    _, [part] = drawn("photo.jpg", made.getvalue())
    assert (part.width, part.height) == (200, 400)
    assert b"beacon" not in part.data


def test_a_large_picture_is_shown_no_larger_than_a_page() -> None:
    _, [part] = drawn("a.png", picture(size=(5000, 1000)))
    assert (part.width, part.height) == (1600, 320)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I", "I;16", "F"])
def test_pictures_of_every_depth_are_drawn(mode: str) -> None:
    with_alpha = mode in ("LA", "RGBA", "P", "1")
    made = io.BytesIO()
    if mode == "I;16":
        Image.fromarray(np.full((20, 30), 40_000, "uint16")).save(made, "TIFF")
    else:
        Image.new(mode, (30, 20), 1).save(made, "PNG" if with_alpha else "TIFF")
    ending, [part] = drawn("a.png", made.getvalue())
    assert (ending.refused, part.width, part.height) == (None, 30, 20)


def test_each_page_of_a_scan_is_drawn_and_of_an_animation_the_first_frame() -> None:
    ending, parts = drawn("scan.tif", scan(3))
    assert (ending, len(parts)) == (Ending(total=3), 3)
    ending, parts = drawn("long.tif", scan(limits.MAX_PAGES + 2))
    assert (ending, len(parts)) == (Ending(cut="pages", total=limits.MAX_PAGES + 2), limits.MAX_PAGES)
    made = io.BytesIO()
    frames = [Image.new("L", (9, 9), shade) for shade in (0, 128, 255)]
    frames[0].save(made, "GIF", save_all=True, append_images=frames[1:])
    ending, parts = drawn("a.gif", made.getvalue())
    assert (ending, len(parts)) == (Ending(cut="frames", total=3), 1)


def test_pages_of_a_pdf_are_pictures() -> None:
    ending, parts = drawn("a.pdf", pdf(2))
    assert ending == Ending(total=2)
    assert [part.media_type for part in parts] == ["image/png"] * 2
    assert max(part.height or 0 for part in parts) <= limits.PAGE_PIXELS
    ending, parts = drawn("long.pdf", pdf(limits.MAX_PAGES + 1, (60, 60)))
    assert (ending, len(parts)) == (Ending(cut="pages", total=limits.MAX_PAGES + 1), limits.MAX_PAGES)
    ending, [part] = drawn("huge.pdf", pdf(1, (2_000_000, 1000)))
    assert (ending.refused, part.width) == (None, 1599)


def test_text_of_a_pdf_is_on_the_picture() -> None:
    text = b"BT /F1 80 Tf 20 60 Td (DEMAND) Tj ET"
    body = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n"
        b"4 0 obj<</Length " + str(len(text)).encode() + b">>stream\n" + text + b"\nendstream endobj\n"
        b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
    _, [part] = drawn("a.pdf", body)
    with Image.open(io.BytesIO(part.data)) as shown:
        dark = sum(shown.convert("L").histogram()[:100])
    assert dark > 5_000


FORMS = [("WAV", None), ("WAV", "ALAW"), ("WAV", "ULAW"), ("WAV", "GSM610"), ("WAV", "IMA_ADPCM"), ("MP3", None), ("OGG", "OPUS"),
         ("OGG", "VORBIS"), ("FLAC", None), ("AIFF", None), ("AU", "ULAW")]


@pytest.mark.parametrize(("form", "subtype"), FORMS)
def test_a_recording_becomes_samples_and_a_waveform(form: str, subtype: str | None) -> None:
    ending, [wave, copy] = drawn(f"a.{form.lower()}", sound(form, subtype))
    assert ending == Ending(total=3)
    told = parse_document(wave.data)
    assert (told.kind, told.seconds) == ("wave", 3)
    assert 20 < len(told.bars) <= limits.WAVEFORM_BARS
    middle = len(told.bars) // 2
    assert min(told.bars[1:middle - 4]) > 35
    assert max(told.bars[middle + 4:]) < 8
    assert copy.media_type == "audio/wav"
    samples, rate = soundfile.read(io.BytesIO(copy.data), dtype="float32")
    assert (rate, abs(len(samples) - 24_000) < 700) == (8000, True)
    assert 0.4 < float(np.abs(samples[:10_000]).max()) < 0.6


def test_a_long_recording_becomes_one_compressed_channel() -> None:
    ending, [wave, copy] = drawn("a.wav", sound(seconds=200, rate=44_100, channels=2))
    assert (ending, copy.media_type) == (Ending(total=200), "audio/mpeg")
    with soundfile.SoundFile(io.BytesIO(copy.data)) as heard:
        assert (heard.samplerate, heard.channels) == (22_050, 1)
        assert abs(heard.frames / 22_050 - 200) < 1
    assert len(copy.data) < 2 * limits.MIB
    assert parse_document(wave.data).seconds == 200


def test_what_is_there_of_a_recording_that_ends_early_is_played_and_said() -> None:
    ending, [_, copy] = drawn("a.wav", sound()[:20_000])
    assert ending.cut == "truncated"
    assert len(soundfile.read(io.BytesIO(copy.data))[0]) == pytest.approx(9_978, abs=40)


def test_a_recording_that_says_it_never_ends_is_read_to_where_it_ends() -> None:
    head = b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data\xff\xff\xff\xff"
    ending, [wave, _] = drawn("a.wav", head + bytes(32_000))
    assert (ending.refused, parse_document(wave.data).seconds) == (None, 2)


def test_two_hours_are_heard_of_an_endless_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sounds, "MAX_SOUND_S", 2)
    parts: list[Part] = []
    assert sounds.draw(sound(seconds=5), parts.append) == Ending(cut="length", total=5)
    assert parse_document(parts[0].data).seconds == 2
    monkeypatch.setattr("evidence.rendering.sounds.time.process_time", lambda: 1e9)
    assert sounds.draw(sound(seconds=20), parts.append).cut == "time"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_an_export_of_messages_is_a_table_in_whatever_encoding(encoding: str) -> None:
    ending, parts = drawn("短信.csv", SMS.encode(encoding), "text/csv")
    table = document_of(parts)
    assert ending == Ending(total=3)
    assert table.headed
    assert table.rows[0] == (1, ("号码", "时间", "内容"))
    assert table.rows[2] == (3, ("13800000001", "2026-11-02 11:00", "<script>alert(1)</script>"))


def test_one_bad_row_does_not_take_the_others_with_it() -> None:
    long = "x" * 25_000
    _, parts = drawn("a.csv", f"a,b\n1,2\n{long},3\n4,\"5\n6\"\n7".encode(), "text/csv")
    assert document_of(parts).rows == ((1, ("a", "b")), (2, ("1", "2")), (3, None), (4, ("4", "5\n6")), (5, ("7",)))


def test_chats_as_json_are_tables_and_other_json_is_text() -> None:
    chat = '{"with":"李四","messages":[{"at":"10:00","text":"在吗"},{"at":"10:01","text":"在","n":[1]}]}'
    _, parts = drawn("chat.json", chat.encode(), "application/json")
    assert document_of(parts).rows == ((0, ("at", "text", "n")), (1, ("10:00", "在吗", "")), (2, ("10:01", "在", "[1]")))
    _, parts = drawn("chat.jsonl", b'{"a":1}\n{"a":2}\n')
    assert document_of(parts).rows[2] == (2, ("2",))
    for other in ('{"a":{"b":1}}', "[1,2]", "[broken"):
        _, parts = drawn("other.json", other.encode())
        assert document_of(parts) == Document("text", text=other)


def test_a_table_is_cut_and_says_so() -> None:
    ending, parts = drawn("a.csv", b"a,b\n" + b"1,2\n" * 3000, "text/csv")
    assert ending == Ending(cut="rows", total=3001)
    assert len(document_of(parts).rows) == limits.MAX_ROWS + 1
    ending, parts = drawn("a.csv", (",".join("x" * 80) + "\n").encode(), "text/csv")
    [(_, cells)] = document_of(parts).rows
    assert (ending.cut, len(cells or ())) == ("rows", limits.MAX_COLUMNS)
    ending, parts = drawn("a.csv", ("字" * 1900 + "\n").encode() * 900, "text/csv")
    assert (ending.cut, len(parts[0].data) < limits.MAX_DOCUMENT_BYTES) == ("rows", True)


def test_a_workbook_is_a_table() -> None:
    ending, parts = drawn("流水.xlsx", workbook(("日期", "金额"), ("2026-11-01", 1200.5)))
    assert ending == Ending(total=2)
    assert document_of(parts).rows == ((1, ("日期", "金额")), (2, ("2026-11-01", "1200.5")))


@pytest.mark.parametrize(("book", "ending", "rows", "widest"), [
    (workbook(("日期",), ("2026-11-01",), sheets=3), Ending(cut="sheets", total=3), 2, 1),
    (workbook(*[("a", number) for number in range(2001)]), Ending(cut="rows", total=2001), limits.MAX_ROWS + 1, 2),
    (workbook(("a" * 501, "b")), Ending(total=1), 1, 2),
    (workbook(("a" * (limits.MAX_CELL + 1), "b")), Ending(cut="rows", total=1), 1, 2),
    (workbook(tuple(range(61)), (1,)), Ending(cut="rows", total=2), 2, limits.MAX_COLUMNS),
    (workbook(("a", *[None] * 70, "b")), Ending(cut="rows", total=1), 1, 1),
])
def test_a_workbook_larger_than_a_view_is_shown_as_far_as_a_view_goes_and_says_so(
    book: bytes, ending: Ending, rows: int, widest: int
) -> None:
    told, parts = drawn("流水.xlsx", book)
    assert told == ending
    shown = document_of(parts).rows
    assert (len(shown), max(len(cells or ()) for _, cells in shown)) == (rows, widest)


def test_a_long_cell_of_a_workbook_is_shown_as_long_as_that_of_any_table() -> None:
    _, parts = drawn("流水.xlsx", workbook(("a" * 501,)))
    assert document_of(parts).rows == ((1, ("a" * 501,)),)


def test_what_stands_beside_the_list_of_a_json_file_or_right_of_its_last_column_is_said_to_be_left_out() -> None:
    ending, parts = drawn("chat.json", json.dumps([{f"k{number}": number for number in range(61)}]).encode())
    assert ending == Ending(cut="rows", total=2)
    assert [len(cells or ()) for _, cells in document_of(parts).rows] == [limits.MAX_COLUMNS] * 2
    ending, _ = drawn("chat.json", json.dumps([{f"k{number}": number for number in range(60)}]).encode())
    assert ending == Ending(total=2)
    ending, parts = drawn("chat.json", json.dumps({"with": "李四", "messages": [{"at": "10:00"}]}).encode())
    assert ending == Ending(cut="parts", total=2)
    assert document_of(parts).rows == ((0, ("at",)), (1, ("10:00",)))
    assert drawn("chat.json", b'{"messages":[{"at":"10:00"}]}')[0] == Ending(total=2)


def test_a_letter_is_headers_text_and_the_names_of_its_attachments() -> None:
    _, parts = drawn("催告.eml", LETTER, "message/rfc822")
    letter = document_of(parts)
    told = dict(letter.headers)
    assert (told["From"], told["Subject"]) == ("张三 <zhang@bank.example>", "催告")
    assert letter.text == "尊敬的客户：\n\n请于本月还款。"
    assert letter.attachments == (("a.pdf", "application/pdf", 5),)


def test_the_plain_text_of_a_letter_is_preferred_and_any_charset_is_read() -> None:
    both = (
        b"From: a\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=x-unheard-of\n\n"
        + "您好".encode() + b"\n--b\nContent-Type: text/html\n\n<b>other</b>\n--b--\n")
    _, parts = drawn("a.eml", both)
    assert document_of(parts).text.strip() == "您好"
    _, parts = drawn("a.eml", b"Subject: x\nDate: not a date\nReceived: (((\nContent-Type: text/plain; charset=utf-8\n\n\xff\xfe\x00\x01")
    assert dict(document_of(parts).headers)["Date"] == "not a date"


def mail(*parts: str, kind: str = "mixed", headers: str = "") -> bytes:
    """Each part with its own headers."""
    body = "".join(f"--b\n{part}\n" for part in parts)
    return f"From: a\n{headers}Content-Type: multipart/{kind}; boundary=b\n\n{body}--b--\n".encode()


PLAIN, SECOND = "Content-Type: text/plain; charset=utf-8\n\n本金一万元", "Content-Type: text/plain; charset=utf-8\n\n限三日内还清"
PAGE = "Content-Type: text/html; charset=utf-8\n\n<b>本金九万元</b>"
ATTACHED = "Subject: first demand\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\ninner text\n--c--\n"
FORWARDED = f"Content-Type: message/rfc822\n\n{ATTACHED}"
PDF = "Content-Type: application/pdf\nContent-Disposition: attachment; filename={}.pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0="


@pytest.mark.parametrize(("data", "cut", "text", "attachments"), [
    (mail(PLAIN, FORWARDED), "", "本金一万元", [("first demand", "message/rfc822", len(ATTACHED))]),
    (mail(FORWARDED), "", "", [("first demand", "message/rfc822", len(ATTACHED))]),
    (mail(PLAIN, SECOND, PDF.format("a")), "", "本金一万元\n\n限三日内还清", [("a.pdf", "application/pdf", 5)]),
    (mail(PLAIN, PAGE, kind="alternative"), "parts", "本金一万元", []),
    (mail(PAGE, PAGE), "", "本金九万元\n\n本金九万元", []),
    (mail(PLAIN, "Content-Type: image/png\n\nx"), "", "本金一万元", [("", "image/png", 1)]),
    (mail(PLAIN, *[PDF.format(number) for number in range(limits.MAX_ATTACHMENTS + 1)]), "parts", "本金一万元",
     [(f"{number}.pdf", "application/pdf", 5) for number in range(limits.MAX_ATTACHMENTS)]),
    (mail(PLAIN, headers="X-Mark: 1\n" * limits.MAX_HEADERS), "parts", "本金一万元", []),
    (mail(PLAIN, headers=f"X-Mark: {'1' * (limits.MAX_CELL + 1)}\n"), "parts", "本金一万元", []),
], ids=["attached mail", "nothing but an attached mail", "two texts", "a page beside the text", "two pages", "a picture without a name",
        "many attachments", "many headers", "a long header"])
def test_whatever_a_letter_holds_is_shown_or_listed_or_said_to_be_left_out(
    data: bytes, cut: str, text: str, attachments: list[tuple[str, str, int]]
) -> None:
    ending, parts = drawn("a.eml", data)
    letter = document_of(parts)
    assert (ending.refused, ending.cut, letter.text, list(letter.attachments)) == (None, cut, text, attachments)


def test_text_is_text_with_a_sign_for_what_a_page_cannot_hold() -> None:
    _, parts = drawn("a.txt", "第一行\r\n\x1b[2J第二行\u202e".encode(), "text/plain")
    assert document_of(parts).text == "第一行\n\N{REPLACEMENT CHARACTER}[2J第二行\u202e"
    ending, parts = drawn("a.txt", b"x" * (limits.MAX_TEXT + 5), "text/plain")
    assert (ending, len(document_of(parts).text)) == (Ending(cut="text", total=limits.MAX_TEXT + 5), limits.MAX_TEXT)
    ending, parts = drawn("a.txt", b"\0\1\2binary", "text/plain")
    assert (ending, parts) == (Ending("damaged"), [])


def locked_pdf() -> bytes:
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n4 0 obj<</Filter/Standard/V 1/R 2"
        b"/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">/P -4>>endobj\ntrailer<</Root 1 0 R/Encrypt 4 0 R/ID[<61><61>]>>\n%%EOF\n")


@pytest.mark.parametrize(("name", "data", "reason"), [
    ("bomb.png", bomb(), "too-complex"), ("bomb.xlsx", zip_bomb(), "too-complex"), ("locked.pdf", locked_pdf(), "protected"),
    ("a.png", picture()[:40], "damaged"), ("a.pdf", b"%PDF-1.7\nnothing", "damaged"), ("a.wav", b"RIFF\0\0\0\0WAVE", "damaged"),
    ("a.mp3", b"ID3" + bytes(100), "damaged"), ("a.csv", b" \n \n", "empty"), ("a.eml", b"\n\nno header", "damaged"),
])
def test_what_cannot_be_drawn_is_refused_for_a_reason(name: str, data: bytes, reason: str) -> None:
    assert drawn(name, data) == (Ending(reason), [])  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "data", "reason"), [
    ("a.txt", b"", "empty"), ("a.html", b"hello", "active"), ("a.txt", b"<!DOCTYPE html><p>", "active"), ("a.svg", b"<svg/>", "active"),
    ("a.amr", b"#!AMR\n", "no-decoder"), ("a.m4a", b"\0\0\0\x20ftypM4A ", "no-decoder"), ("a.docx", b"PK\3\4", "no-decoder"),
    ("a.bin", b"\x7fELF", "unknown"), ("a", b"x", "unknown"),
])
def test_what_is_not_drawn_at_all_is_refused_before_a_process_is_made(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        kind_of(name, "", data)
    assert refused.value.reason == reason


def test_a_photo_that_ends_early_is_shown_as_far_as_it_goes() -> None:
    noise = io.BytesIO()
    Image.effect_noise((800, 600), 60).save(noise, "JPEG")
    ending, [part] = drawn("a.jpg", noise.getvalue()[:30_000])
    assert (ending.cut, part.width) == ("truncated", 800)


def test_every_hostile_file_is_drawn_harmlessly_or_refused() -> None:
    drawn_at_all = 0
    for file in hostile_files("https://beacon.example/ran"):
        try:
            ending, parts = drawn(file.name, file.data, file.media_type)
        except Refused:
            continue
        assert ending.refused or parts, file.name
        assert ending.fault is None, (file.name, ending.fault)
        drawn_at_all += bool(parts)
        for part in parts:
            # A document is text for a template; pixels and samples hold nothing of what the file says.
            assert part.media_type == "application/json" or b"beacon" not in part.data, file.name
            assert b"<script" not in part.data or part.media_type == "application/json", file.name
    assert drawn_at_all >= 3


# What a decoder could try that a file has taken over. Each line prints what it got.
ATTEMPTS = """
import os, sys, socket, resource
sys.path.insert(0, {root!r})
from evidence.rendering.confinement import confine
confine({folders!r})
def attempt(name, act):
    try:
        act()
        os.write(1, (name + " DONE\\n").encode())
    except BaseException as refused:
        os.write(1, (name + " " + type(refused).__name__ + "\\n").encode())
attempt("read", lambda: open({secret!r}).read())
attempt("write", lambda: open({made!r}, "w"))
attempt("network", lambda: socket.socket())
attempt("pair", lambda: socket.socketpair())
attempt("fork", os.fork)
attempt("program", lambda: os.execv("/bin/true", ["true"]))
attempt("signal", lambda: os.kill(os.getppid(), 0))
attempt("memory", lambda: bytearray(600 << 20))
attempt("limit", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1, 1)))
attempt("link", lambda: os.symlink("a", {made!r}))
attempt("remove", lambda: os.unlink({secret!r}))
"""


@pytest.mark.parametrize("folders", [(), ("/usr/share/fonts",)])
def test_a_confined_process_can_compute_and_nothing_else(folders: tuple[str, ...], tmp_path: Path) -> None:
    secret = tmp_path / "secret.key"
    secret.write_text("key")
    program = ATTEMPTS.format(root=str(ROOT), folders=folders, secret=str(secret), made=str(tmp_path / "made"))
    told = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False, timeout=30).stdout
    found = dict(line.split(" ") for line in told.splitlines())
    assert len(found) == 11
    assert {name for name, got in found.items() if got == "DONE"} == set(), found
    assert found["memory"] == "MemoryError"
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_confined_process_that_computes_for_ever_is_ended_by_the_kernel() -> None:
    program = (f"import sys; sys.path.insert(0, {str(ROOT)!r}); from evidence.rendering import confinement;"
               " assert 0 < confinement.CPU_S <= 60; confinement.CPU_S = 1; confinement.confine()\nwhile True: pass")
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGXCPU, done.stderr


def test_where_the_kernel_cannot_confine_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evidence.rendering.confinement.platform.machine", lambda: "unheard-of")
    with pytest.raises(confinement.Unconfined):
        confinement._filter(may_read=False)


def programs() -> list[int]:
    """Process ids of our programs that are still there."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if str(PROGRAM) in Path(f"/proc/{pid}/cmdline").read_text()]


def confined() -> int:
    """The program that waits for its file, with its rights taken away."""
    for _ in range(400):
        for pid in programs():
            if "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text():
                return pid
        time.sleep(0.05)
    raise AssertionError("no program was confined")


def test_the_process_reads_its_file_without_environment_files_or_privileges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret@example/db")
    read, write = os.pipe()
    os.set_inheritable(write, True)
    found: list[Any] = []

    def blocks() -> Iterator[bytes]:
        about = Path(f"/proc/{confined()}")
        told = (about / "status").read_text()
        found.extend(((about / "environ").read_bytes(), sorted(os.listdir(about / "fd")), "NoNewPrivs:\t1" in told))
        yield b"x"

    assert draw("text", blocks(), lambda _part: None).refused is None
    os.close(read)
    os.close(write)
    environment, descriptors, no_new_privileges = found
    assert b"secret" not in environment
    assert (descriptors, no_new_privileges) == (["0", "1", "2"], True)


def test_a_process_that_takes_too_long_is_ended_and_one_that_is_killed_is_no_harm() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            time.sleep(0.05)
            yield b"x"

    began = time.monotonic()
    assert draw("text", endless(), lambda _part: None, wall_s=1) == Ending("too-slow")
    assert time.monotonic() - began < 8

    def kills() -> Iterator[bytes]:
        yield b"x"
        os.kill(confined(), signal.SIGKILL)
        yield b"y"

    assert draw("text", kills(), lambda _part: None) == Ending("too-slow")
    assert programs() == []


def test_a_fault_of_the_vault_is_the_vaults() -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise OSError("the disk is away")

    with pytest.raises(OSError, match="the disk is away"):
        draw("text", broken(), lambda _part: None)


def test_more_than_may_be_read_is_refused_by_the_process_too() -> None:
    blocks = (bytes(limits.MIB) for _ in range(limits.MAX_INPUT_BYTES // limits.MIB + 1))
    assert draw("text", blocks, lambda _part: None) == Ending("too-large")


HEADS = [
    b"", b"[]", b"null", b"\xff", b"[" * 200, b'{"type":"text/html","size":3}', b'{"type":"image/png","size":3}',
    b'{"type":"image/png","size":3,"width":99999,"height":3}', b'{"type":"image/png","size":true,"width":9,"height":3}',
    b'{"type":"audio/wav","size":-1}', b'{"type":"audio/wav","size":0}', b'{"type":"audio/wav","size":99999999999}',
    b'{"end":true,"refused":"<script>"}', b'{"end":true,"cut":"x"}', b'{"end":true,"total":"9"}', b'{"end":1}']


@pytest.mark.parametrize("line", HEADS)
def test_what_the_process_says_is_not_believed(line: bytes) -> None:
    with pytest.raises(Garbled):
        parse_head(line)


@pytest.mark.parametrize("part", [
    Part("image/png", b"<script>"), Part("image/jpeg", b"GIF89a"), Part("audio/wav", b"RIFFxxxxWAVX"), Part("audio/mpeg", b"<html>"),
    Part("application/json", b"{"), Part("application/json", b'{"kind":"page"}'),
    Part("application/json", b'{"kind":"table","rows":7,"headed":true}'),
    Part("application/json", b'{"kind":"table","rows":[[1,"x"]],"headed":true}'), Part("application/json", b'{"kind":"letter"}'),
    Part("application/json", b'{"kind":"wave","bars":["x"],"seconds":1}'), Part("application/json", b" " * (limits.MAX_DOCUMENT_BYTES + 1)),
    Part("application/json", b'{"kind":"table","headed":false,"rows":[[1,[' + b'"",' * 60 + b'""]]]}'),
])
def test_bytes_that_are_not_what_they_are_called_are_refused(part: Part) -> None:
    with pytest.raises(Garbled):
        verify_part(part)


def test_what_was_drawn_before_the_process_ended_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in the place of ours that says something and then something else."""
    good = repr(b'{"type":"application/json","size":26}\n{"kind":"text","text":"abc"}'.replace(b"26", b"28"))
    program = tmp_path / "program.py"
    for more, ending in ((b"", "truncated"), (b'{"type":"image/png"', "truncated"), (b"nonsense\n", "failed"), (b"x" * 400, "failed"),
                         (b'{"end":true,"refused":"failed"}\n', "failed"), (b'{"end":true,"refused":"damaged"}\n', "truncated"),
                         (b'{"end":true}\n', "")):
        program.write_text(f"import os\nos.read(0, 9)\nos.write(1, {good} + {more!r})\n")
        monkeypatch.setattr("evidence.rendering.process.PROGRAM", program)
        parts: list[Part] = []
        assert draw("text", [b"x"], parts.append).cut == ending, more
        assert [parse_document(part.data).text for part in parts] == ["abc"]
    program.write_text("import os, time\nos.read(0, 9)\nos.write(1, " + good + ")\ntime.sleep(60)\n")
    assert draw("text", [b"x"], lambda _part: None, wall_s=1) == Ending(cut="time")
    program.write_text("import os\nos.read(0, 9)\nos.write(1, " + good + " * 60)\n")
    assert draw("text", [b"x"], lambda _part: None) == Ending(cut="failed")
    program.write_text("import os\nos.abort()\n")
    assert draw("text", [b"x"], lambda _part: None) == Ending("damaged")


def test_the_drawing_programs_make_here_what_they_make_there() -> None:
    """The same in this process, where what runs is measured."""
    made: list[Part] = []
    for module, data in ((pictures, picture("JPEG")), (pages, pdf(1)), (sounds, sound()), (tables, SMS.encode()), (letters, LETTER),
                         (texts, "文".encode()), (sheets, workbook(("a",), (1,)))):
        module.prepare()
        assert module.draw(data, made.append).refused is None
    assert [verify_part(part).media_type for part in made] == [
        "image/png" if made[0].media_type == "image/png" else "image/jpeg", "image/png", "application/json", "audio/wav",
        *["application/json"] * 4]
    assert re.search("催告", made[5].data.decode())
