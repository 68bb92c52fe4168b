"""Import of cases: checked first, then exactly that file, all or nothing; whatever somebody uploads is read within bounds or refused."""
import io
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone, translation

from accounts.models import Organisation
from accounts.permissions import Role
from cases.importing.columns import COLUMNS, template_csv
from cases.importing.tables import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, Table, TooLarge, Unreadable
from cases.importing.xlsx_files import read_xlsx
from cases.imports import confirm_import, drop_unconfirmed
from cases.models import Case, CaseImport
from tests.accounts.people import make_person
from tests.cases.case_files import Send, case_body
from tests.cases.cast import viewer_of
from tests.cases.import_files import Upload, csv_of, xlsx_of
from tests.databases import ROOT
from tests.portal.pages import CHINESE

TITLES = [column.title for column in COLUMNS]
EXAMPLE = {column.title: column.example for column in COLUMNS}


def row(**changes: str) -> dict[str, str]:
    """The template's example, with these cells (by column name)."""
    titles = {column.name: column.title for column in COLUMNS}
    return {**EXAMPLE, **{titles[name]: value for name, value in changes.items()}}


def repacked(data: bytes, change: Callable[[str, bytes], bytes], more: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
        for name, content in (more or {}).items():
            target.writestr(name, content)
    return out.getvalue()


def in_sheet(data: bytes, old: bytes, new: bytes) -> bytes:
    return repacked(data, lambda name, content: content.replace(old, new, 1) if name == "xl/worksheets/sheet1.xml" else content)


def typed() -> list[object]:
    """The example as a spreadsheet keeps it: days are days, sums are floats."""
    cells: dict[str, object] = dict(EXAMPLE)
    cells |= {"放款日": date(2025, 3, 10), "合同签订日期": date(2025, 3, 1), "本金": 12000.0, "年利率": 0.145, "期数": 3}
    return [cells[title] for title in TITLES]


def test_the_template_is_a_file_that_can_be_imported(upload: Upload, send: Send) -> None:
    report = upload(template_csv()).json()
    assert (report["faults"], report["rows"], report["cases"]) == (0, 1, 1)
    assert not Case.objects.exists(), "a check writes no case"
    confirm = f"/cases/imports/{report['import']}/confirm"
    wrong = send("POST", confirm, {"sha256": "0" * 64})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "import-differs")
    assert not Case.objects.exists()
    done = [send("POST", confirm, {"sha256": report["sha256"]}) for _ in range(2)]
    assert [answer.status_code for answer in done] == [201, 201]
    assert done[0].json() == done[1].json()
    kept = CaseImport.objects.get()
    assert (kept.cases, kept.sealed_file, kept.sha256) == (1, None, None)
    [case] = send("POST", "/cases/search", {"identity_number": "11010519491231002x"}).json()["cases"]
    assert (case["reference"], case["version"]) == ("LN-2026-0001", 1)
    assert send("GET", f"/cases/{case['case']}/reckoning?on=2025-05-20").json()["total"]["total"] == "12280.00"
    again = upload(template_csv()).json()
    assert [(each["row"], each["column"]) for each in again["errors"]] == [(2, "客户案件编号")]


@pytest.mark.parametrize("data", [
    csv_of(row()), csv_of(row(), encoding="utf-8-sig"), csv_of(row(), encoding="gb18030"),
    csv_of(row(drawn_on="2025/3/10", principal="12000元", annual_rate="12%", repayment="interest-first")), xlsx_of(typed()),
], ids=["utf-8", "with a mark", "gb18030", "as people write", "xlsx"])
def test_what_excel_writes_is_read(upload: Upload, data: bytes) -> None:
    report = upload(data).json()
    assert (report["faults"], report["cases"]) == (0, 1), report


def test_values_of_a_workbook_are_what_was_typed() -> None:
    [_, (number, cells)] = read_xlsx(xlsx_of(typed())).rows
    found = dict(zip(TITLES, cells, strict=False))
    assert (number, found["年利率"], found["本金"], found["放款日"]) == (2, "0.145", "12000", "2025-03-10")
    computed = in_sheet(xlsx_of(typed()), b"<v>0.145</v>", b"<f>0.1+0.045</f><v>0.145</v>")
    assert dict(zip(TITLES, read_xlsx(computed).rows[1][1], strict=False))["年利率"] == "0.145"


FAULTS: list[tuple[list[dict[str, str]], tuple[int, str]]] = [
    ([row(debtor_name="")], (2, "债务人姓名")),
    ([row(drawn_on="2025-02-30")], (2, "放款日")),
    ([row(principal="1.234")], (2, "本金")),
    ([row(principal="0")], (2, "本金")),
    ([row(annual_rate="十二")], (2, "年利率")),
    ([row(months="1.5")], (2, "期数")),
    ([row(repayment="随便")], (2, "还款方式")),
    ([row(identity_number="110105194912310021")], (2, "证件号码")),
    ([row(phone="12345")], (2, "手机号码")),
    ([row(accelerated_on="2024-01-01")], (2, "宣布提前到期日")),
    ([row(), row()], (3, "借据编号")),
    ([row(), row(drawdown="JJ-2", debtor_name="李四")], (3, "债务人姓名")),
    ([row(), row(drawdown="JJ-2", months="999")], (3, "期数")),
    ([row(reference="x" * 129)], (2, "客户案件编号")),
]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_each_fault_is_told_by_row_and_column_and_nothing_is_kept(upload: Upload, language: str) -> None:
    for rows, place in FAULTS:
        report = upload(csv_of(*rows), language=language).json()
        told = {(each["row"], each["column"]): each["detail"] for each in report["errors"]}
        assert place in told, (rows, report)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in told[place].partition(":")[0]) == (language == "zh-hans"), told
        assert report["import"] is None
    assert not CaseImport.objects.exists()


def test_two_drawdowns_of_one_case_are_one_case(upload: Upload, send: Send) -> None:
    report = upload(csv_of(row(), row(drawdown="JJ-2", principal="500"), row(reference="LN-2", drawdown="JJ-3"))).json()
    assert (report["rows"], report["cases"]) == (3, 2)
    send("POST", f"/cases/imports/{report['import']}/confirm", {"sha256": report["sha256"]})
    [found] = send("POST", "/cases/search", {"reference": "LN-2026-0001"}).json()["cases"]
    drawdowns = send("GET", f"/cases/{found['case']}").json()["drawdowns"]
    assert {each["reference"]: each["principal"] for each in drawdowns} == {"JJ-2025-0001": "12000.00", "JJ-2": "500.00"}


def test_a_case_that_got_its_file_since_the_check_stops_the_whole_import(upload: Upload, send: Send, strangers_send: Send) -> None:
    report = upload(csv_of(row(), row(reference="LN-2", drawdown="JJ-2"))).json()
    confirm = f"/cases/imports/{report['import']}/confirm"
    assert strangers_send("POST", confirm, {"sha256": report["sha256"]}).status_code == 404
    assert send("POST", "/cases", case_body(reference="LN-2")).status_code == 201
    late = send("POST", confirm, {"sha256": report["sha256"]})
    assert (late.status_code, late.json()["code"]) == (409, "case-changed")
    assert Case.objects.count() == 1


@pytest.mark.parametrize("before", ['"cases_caseimport"."sealed_file"', '"cases_case"."client_reference"'])
def test_of_two_confirmations_at_once_the_slower_is_told_what_the_faster_did(
    upload: Upload, send: Send, lender: Organisation, before: str,
) -> None:
    """The faster one comes right before the slower one reads the file, or has read it and judges its rows."""
    report, now = upload(csv_of(row())).json(), timezone.now()
    viewer = viewer_of(make_person("officer", Role.CASE_OFFICER, lender))
    faster: list[CaseImport | None] = []

    def confirm() -> CaseImport:
        return confirm_import(viewer, report["import"], report["sha256"], now=now)

    def overtaken(execute: Any, sql: str, *more: Any) -> Any:
        if not faster and sql.startswith("SELECT") and before in sql.partition(" FROM ")[0]:
            faster.append(None)
            faster[0] = confirm()
        return execute(sql, *more)

    with connection.execute_wrapper(overtaken):
        slower = confirm()
    assert [each and each.imported_at for each in (*faster, slower)] == [now, now]
    assert (slower.cases, Case.objects.filter(file_version=1).count()) == (1, 1)


def test_a_checked_file_is_let_go_after_a_day(upload: Upload, send: Send) -> None:
    report, now = upload(csv_of(row())).json(), timezone.now()
    assert "张三".encode() not in bytes(CaseImport.objects.get().sealed_file or b"")
    assert drop_unconfirmed(now=now + timedelta(hours=23)) == 0
    assert drop_unconfirmed(now=now + timedelta(hours=25)) == 1
    answer = send("POST", f"/cases/imports/{report['import']}/confirm", {"sha256": report["sha256"]})
    assert (answer.status_code, answer.json()["code"]) == (410, "import-expired")


def test_an_import_takes_few_statements_however_many_rows_it_has(
    upload: Upload, send: Send, django_assert_max_num_queries: Any,
) -> None:
    report = upload(csv_of(*(row(reference=f"LN-{n}", drawdown=f"JJ-{n}") for n in range(400)))).json()
    assert report["cases"] == 400
    with django_assert_max_num_queries(80):
        assert send("POST", f"/cases/imports/{report['import']}/confirm", {"sha256": report["sha256"]}).status_code == 201
    assert Case.objects.filter(file_version=1).count() == 400


BOOK = xlsx_of(typed())
SHEET = "xl/worksheets/sheet1.xml"


def lying_about_its_size() -> bytes:
    """An entry that declares 10 bytes and holds a megabyte, in both of the zip's headers."""
    data = bytearray(repacked(BOOK, lambda _, content: content, {"xl/bomb.xml": b"<a>" + b" " * 1024**2 + b"</a>"}))
    size = struct.pack("<I", 1024**2 + 7)
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = struct.pack("<I", 10)
    return bytes(data)


def many_elements() -> bytes:
    return repacked(BOOK, lambda _, content: content, {"xl/extra.xml": b"<a>" + b"<b/>" * 700_000 + b"</a>"})


def unplaced(cells: bytes) -> bytes:
    """A row that does not say which one it is: the attribute is optional."""
    return b"<row>" + cells + b"</row>"


ENTITIES = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
HOSTILE: dict[str, Callable[[], bytes]] = {
    "declares too much": lambda: repacked(BOOK, lambda _, content: content, {"xl/a.bin": bytes(40 * 1024**2)}),
    "inflates out of proportion": lambda: repacked(BOOK, lambda _, content: content, {"xl/a.bin": bytes(20 * 1024**2)}),
    "holds more than it declares": lying_about_its_size,
    "too many entries": lambda: repacked(BOOK, lambda _, content: content, {f"xl/{n}.bin": b"" for n in range(201)}),
    "one name twice": lambda: BOOK.replace(b"docProps/core.xml", b"docProps/app.xml\0"[:17]),
    "millions of elements": many_elements,
    "deep nesting": lambda: repacked(BOOK, lambda _, content: content, {"xl/deep.xml": b"<a>" * 70 + b"</a>" * 70}),
    "entities": lambda: in_sheet(BOOK, b"<worksheet", ENTITIES + b"<worksheet"),
    "entities in UTF-16": lambda: repacked(
        BOOK, lambda name, content: ("\ufeff" + ENTITIES.decode() + content.decode()).encode("utf-16-le") if name == SHEET else content),
    "an outside entity": lambda: in_sheet(BOOK, b"<worksheet", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><worksheet'),
    "a cell in the last row": lambda: in_sheet(
        BOOK, b"</sheetData>", b'<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'),
    "a cell in the last column": lambda: in_sheet(
        BOOK, b"</row>", b'<c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>'),
    "too many rows that do not say where they are": lambda: in_sheet(
        BOOK, b"</sheetData>", unplaced(b"<c t='inlineStr'><is><t>x</t></is></c>") * MAX_ROWS + b"</sheetData>"),
    "too many rows whose cells all say the first": lambda: in_sheet(
        BOOK, b"</sheetData>", unplaced(b"<c r='A1' t='inlineStr'><is><t>x</t></is></c>") * MAX_ROWS + b"</sheetData>"),
    "too many cells that do not say where they are": lambda: in_sheet(
        BOOK, b"</sheetData>", unplaced(b"<c t='inlineStr'><is><t>x</t></is></c>" * (MAX_COLUMNS + 1)) + b"</sheetData>"),
    "a column beyond the last in small letters": lambda: in_sheet(
        BOOK, b"</row>", b'<c r="xfd1" t="inlineStr"><is><t>x</t></is></c></row>'),
    "a row that comes again": lambda: in_sheet(
        BOOK, b"</sheetData>", b'<row r="2"><c r="A2" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'),
    "a row that is none": lambda: in_sheet(BOOK, b'<row r="2"', b'<row r="zwei"'),
    "a cell that is nowhere": lambda: in_sheet(BOOK, b'<c r="B1" ', b'<c r="1B" '),
    "a sheet that is not XML": lambda: in_sheet(BOOK, b"</worksheet>", b"<worksheet"),
    "an encoding that nobody knows": lambda: in_sheet(BOOK, b"<worksheet", b'<?xml version="1.0" encoding="klingon"?><worksheet'),
    "half a file": lambda: BOOK[: len(BOOK) // 2],
    "a zip of nothing": lambda: b"PK\x05\x06" + bytes(18),
    "only its first bytes": lambda: b"PK\x03\x04",
    "no sheets": lambda: repacked(BOOK, lambda name, content: b"<workbook/>" if name == "xl/workbook.xml" else content),
    "shared strings that are not there": lambda: in_sheet(BOOK, b'<c r="B1" ', b'<c r="B1" t="s"><v>9999</v></c><c r="W1" '),
    "damaged data": lambda: BOOK[:60] + bytes(200) + BOOK[260:],
    "a cell too long": lambda: xlsx_of(["x" * 501]),
    "a picture": lambda: b"\x89PNG\r\n\x1a\n\0\0",
    "UTF-16": lambda: csv_of(row(), encoding="utf-16"),
    "an open quote": lambda: csv_of(row()) + b'\r\n"x',
    "too many rows": lambda: csv_of(*[row()] * (MAX_ROWS + 1)),
    "too many columns": lambda: csv_of(row()) + b"\r\n" + b"," * 60 + b"x",
    "a long cell": lambda: csv_of(row(creditor="x" * 501)),
    "nothing": lambda: b"\n",
    "only a header": csv_of,
    "no header": lambda: b"1,2\r\n3,4",
    "a column twice": lambda: csv_of(row()).replace("债权人,".encode(), "本金,".encode(), 1),
    "a column missing": lambda: csv_of(row()).replace("本金".encode(), b"", 1),
}
# These are refused by the columns of a file of cases, so a file of payments is refused for its own.
OF_COLUMNS = {"a column twice", "a column missing"}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_broken_file_is_refused_in_the_readers_language(upload: Upload, name: str) -> None:
    answer, english = upload(HOSTILE[name]()), upload(HOSTILE[name](), language="en")
    assert (answer.status_code, answer.json()["code"]) == (422, "import-file-refused"), answer.content
    assert english.json()["code"] == "import-file-refused"
    for said, chinese in ((answer.json(), True), (english.json(), False)):
        # Titles of the template's columns are Chinese in both.
        words = re.sub("“[^”]*”|\"[^\"]*\"|" + "|".join(TITLES), "", said["title"] + said["detail"])
        assert bool(CHINESE.search(words)) == chinese, words
    as_payments = upload(HOSTILE[name](), sheet="payments")
    assert as_payments.json()["code"] == "import-file-refused", as_payments.content
    assert name in OF_COLUMNS or as_payments.json()["detail"] == answer.json()["detail"]
    assert not CaseImport.objects.exists()


def test_rows_and_cells_need_not_say_where_they_are() -> None:
    def without_places(name: str, content: bytes) -> bytes:
        return re.sub(rb'(<(?:row|c)) r="[A-Z0-9]+"', rb"\1", content) if name == SHEET else content

    # The cells of the template are all filled, so that what follows one stands in the next column.
    rows: list[list[object]] = [[f"{column}-{number}" for column in range(len(COLUMNS))] for number in range(MAX_ROWS)]
    full = xlsx_of(*rows)
    read = read_xlsx(repacked(full, without_places))
    assert len(read.rows) == MAX_ROWS + 1
    assert read == read_xlsx(full)


BOMBS = ("declares too much", "inflates out of proportion", "holds more than it declares", "too many entries", "millions of elements",
         "deep nesting", "entities", "entities in UTF-16")
# The peak of this program's own memory: getrusage would tell that of the process that began it, if it was higher.
READ = r"""
import json, re, sys, time
import django
django.setup()
from cases.importing.tables import Unreadable
from cases.importing.xlsx_files import read_xlsx

def peak_kib():
    return int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1])

for data in map(bytes.fromhex, json.load(sys.stdin)):
    before, began = peak_kib(), time.process_time()
    try:
        read_xlsx(data)
    except Unreadable:
        print(peak_kib() - before, time.process_time() - began)
"""
GROWTH_KIB, CPU_S = 16 * 1024, 5.0


def test_no_bomb_takes_more_memory_or_time_than_a_file_may(tmp_path: Path) -> None:
    """Threats T18; in a process of its own, whose peak is the reader's. A workbook may inflate to 32 MiB, and is read piece by piece."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "CUNZHENG_VAR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", READ], input=json.dumps([HOSTILE[name]().hex() for name in BOMBS]), cwd=ROOT, env=environment,
        capture_output=True, text=True, check=True)
    taken = dict(zip(BOMBS, done.stdout.splitlines(), strict=True))
    for name, said in taken.items():
        grown_kib, cpu_s = said.split()
        assert int(grown_kib) < GROWTH_KIB, name
        assert float(cpu_s) < CPU_S, name


def test_a_broken_bit_anywhere_in_a_workbook_never_gets_past_as_an_error_of_ours() -> None:
    """Every 7th byte, another value: a table, or a refusal; anything else would be an error of ours and fails here."""
    outcomes: set[type] = set()
    for place in range(0, len(BOOK), 7):
        data = bytearray(BOOK)
        data[place] ^= 0x55
        try:
            outcomes.add(type(read_xlsx(bytes(data))))
        except Unreadable as refused:
            outcomes.add(type(refused))
    assert {Table, Unreadable} <= outcomes <= {Table, Unreadable, TooLarge}


def test_limits_of_the_request_itself(upload: Upload, agencys_send: Send) -> None:
    assert upload(b"x" * (MAX_BYTES + 1)).json()["code"] == "import-too-large"
    assert upload(b"x", kind="text/plain").status_code == 415
    assert agencys_send("POST", "/cases/imports", {}).status_code == 403
    with translation.override("en"):
        assert "UTF-8" in upload(b"\0", language="en").json()["detail"]
