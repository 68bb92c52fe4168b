"""The first sheet of a workbook, by the reader of imports, which measures what is inside before it is parsed. Unlike an import a view is
lenient: what is more than a view holds is left out, and said to be.
"""
import io
from collections.abc import Callable
from contextlib import suppress
from datetime import date

import openpyxl
from django.conf import settings

from cases.importing.tables import TooLarge, Unreadable
from cases.importing.xlsx_files import read_xlsx
from evidence.rendering import tables
from evidence.rendering.limits import MAX_COLUMNS
from evidence.rendering.parts import Cut, Ending, Part, Refused

SHEET_ROWS = 2**20
"""The rows of any sheet: those that are not shown are counted. Source: ECMA-376 names no bound; this is that of the common programs."""


def prepare() -> None:
    """Its reader says in words of the page what is wrong; here nobody reads them, and no language is loaded."""
    if not settings.configured:
        settings.configure(USE_I18N=False)
    tables.prepare()
    book, made = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["列", 1.5, date(2026, 11, 2), True])
    book.save(made)
    read_xlsx(made.getvalue())
    # Words load what they need when the first is said, and then no file may be opened any more.
    with suppress(Unreadable):
        read_xlsx(b"")


def draw(data: bytes, keep: Callable[[Part], None]) -> Ending:
    try:
        found = read_xlsx(data, rows=SHEET_ROWS, columns=MAX_COLUMNS, whole=False)
    except TooLarge:
        raise Refused("too-complex") from None
    except Unreadable:
        raise Refused("damaged") from None
    # A reader of sheets makes each row as wide as the widest may be.
    width = max((place for _, row in found.rows for place, cell in enumerate(row, 1) if cell), default=0)
    ending = tables.keep_table(((number, list(row[:width])) for number, row in found.rows), keep)
    if found.sheets > 1:
        return Ending(cut="sheets", total=found.sheets)
    cut: Cut = "rows" if found.beyond else ending.cut
    return Ending(cut=cut, total=ending.total)
