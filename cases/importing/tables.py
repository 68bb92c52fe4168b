"""A file as rows of text, whatever it is: CSV or XLSX, told by its first bytes and never by its name.

Bounds come first, since the file comes from anybody with a session or a key: bytes, rows, columns, length of a cell.
"""
from dataclasses import dataclass
from typing import Literal

MAX_BYTES, MAX_ROWS, MAX_COLUMNS, MAX_CELL = 4 * 1024**2, 2000, 60, 500

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` as in a spreadsheet, the first one the header, each with its number there; rows without content are left out.

    `sheets`: how many the file has, of which this is the first. `beyond`: cells lie outside the bounds and are not in `rows`.
    """

    format: Literal["csv", "xlsx"]
    rows: tuple[tuple[int, Row], ...]
    sheets: int = 1
    beyond: bool = False


class Unreadable(Exception):
    """The file cannot be read as a table within the bounds. The text is a translated sentence and quotes nothing of the file."""


class TooLarge(Unreadable):
    """The file may be sound, and asks for more than its reading may take."""
