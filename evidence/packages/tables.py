"""The two tables of a package, `catalogue.csv` (证据目录) and `exceptions.csv`, safe to open in a spreadsheet.

What it is for: titles and file names come from depositors, so every cell of theirs passes `common.cells`.

What it does not do: decide what is in the tables (`archive`).

Source: RFC 4180 (CRLF, quoting).
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

from common.cells import safe_cell


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One file of an exhibit, in the order of the table's columns; empty where a claim is withheld."""

    exhibit: int
    record: str
    title: str = ""
    kind: str = ""
    file: str = ""
    media_type: str = ""
    size_bytes: str = ""
    sha256: str = ""
    sm3: str = ""
    source: str = ""
    proves: str = ""
    pages: str = ""
    deposited_at: str = ""


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One absent thing; `record` is empty for what belongs to the package as a whole."""

    record: str
    item: str
    reason: str


def catalogue_csv(rows: Iterable[CatalogueRow]) -> bytes:
    """Return `catalogue.csv`; the byte order mark tells Excel that it is UTF-8."""
    return "\ufeff".encode() + _table(CatalogueRow.__slots__, (tuple(safe_cell(str(cell)) for cell in astuple(row)) for row in rows))


def exceptions_csv(rows: Iterable[ExceptionRow]) -> bytes:
    """Return `exceptions.csv`; items are claim names and member paths, which begin with a letter."""
    return _table(ExceptionRow.__slots__, (astuple(row) for row in rows))


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()
