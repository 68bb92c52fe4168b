"""CSV as Excel in China writes it: UTF-8 with or without a byte order mark, or GB18030. Source: RFC 4180, GB 18030-2022."""
import csv
import io

from django.utils.translation import gettext as _

from cases.importing.tables import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Row, Table, Unreadable


def read_csv(data: bytes) -> Table:
    """Raises Unreadable."""
    reader = csv.reader(io.StringIO(_decoded(data), newline=""), strict=True)
    found: list[tuple[int, Row]] = []
    try:
        for number, cells in enumerate(reader, 1):
            row = tuple(cell.strip() for cell in cells)
            if not any(row):
                continue
            if len(found) > MAX_ROWS:
                raise Unreadable(_("至多 2000 行；请分成几个文件。"))
            _require_small(number, row)
            found.append((number, row))
    except csv.Error:
        raise Unreadable(_("不是完整的 CSV：引号没有成对，或换行不规范。")) from None
    return Table("csv", tuple(found))


def _require_small(number: int, row: Row) -> None:
    if len(row) > MAX_COLUMNS:
        raise Unreadable(_("第 %(row)s 行超过 60 列。") % {"row": number})
    if any(len(cell) > MAX_CELL for cell in row):
        raise Unreadable(_("第 %(row)s 行有单元格超过 500 字。") % {"row": number})


def _decoded(data: bytes) -> str:
    # GB18030 takes nearly any bytes for text, so UTF-8 is asked first, and a zero byte says that it is neither.
    if b"\0" not in data:
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                continue
    raise Unreadable(_("既不是 CSV（UTF-8 或 GB18030）也不是 XLSX 文件。"))
