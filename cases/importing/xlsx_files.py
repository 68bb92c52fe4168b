"""XLSX within bounds: what is inside is measured and parsed once by ourselves before openpyxl sees it.

What a workbook may do to a reader, and what stops it here: a zip that declares or inflates too much (declared sizes, sizes while inflating,
their ratio, the number of entries); XML entities (any DOCTYPE is refused, in whatever encoding); millions of elements; a cell in the last
row of an empty sheet, for which a reader may make a billion cells. Formulas are never computed: what the program that saved the file had
last shown is read. What it does not do: macros, encrypted workbooks, the older XLS.
Source: ECMA-376 (SpreadsheetML); PKWARE APPNOTE.
"""
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from xml.parsers import expat

from django.utils.translation import gettext as _

from cases.importing.tables import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Row, Table, TooLarge, Unreadable

MAX_ENTRIES, MAX_INFLATED_BYTES, MAX_RATIO, MAX_ELEMENTS, MAX_DEPTH = 200, 32 * 1024**2, 200, 600_000, 60
# A small entry may be all alike: its ratio is judged once it is large enough to matter.
RATIO_FROM_BYTES, CHUNK_BYTES = 1024**2, 64 * 1024
CELL = re.compile(r"([A-Za-z]{1,3})[0-9]{1,7}", re.ASCII)
ROW = re.compile(r"[0-9]{1,7}", re.ASCII)
# What zipfile and zlib raise on bytes that somebody made: NotImplementedError of a way to compress, RuntimeError of a password.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError, OverflowError)


def read_xlsx(data: bytes, *, rows: int = MAX_ROWS + 1, columns: int = MAX_COLUMNS, whole: bool = True) -> Table:
    """The first sheet, so many rows and columns of it, the header among the rows. Raises Unreadable.

    `whole`: a sheet that goes beyond them, or has a longer cell than an import takes, is refused. Otherwise it is read as far as that.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            beyond = _inspect(archive, rows, columns)
    except BROKEN:
        raise Unreadable(_broken()) from None
    if beyond and whole:
        raise TooLarge(_("内容超出 2000 行或 60 列；请分成几个文件，并删去表格之外的内容。"))
    sheets, found = _rows(data, rows, columns)
    return Table("xlsx", tuple(_texts(found, whole=whole)), sheets, beyond)


def _inspect(archive: zipfile.ZipFile, rows: int, columns: int) -> bool:
    """Whether a sheet has content outside the bounds."""
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES or len({entry.filename for entry in entries}) != len(entries):
        raise TooLarge(_too_large())
    if sum(entry.file_size for entry in entries) > MAX_INFLATED_BYTES:
        raise TooLarge(_too_large())
    inflated, elements, beyond = 0, 0, False
    for entry in entries:
        parser = _Parser(entry.filename, rows, columns)
        size = 0
        with archive.open(entry) as stream:
            # zipfile ends an entry at its declared size and then compares its CRC, so one that holds more than it declares is broken.
            while chunk := stream.read(CHUNK_BYTES):
                size += len(chunk)
                inflated += len(chunk)
                if inflated > MAX_INFLATED_BYTES or (size > RATIO_FROM_BYTES and size > MAX_RATIO * max(entry.compress_size, 1)):
                    raise TooLarge(_too_large())
                parser.feed(chunk)
                if elements + parser.elements > MAX_ELEMENTS:
                    raise TooLarge(_too_large())
        parser.end()
        elements += parser.elements
        beyond |= parser.beyond
    return beyond


class _Parser:
    """Looks into one entry, if it is XML: no DOCTYPE, bounded depth. `beyond`: content lies outside the bounds of a table."""

    def __init__(self, name: str, rows: int, columns: int) -> None:
        self.elements = self.depth = 0
        self.beyond = False
        self._rows, self._columns = rows, columns
        self._sheet = name.startswith("xl/worksheets/")
        self._row = self._column = 0
        self._expat = expat.ParserCreate() if name.lower().endswith((".xml", ".rels", ".vml")) else None
        if self._expat is not None:
            self._expat.StartDoctypeDeclHandler = self._doctype
            self._expat.StartElementHandler = self._start
            self._expat.EndElementHandler = self._end

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        if self._expat is not None:
            try:
                self._expat.Parse(chunk, last)
            except (expat.ExpatError, LookupError):
                raise Unreadable(_broken()) from None

    def end(self) -> None:
        self.feed(b"", last=True)

    def _doctype(self, *_declared: object) -> None:
        raise Unreadable(_("文件中的 XML 含有 DOCTYPE 声明，不予读取。"))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooLarge(_too_large())
        if self._sheet:
            local = name.rpartition(":")[2]
            # A row or a cell need not say where it is: then it follows the one before. The reader counts like this, too, and what it
            # would leave out without a word, beyond its last row or column or in a row that comes again, must be found here.
            if local == "row":
                self._row, self._column = _row_number(attributes.get("r"), self._row), 0
            elif local == "c":
                self._column = _column_number(attributes.get("r"), self._column)
            elif local in ("v", "is"):
                self.beyond |= self._column > self._columns or self._row > self._rows

    def _end(self, _name: str) -> None:
        self.depth -= 1


def _row_number(said: str | None, before: int) -> int:
    """The row that an element says it is; the one after `before` when it says nothing. Raises Unreadable."""
    if said is None:
        return before + 1
    if not ROW.fullmatch(said) or int(said) <= before:
        raise Unreadable(_broken())
    return int(said)


def _column_number(said: str | None, before: int) -> int:
    """The column of a cell's reference, 1 for A; the one after `before` when it has none. Raises Unreadable."""
    if not said:
        return before + 1
    found = CELL.fullmatch(said)
    if found is None:
        raise Unreadable(_broken())
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return column


def _rows(data: bytes, rows: int, columns: int) -> tuple[int, list[tuple[int, tuple[object, ...]]]]:
    """How many sheets there are, and the rows of the first that have content, with their numbers."""
    # It loads numpy and pillow where they are installed, 19 MiB that a web process without workbooks does not need.
    import openpyxl  # noqa: PLC0415

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a sheet says of its own size is not believed
        values = enumerate(sheet.iter_rows(max_row=rows, max_col=columns, values_only=True), 1)
        return len(book.sheetnames), [(number, row) for number, row in values if any(each is not None for each in row)]
    except MemoryError:
        raise TooLarge(_too_large()) from None
    except Exception:  # noqa: BLE001 - whatever its reader raises, on a file that somebody made, is the file's fault
        raise Unreadable(_broken()) from None


def _texts(found: list[tuple[int, tuple[object, ...]]], *, whole: bool) -> Iterator[tuple[int, Row]]:
    for number, values in found:
        row = tuple(_text(value) for value in values)
        if whole and any(len(cell) > MAX_CELL for cell in row):
            raise Unreadable(_("第 %(row)s 行有单元格超过 500 字。") % {"row": number})
        if any(row):
            yield number, row


def _text(value: object) -> str:
    """A cell as somebody would have typed it.

    >>> from datetime import datetime
    >>> [_text(each) for each in (0.145, 12000.0, datetime(2025, 3, 10), True, None, " 张三 ")]
    ['0.145', '12000', '2025-03-10', '是', '', '张三']
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        # The shortest decimal that is this float is what was typed: a sheet keeps 0.145 as 0.14499999999999999.
        exact = Decimal(repr(value))
        return f"{exact:f}".removesuffix(".0") if exact.is_finite() else ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()


def _too_large() -> str:
    return _("展开后过大，或压缩比异常；请另存为只含一张表的 XLSX，或 CSV。")


def _broken() -> str:
    return _("XLSX 文件已损坏或不完整；请用电子表格程序重新保存后再试。")
