"""Tables: exports of SMS, chats and ledgers as CSV, JSON or XLSX. Unlike an import of cases a view is lenient: a row that cannot be
read is shown as such, with its number, and those around it as they are. Beside a CSV stands what the doors say of it at a deposit.

Source: RFC 4180, RFC 8259; `cases.importing.xlsx_files` for workbooks.
"""
import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from types import MappingProxyType
from typing import Any

from evidence.csv_exports import LONGEST_CELL, MOST_BYTES, delimiter_of, examine_export
from evidence.rendering.limits import MAX_CELL, MAX_COLUMNS, MAX_ROWS, MAX_TABLE_TEXT
from evidence.rendering.parts import Cut, Ending, Part, Refused, document
from evidence.rendering.texts import decoded, shown
from evidence.rendering.texts import draw as draw_text
from evidence.rendering.texts import prepare as prepare_texts

Row = tuple[int, list[str] | None]
NUMBER = re.compile(r"[-+]?[0-9.,]+")


def prepare() -> None:
    prepare_texts()
    list(csv.reader(["a,b"]))
    csv.field_size_limit(10 * MAX_CELL)


def draw(data: bytes, keep: Callable[[Part], None]) -> Ending:
    """A file that begins as JSON is read as JSON, or shown as text when it is none or no list of things that are alike."""
    text = decoded(data)
    if text.lstrip()[:1] in ("[", "{"):
        rows, besides = _rows_of_json(text)
        if rows is None:
            return draw_text(data, keep)
        ending = keep_table(iter(rows), keep)
        return Ending(cut="parts", total=ending.total) if besides else ending
    return keep_table(_rows_of_csv(text), keep, _judged(data))


def _judged(data: bytes) -> dict[str, Any]:
    """What whoever deposited it was told, as members of the document; nothing of a file that the doors do not look into."""
    if len(data) > MOST_BYTES:
        return {}
    ours = csv.field_size_limit(LONGEST_CELL)
    examined = examine_export(data)
    csv.field_size_limit(ours)
    return {"faults": examined.faults, "total": examined.total}


def keep_table(rows: Iterator[Row], keep: Callable[[Part], None], judged: Mapping[str, Any] = MappingProxyType({})) -> Ending:
    """The first rows as a table, and how many there are in all."""
    kept: list[Row] = []
    cut: Cut = ""
    total = letters = 0
    for number, cells in rows:
        total += 1
        if len(kept) > MAX_ROWS or letters > MAX_TABLE_TEXT:
            cut = "rows"
            continue
        if cells is not None and (len(cells) > MAX_COLUMNS or any(len(cell) > MAX_CELL for cell in cells)):
            cut = "rows"
        kept.append((number, None if cells is None else [shown(cell)[:MAX_CELL] for cell in cells[:MAX_COLUMNS]]))
        letters += sum(len(cell) for cell in kept[-1][1] or ())
    if not kept:
        raise Refused("empty")
    keep(document({"kind": "table", "rows": kept, "headed": _headed(kept), **judged}))
    return Ending(cut=cut, total=total)


def _headed(rows: list[Row]) -> bool:
    """Whether the first row names the columns: more rows follow, and each of its cells says something that is no number."""
    first = rows[0][1]
    return len(rows) > 1 and bool(first) and all(cell and not NUMBER.fullmatch(cell) for cell in first or ())


def _rows_of_csv(text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    for number in count(1):  # rows, not lines: as the faults beside them count, and as a spreadsheet does
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            yield number, None
            continue
        if any(cells):
            yield number, cells


def _rows_of_json(text: str) -> tuple[list[Row] | None, bool]:
    """None when it is no JSON, or none that is a list of objects; and whether something stands beside the list."""
    besides = False
    try:
        told = json.loads(text)
    except ValueError:
        return _rows_of_lines(text), besides
    if isinstance(told, dict):
        lists = [value for value in told.values() if isinstance(value, list)]
        besides = len(told) > 1
        told = lists[0] if len(lists) == 1 else None
    return (_rows_of_objects(told) if isinstance(told, list) and told else None), besides


def _rows_of_lines(text: str) -> list[Row] | None:
    """One object on each line, as chat exports are written."""
    found: list[Any] = []
    for line in text.splitlines():
        try:
            found += [json.loads(line)] if line.strip() else []
        except ValueError:
            return None
    return _rows_of_objects(found) if found else None


def _rows_of_objects(found: list[Any]) -> list[Row] | None:
    if not all(isinstance(each, dict) for each in found):
        return None
    # One more than is shown, so that whoever cuts the table sees that there are more.
    columns = list(dict.fromkeys(key for each in found for key in each))[:MAX_COLUMNS + 1]
    head: Row = (0, columns)
    return [head, *((number, [_cell(each.get(column)) for column in columns]) for number, each in enumerate(found, 1))]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
