"""Exports of messages and of repayments as CSV (短信、聊天、还款流水的导出): what cannot be read in them, row by row. Pure.

As Excel and gateways in China write them: UTF-8 with or without a byte order mark, or GB18030, of which GBK is a part. An export is
evidence as it came: nothing of it is changed, completed or thrown away, and one with faults is deposited as it is, by a person who has
seen them or by a machine, which reads them in its answer. The one rule of both doors and of the record's page (docs/adr/0025).

What it does not do: interpret columns, draw the table (the renderings do), or say a fault in words (`evidence.export_words`): the
confined process that draws a file judges it by this, and knows no language.
Source: RFC 4180; GB 18030-2022.
"""
import csv
import io
from typing import Final, Literal, NamedTuple

MOST_BYTES = 8 * 1024 * 1024
"""Beyond it an export is deposited unread: the check is a help to who deposits, and no gate."""
LISTED = 20
What = Literal["no-text", "no-content", "no-rows", "quote", "too-long", "columns", "lost"]
WHATS: Final[tuple[What, ...]] = ("no-text", "no-content", "no-rows", "quote", "too-long", "columns", "lost")
LONGEST_CELL = 131_072
"""What the reader of CSV takes by itself."""
KINDS = frozenset({"sms", "instant_message", "repayment_ledger"})
SUFFIXES = (".csv",)


class RowFault(NamedTuple):
    """`row` counts as a spreadsheet does, the heading being row 1 and a cell of several lines one row; 0 is the file as a whole.

    `found` of `wanted` columns.
    """

    row: int
    what: What
    found: int = 0
    wanted: int = 0


class Examined(NamedTuple):
    """`encoding` is "" where the bytes are no text; `rows` without the heading. At most LISTED faults are told of `total`."""

    encoding: str
    rows: int
    faults: tuple[RowFault, ...]
    total: int


def is_export(kind: str, name: str) -> bool:
    """Whether a file of this kind of record is one that is looked into."""
    return kind in KINDS and name.lower().endswith(SUFFIXES)


def examine_export(data: bytes) -> Examined:
    """What of the export cannot be read."""
    text, encoding = _decoded(data)
    if text is None:
        return _of_whole("", "no-text")
    if not text.strip():
        return _of_whole(encoding, "no-content")
    faults: list[RowFault] = []
    heading, rows, row = 0, 0, 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    while True:
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as wrong:
            # What follows an unclosed quote cannot be told apart from it, nor from a cell without an end: the rows after are not counted.
            faults.append(RowFault(row, "too-long" if "field limit" in str(wrong) else "quote"))
            break
        if not any(cell.strip() for cell in cells):
            continue
        if heading == 0:
            heading = len(cells)
            continue
        rows += 1
        if len(cells) != heading:
            faults.append(RowFault(row, "columns", len(cells), heading))
        elif any("\ufffd" in cell for cell in cells):
            faults.append(RowFault(row, "lost"))
    if rows == 0 and not faults:
        return _of_whole(encoding, "no-rows")
    return Examined(encoding, rows, tuple(faults[:LISTED]), len(faults))


def delimiter_of(text: str) -> str:
    """What parts the cells: of comma, tab and semicolon the one that the heading has most of; a comma where it has none."""
    heading = text.lstrip()[:10_000].partition("\n")[0]
    return max(",\t;", key=heading.count)


def _of_whole(encoding: str, what: What) -> Examined:
    return Examined(encoding, 0, (RowFault(0, what),), 1)


def _decoded(data: bytes) -> tuple[str | None, str]:
    # GB18030 takes nearly any bytes for text, so UTF-8 is asked first, and a zero byte says that it is neither.
    if b"\0" not in data:
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return data.decode(encoding), "utf-8" if encoding == "utf-8-sig" else encoding
            except UnicodeDecodeError:
                continue
    return None, ""
