"""What people upload as it comes: exports in GBK, with a byte order mark, broken in the middle; hostile names; sizes and types that lie.

Each is deposited to the byte, or refused with a report that says which row or file, and then nothing of the request is kept.
"""
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation

from evidence.csv_exports import LISTED, LONGEST_CELL, MOST_BYTES, examine_export
from evidence.export_words import words_of
from evidence.models import Evidence
from evidence.rendering import tables
from evidence.rendering.parts import Part, parse_document
from evidence.selectors import claims_of
from tests.depositing import Post, deposit_body, document
from tests.evidence.desk import Desk, encoded
from tests.evidence.test_package_names import HOSTILE_NAMES

pytestmark = pytest.mark.usefixtures("service")
HEADING = "发送时间,号码,内容,状态"
SMS = "\r\n".join([HEADING, *(f'2026-07-{n:02},1380013800{n % 10},"您好，请于本月还款",已送达' for n in range(1, 10))]) + "\r\n"
LEDGER = "日期,期次,金额\n2026-01-12,1,1000.00\n2026-02-12,2,1000.00\n"
GOOD = {
    "GBK": SMS.encode("gbk"), "UTF-8": SMS.encode(), "UTF-8 with a byte order mark": SMS.encode("utf-8-sig"),
    "GB18030 with a character of four bytes": SMS.replace("您好", "㐀𠮷").encode("gb18030"),
    "line feeds alone": SMS.replace("\r\n", "\n").encode("gbk"),
    "a cell of two lines": SMS.replace("，请", "，\r\n请").encode(), "empty lines": SMS.replace("\r\n", "\r\n\r\n").encode(),
}
BAD: dict[str, tuple[bytes, list[str]]] = {
    "rows too short and too long in the middle": (
        (SMS + "2026-07-10,1,x\r\n" + "2026-07-11,1,x,y\r\n" + "2026-07-12,1,x,y,z\r\n").encode("gbk"),
        ["第 11 行：有 3 列，表头有 4 列。", "第 13 行：有 5 列，表头有 4 列。"]),
    "a quote that is never closed": (
        (SMS + '2026-07-10,1,"x,y\r\n2026-07-11,1,x,y\r\n').encode("utf-8-sig"),
        ["第 11 行：引号没有成对，或引号后有多余的字符；从这一行起无法可靠读取。"]),
    "a character that an exporter has lost": (SMS.replace("还款", "\ufffd\ufffd", 1).encode(),
                                              ["第 2 行：含有无法识别的字符（�），导出时可能已损坏。"]),
    "a heading alone": (HEADING.encode("gbk"), ["只有表头，没有数据行。"]),
    "blanks": (b"\xef\xbb\xbf \r\n\r\n", ["文件里没有内容。"]),
    "UTF-16": (SMS.encode("utf-16"), ["既不是 UTF-8 也不是 GBK/GB18030 文本，或者含有空字节。"]),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["既不是 UTF-8 也不是 GBK/GB18030 文本，或者含有空字节。"]),
}


def originals(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in (folder / "vault").rglob("*") if path.is_file()]


def claims(record: Evidence) -> dict[str, Any]:
    return {claim.name: json.loads(claim.data)["value"] for claim in claims_of(record)}


@pytest.mark.parametrize("name", GOOD)
def test_an_export_is_deposited_to_the_byte(name: str) -> None:
    desk, data = Desk(), GOOD[name]
    answer = desk.send(desk.case(), ("短信导出.csv", data, "text/csv"), kind="sms")
    assert answer.status_code == 303, answer.content.decode()
    assert claims(Evidence.objects.get())["files/1"]["sha256"] == hashlib.sha256(data).hexdigest()
    examined = examine_export(data)
    assert (examined.rows, examined.faults) == (9, ())


@pytest.mark.parametrize("kind", ["sms", "instant_message", "repayment_ledger"])
@pytest.mark.parametrize("name", BAD)
def test_an_export_with_faults_is_reported_row_by_row_and_deposited_only_as_it_is(name: str, kind: str, var_dir: Path) -> None:
    desk, (data, told) = Desk(), BAD[name]
    case = desk.case()
    form = desk.form(f"/work/{case.ref}")
    for json_wanted in (True, False):
        refused = desk.send(case, ("导出.CSV", data, "text/csv"), json=json_wanted, kind=kind, key=form["key"])
        assert refused.status_code == 422
        said = refused.json()["detail"] if json_wanted else refused.content.decode()
        assert "“导出.CSV”" in said.replace("&quot;", '"')
        assert all(sentence in said for sentence in told), said
    assert (Evidence.objects.count(), originals(var_dir)) == (0, [])
    answer = desk.send(case, ("导出.CSV", data, "text/csv"), kind=kind, as_it_is="on")
    assert answer.status_code == 303, answer.content.decode()
    assert claims(Evidence.objects.get())["files/1"]["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_cells_are_parted_as_the_heading_parts_them(delimiter: str) -> None:
    amount = "1000.00" if delimiter == "," else "1,000.00"
    text = f"日期{delimiter}金额\n2026-01-01{delimiter}{amount}\n"
    assert examine_export(text.encode()).faults == ()
    short = examine_export(f"\n{text}2026-01-02\n".encode())
    assert [(fault.row, fault.what, fault.found, fault.wanted) for fault in short.faults] == [(4, "columns", 1, 2)]


def test_rows_are_counted_as_a_spreadsheet_counts_them_beside_the_table_too() -> None:
    data = (HEADING + '\n"a cell\nof three\nlines",b,c,d\n\nx\n').encode()
    assert [(fault.row, fault.what) for fault in examine_export(data).faults] == [(4, "columns")]
    parts: list[Part] = []
    tables.draw(data, parts.append)
    assert [number for number, _ in parse_document(parts[0].data).rows] == [1, 2, 4]


def test_a_cell_that_is_too_long_is_called_so_and_not_an_unpaired_quote() -> None:
    data = f"{HEADING}\na,b,c,{'x' * (LONGEST_CELL + 1)}\n".encode()
    assert [(fault.row, fault.what) for fault in examine_export(data).faults] == [(2, "too-long")]
    assert str(LONGEST_CELL) in words_of(examine_export(data).faults[0])
    assert [fault.what for fault in examine_export((HEADING + '\na,b,"c,d\n').encode()).faults] == ["quote"]


def test_many_faults_are_counted_and_the_first_are_listed_in_the_readers_language() -> None:
    data = (HEADING + "\n" + "x\n" * 1000).encode()
    examined = examine_export(data)
    assert (examined.total, len(examined.faults), examined.rows) == (1000, LISTED, 1000)
    desk = Desk()
    with translation.override("en"):
        assert words_of(examine_export(data).faults[0]) == "Row 2: has 1 columns, the heading has 4."
    case = desk.case()
    desk.client.cookies["django_language"] = "en"
    answer = desk.send(case, ("x.csv", data), json=True, kind="sms")
    assert "Row 2: has 1 columns, the heading has 4.\n" in answer.json()["detail"]
    assert "980 more" in answer.json()["detail"]


def test_what_is_no_export_of_messages_is_not_looked_into(var_dir: Path) -> None:
    desk = Desk()
    case = desk.case()
    for number, (name, kind) in enumerate((("x.csv", "document"), ("x.txt", "sms"), ("x.csv", "call_recording")), 1):
        assert desk.send(case, (name, b"\0\xff"), kind=kind).status_code == 303
        assert len(originals(var_dir)) == number


def test_a_large_export_is_deposited_unread() -> None:
    desk = Desk()
    data = b"a,b\n" + b"x\n" * (MOST_BYTES // 2)
    assert desk.send(desk.case(), ("x.csv", data), kind="sms").status_code == 303


def test_an_empty_file_is_named_and_nothing_of_the_form_is_kept(var_dir: Path) -> None:
    desk = Desk()
    answer = desk.send(desk.case(), ("好.txt", b"x"), ("空.txt", b""), ("也空.txt", b""), json=True, as_it_is="on")
    assert answer.status_code == 422
    for name in ("空.txt", "也空.txt"):
        assert f"“{name}”是空文件（0 字节）" in answer.json()["detail"]
    assert "好.txt" not in answer.json()["detail"]
    assert (Evidence.objects.count(), originals(var_dir)) == (0, [])


def names() -> list[str]:
    made = [f"{part}{name}" for name in HOSTILE_NAMES for part in ("", "../", "/", "a/../", "\u202e", "x", "X", "con.")]
    return [name for name in dict.fromkeys(made) if name and "\ud800" not in name][:500]


def broken(name: str) -> bool:
    """Whether the name would break a list that has it in a line."""
    return len(name) > 255 or any(ord(character) < 32 or ord(character) == 127 for character in name)


def as_sent(name: str) -> str:
    """Of a path of Windows, which no browser has sent for fifteen years, the reader takes the last part."""
    return name[name.rindex("\\") + 1:] if name[1:3] == ":\\" else name


def test_five_hundred_hostile_names_stand_as_they_are_or_are_refused_by_name(post_batch: Post) -> None:
    """By digest, in one batch: what may stand in a list stands unchanged; what would break one is pointed at, and nothing is taken."""
    def record(name: str) -> dict[str, Any]:
        file = {"name": name, "media_type": "text/plain", "size_bytes": 3, "sha256": "0" * 64}
        return {"case": "LN-1", "subject": {"kind": "document", "title": "t"}, "files": [file]}

    hostile = names()
    assert len(hostile) == 500
    standing, refused = set(hostile), set()
    while True:
        tried = [name for name in hostile if name in standing]
        answer = post_batch({"records": [record(name) for name in tried]})
        if answer.status_code == 201:
            break
        assert (answer.status_code, Evidence.objects.count()) == (400, 0)
        faulty = {tried[int(row["pointer"].split("/")[2])] for row in answer.json()["errors"]}
        assert all(row["pointer"].endswith("/files/0/name") and row["detail"] for row in answer.json()["errors"])
        refused |= faulty
        standing -= faulty
    assert all(map(broken, refused))
    assert {claims(each)["files/1"]["name"] for each in Evidence.objects.all()} == standing
    assert len(standing) > 300


def test_five_hundred_hostile_names_on_a_form_stand_as_they_are_or_are_refused_and_a_form_falls_as_one(var_dir: Path) -> None:
    desk = Desk()
    case = desk.case()
    good = [name for name in names() if not broken(name)]
    for name in set(names()) - set(good):
        refused = desk.send(case, ("好.txt", b"x"), (name, b"x"), json=True)
        assert (refused.status_code, "errors" in refused.json()) in ((422, True), (400, False)), repr(name)
    assert (Evidence.objects.count(), originals(var_dir)) == (0, [])
    for at in range(0, len(good), settings.MAX_FILES):
        some = good[at:at + settings.MAX_FILES]
        assert desk.send(case, *((name, b"x") for name in some)).status_code == 303
        told = claims(Evidence.objects.latest("id"))
        assert [told[f"files/{n}"]["name"] for n in range(1, len(some) + 1)] == [as_sent(name) for name in some]
    before = Evidence.objects.count()
    stored = len(originals(var_dir))
    refused = desk.send(case, *((name, b"x") for name in good[:5]), ("x" * 256, b"x"), json=True)
    assert (refused.status_code, Evidence.objects.count(), len(originals(var_dir))) == (422, before, stored)


def test_a_body_that_is_shorter_than_it_says_leaves_nothing(var_dir: Path) -> None:
    desk = Desk()
    case = desk.case()
    body, kind = encoded({**desk.form(f"/work/{case.ref}"), "kind": "sms"}, ("x.csv", SMS.encode()))
    for cut in (4, 40, 200):
        answer = desk.client.post(f"/work/{case.ref}/deposits", body[:-cut], content_type=kind, headers={"Accept": "application/json"})
        assert answer.status_code == 400, cut
        assert answer.json()["code"] == "request-malformed"
    assert (Evidence.objects.count(), originals(var_dir)) == (0, [])


def test_a_size_or_a_type_that_lies_changes_nothing_of_what_is_kept(post_deposit: Post, client: Any, key: str, var_dir: Path) -> None:
    """What is told of a file are the bytes that came: a form's part has no size to lie with, and a type is what was claimed, no more."""
    told = document(files=[{"name": "x.png", "media_type": "image/png"}])
    assert post_deposit(told, b"<script>alert(1)</script>").status_code == 201
    file = claims(Evidence.objects.get())["files/1"]
    assert (file["media_type"], file["size_bytes"]) == ("image/png", 25)
    body, kind = deposit_body(document(files=[{"name": "x", "media_type": "text/plain", "size_bytes": 5}]), b"123")
    lied = client.post("/api/v1/evidence", body, content_type=kind, headers={"Authorization": f"Bearer {key}"})
    assert (lied.status_code, lied.json()["code"]) == (400, "request-malformed")
    assert (Evidence.objects.count(), len(originals(var_dir))) == (1, 1)
