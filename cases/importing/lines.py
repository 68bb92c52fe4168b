"""The rows of a table under its header: cells as values by their columns, and every fault with its row and its column.

The same for each kind of sheet. Pure but for the translation.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from cases.importing.columns import Column, Wrong, by_word
from cases.importing.tables import Row, Table, Unreadable


@dataclass(frozen=True, slots=True, order=True)
class RowFault:
    """`row` as the spreadsheet numbers it; `column` is a title of `columns`, "" where it is the row as a whole."""

    row: int
    column: str
    detail: str


@dataclass(frozen=True, slots=True)
class Line:
    """`values` by the names of the columns, without those that are empty."""

    row: int
    values: dict[str, Any]


def read_lines(table: Table, columns: Sequence[Column]) -> tuple[list[Line], list[RowFault]]:
    """The rows without faults, and the faults of the others. Raises Unreadable when the header is not one of such a sheet."""
    headed = _header(table, columns)
    lines: list[Line] = []
    faults: list[RowFault] = []
    for number, row in table.rows[1:]:
        line, wrong = _line(number, row, headed)
        faults += wrong
        if not wrong:
            lines.append(line)
    return lines, faults


def _header(table: Table, columns: Sequence[Column]) -> list[Column | None]:
    if len(table.rows) < 2:
        raise Unreadable(_("文件中没有数据行；第一行为列名，其后为数据。"))
    titles, words = table.rows[0][1], by_word(columns)
    headed = [words.get(title) for title in titles]
    named = [column.name for column in headed if column is not None]
    if unknown := sum(bool(title) and column is None for title, column in zip(titles, headed, strict=True)):
        raise Unreadable(_("有 %(count)s 个列名无法识别；请使用模板中的列名。") % {"count": unknown})
    if len(set(named)) != len(named):
        raise Unreadable(_("列名重复。"))
    if missing := [column.title for column in columns if column.required and column.name not in named]:
        raise Unreadable(_("缺少必填列：%(columns)s") % {"columns": "、".join(missing)})
    return headed


def _line(number: int, row: Row, columns: list[Column | None]) -> tuple[Line, list[RowFault]]:
    values: dict[str, Any] = {}
    faults = []
    cells = dict(zip([column.name if column else "" for column in columns], (*row, *[""] * (len(columns) - len(row))), strict=False))
    if any(row[len(columns):]) or any(cell for column, cell in zip(columns, row, strict=False) if column is None):
        faults.append(RowFault(number, "", _("有内容在没有列名的列中")))
    for column in (column for column in columns if column is not None):
        if not (cell := cells[column.name]):
            if column.required:
                faults.append(RowFault(number, column.title, _("必填")))
            continue
        try:
            values[column.name] = column.read(cell)
        except Wrong as wrong:
            faults.append(RowFault(number, column.title, str(wrong)))
    return Line(number, values), faults
