"""A QR code as one path of SVG, which a page draws inline: a scan opens the address, and shows nothing else.

Pure. What it does not do: read codes. The encoder is the one that django-allauth brings for authenticator apps; its own SVG has inline
styles and XML declarations, so the modules are drawn here.
Source: ISO/IEC 18004 (level M: a seventh of the code may be unreadable; a quiet zone of four modules).
"""
from dataclasses import dataclass

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

QUIET_ZONE = 4


@dataclass(frozen=True, slots=True)
class QrDrawing:
    """`path`: squares and runs of dark modules in a square of `side` units, the quiet zone included; `text` is what a scan reads."""

    text: str
    side: int
    path: str


def qr_code(text: str) -> QrDrawing:
    """Raises ValueError beyond 2,331 bytes."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_ZONE)
    code.add_data(text, optimize=0)  # one run of bytes, as every reader takes it
    code.make(fit=True)
    rows: list[list[bool]] = code.get_matrix()
    return QrDrawing(text, len(rows), "".join(_runs(y, row) for y, row in enumerate(rows)))


def _runs(y: int, row: list[bool]) -> str:
    """Dark modules that lie side by side are one rectangle.

    >>> _runs(2, [False, True, True, False, True])
    'M1 2h2v1h-2zM4 2h1v1h-1z'
    """
    runs, start = "", None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            runs += f"M{start} {y}h{x - start}v1h-{x - start}z"
            start = None
    return runs
